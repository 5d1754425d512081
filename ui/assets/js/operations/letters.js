// What could not be stored: look at it, mend it, send it again, give it up.
import { ask } from "../calling.js";
import { createTyped } from "../typed.js";
import { Files } from "./files.js";

const PLACE = "dead-letters";
const PAGE = 50;
const PAGE_MAX = 200;
const LOOK_MS = 500;
const LOOKS = 30;
const SENT_SHOWN = 5;

export const Letters = {
  components: { Files },
  inject: ["desk"],
  emits: ["changed"],
  data: () => ({ rows: null, before: null, total: 0, kinds: {}, kind: "", opened: null, text: "", busy: false, dropping: false, problem: "", told: "", sent: [], PLACE }),
  template: `
    <section aria-labelledby="letters-title">
      <header><h2 id="letters-title" tabindex="-1" ref="title">{{ desk.t("operations.tab.letters") }}</h2>
        <label v-if="total" class="inline"><span>{{ desk.t("operations.letters.reason") }}</span><select v-model="kind" @change="pick" data-testid="kind"><option value="">{{ desk.t("operations.letters.all", { n: desk.number(total) }) }}</option><option v-for="(n, k) in kinds" :key="k" :value="k">{{ desk.word("why", k) }} ({{ desk.number(n) }})</option></select></label>
        <button v-if="kind && kinds[kind]" type="button" class="button" :disabled="busy" @click="sendAll" data-testid="send-all">{{ desk.t("operations.letters.sendAll", { n: desk.number(kinds[kind]) }) }}</button><Files v-if="total" :place="PLACE" :title="desk.t('operations.tab.letters')" :query="{ kind }" /></header>
      <p class="quiet">{{ desk.t("operations.letters.about") }}</p>
      <div role="status" class="told"><p v-if="told" data-testid="told">{{ told }}</p><p v-for="s in sent" :key="s.entry" :class="s.state" data-testid="sent">{{ desk.time(s.at) }}: {{ desk.t("operations.letters.sent." + s.state) }}</p></div>
      <p v-if="problem && !opened" class="problem" role="alert">{{ problem }}</p>
      <p v-if="rows && !rows.length" class="empty quiet" data-testid="empty">{{ desk.t("operations.letters.none") }}</p>
      <ul v-if="rows?.length" class="plain letters">
        <li v-for="l in rows" :key="l.id" :class="{ open: opened?.letter.id === l.id }" data-testid="letter">
          <button type="button" class="letter" :aria-expanded="String(opened?.letter.id === l.id)" @click="open(l)"><time>{{ desk.time(l.buried_at) }}</time><strong>{{ desk.reason(l.reason) }}</strong><span class="quiet">{{ desk.t("operations.letters.bytes", { n: desk.number(l.payload_bytes) }) }}<template v-if="l.deliveries > 1"> · {{ desk.t("operations.letters.deliveries", { n: desk.number(l.deliveries) }) }}</template></span><span v-if="l.fixed" class="mark">{{ desk.t("operations.letters.fixed") }}</span></button>
          <form v-if="opened?.letter.id === l.id" class="opened" @submit.prevent="fix">
            <p data-testid="wrong">{{ wrong }}</p>
            <label><span>{{ desk.t("operations.letters.payload") }}</span><textarea :value="text" @input="typed($event.target.value)" spellcheck="false" autocomplete="off" :rows="lines" :aria-invalid="String(Boolean(problem))" data-testid="payload"></textarea></label>
            <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
            <p v-if="dropping" class="row"><span>{{ desk.t("operations.letters.dropSure") }}</span><button type="button" class="button danger" :disabled="busy" @click="drop" data-testid="drop-yes">{{ desk.t("operations.letters.dropYes") }}</button><button type="button" class="button" @click="dropping = false" ref="keep">{{ desk.t("operations.letters.keep") }}</button></p>
            <p v-else class="row">
              <button class="button primary" :disabled="busy || !changed" data-testid="fix">{{ desk.t("operations.letters.fix") }}</button>
              <button type="button" class="button" :disabled="busy || changed" @click="send(l.id)" data-testid="send">{{ desk.t("operations.letters.send") }}</button>
              <button v-if="changed" type="button" class="text-button" @click="untype">{{ desk.t("operations.letters.undo") }}</button>
              <span class="spring"></span><button type="button" class="button danger" :disabled="busy" @click="sure" data-testid="drop">{{ desk.t("operations.letters.drop") }}</button>
            </p>
          </form>
        </li>
      </ul>
      <button v-if="before && rows.length" type="button" class="button" :disabled="busy" @click="older">{{ desk.t("operations.more") }}</button>
    </section>`,
  computed: {
    changed() {
      return this.text !== this.opened.pretty;
    },
    lines() {
      return Math.min(24, Math.max(4, this.text.split("\n").length + 1));
    },
    // What is wrong now, if it is something else than before, and what to do about it. A payload that
    // can be read was refused by PostgreSQL, or by an older worker.
    wrong() {
      const { problem, letter } = this.opened;
      const { t, reason } = this.desk;
      if (!problem) return t("operations.letters.readable");
      const now = reason([problem.code, problem.field].filter(Boolean).join(" "));
      return t("operations.letters.unreadable", { now: now === reason(letter.reason) ? "" : now }).trim();
    },
  },
  async mounted() {
    await this.refresh().catch((error) => (this.problem = this.desk.said(error)));
  },
  beforeUnmount() {
    this.ended = true;
  },
  methods: {
    // As many as are on the screen, so that nothing disappears while somebody reads.
    async refresh() {
      if (this.busy) return;
      const kind = this.kind;
      const limit = Math.min(PAGE_MAX, Math.max(PAGE, this.rows?.length ?? 0));
      const page = await ask("GET", PLACE, { query: { kind, limit } });
      if (kind === this.kind && !this.busy) await this.show(page);
    },
    async show({ letters, before, total, kinds }) {
      Object.assign(this, { rows: letters, before, total, kinds });
      if (this.kind && !kinds[this.kind]) {
        this.kind = "";
        await this.refresh();
      }
      const id = this.opened?.letter.id;
      if (id && !this.rows.some((l) => l.id === id) && (!this.before || later(id, this.before))) {
        this.close();
        this.told = this.desk.t("operations.letters.gone");
      }
    },
    async pick() {
      this.close();
      this.rows = null;
      await this.acting(() => {});
    },
    async older() {
      await this.acting(async () => {
        const page = await ask("GET", PLACE, { query: { kind: this.kind, before: this.before, limit: PAGE } });
        this.rows.push(...page.letters);
        this.before = page.before;
      }, false);
    },
    close() {
      Object.assign(this, { opened: null, problem: "", dropping: false });
    },
    typed(text) {
      this.text = text;
      createTyped(`letter-${this.opened.letter.id}`).keep(text);
    },
    untype() {
      this.text = this.opened.pretty;
      this.forget();
    },
    forget() {
      createTyped(`letter-${this.opened.letter.id}`).forget();
    },
    async open(letter) {
      const same = this.opened?.letter.id === letter.id;
      this.close();
      if (same) return;
      await this.acting(async () => {
        this.opened = await ask("GET", `${PLACE}/${letter.id}`);
        this.text = createTyped(`letter-${letter.id}`).text() ?? this.opened.pretty;
      }, false);
    },
    // The mended letter has another id; when only the sending fails it stays, mended, in the list.
    async fix() {
      await this.acting(async () => {
        const fixed = await ask("PUT", `${PLACE}/${this.opened.letter.id}`, { body: { payload: this.text } });
        this.forget();
        Object.assign(this, { opened: fixed, text: fixed.pretty });
        await this.redrive(fixed.letter.id);
      });
    },
    async send(id) {
      await this.acting(() => this.redrive(id));
    },
    async redrive(id) {
      const { entries } = await ask("POST", `${PLACE}/${id}/redrive`);
      this.close();
      for (const entry of Object.values(entries)) this.follow(entry);
    },
    async sendAll() {
      await this.acting(async () => {
        this.close();
        const { redriven } = await ask("POST", `${PLACE}/redrive`, { body: { kind: this.kind } });
        this.told = this.desk.t("operations.letters.sentAll", { n: this.desk.number(redriven) });
      });
    },
    async sure() {
      this.dropping = true;
      await this.$nextTick();
      this.$refs.keep?.[0]?.focus();
    },
    async drop() {
      await this.acting(async () => {
        await ask("POST", `${PLACE}/${this.opened.letter.id}/drop`);
        this.forget();
        this.close();
        this.told = this.desk.t("operations.letters.dropped");
      });
    },
    // One action at a time; after it the list is read again, whether or not it succeeded.
    async acting(action, changes = true) {
      if (this.busy) return;
      Object.assign(this, { busy: true, problem: "", told: "" });
      let problem = "";
      try {
        await action();
      } catch (error) {
        problem = error.status === 404 ? this.desk.t("operations.letters.gone") : this.desk.said(error);
        changes ||= error.status === 404;
      }
      this.busy = false;
      if (changes) await this.refresh().catch((error) => (problem ||= this.desk.said(error)));
      this.problem = problem;
      if (changes && !this.opened) this.$refs.title?.focus({ preventScroll: true });
      if (changes) this.$emit("changed");
    },
    // What became of what was sent: asked until it is known, or until nobody seems to be there.
    async follow(entry) {
      this.sent = [{ entry, at: Date.now(), state: "waiting" }, ...this.sent].slice(0, SENT_SHOWN);
      const say = (state) => this.sent.filter((s) => s.entry === entry).forEach((s) => (s.state = state));
      for (let look = 0; look < LOOKS && !this.ended; look += 1) {
        const found = await ask("GET", `${PLACE}/entries/${entry}`).catch((error) => ({ outcome: error.status === 404 ? "unknown" : "waiting" }));
        if (found.outcome !== "waiting") {
          say(found.outcome);
          return void (await this.refresh().catch(() => {}));
        }
        await new Promise((done) => setTimeout(done, LOOK_MS));
      }
      say("late");
    },
  },
};

function later(one, other) {
  const [a, b] = [one, other].map((id) => id.split("-").map(Number));
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}
