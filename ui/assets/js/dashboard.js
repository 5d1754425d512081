// A shared dashboard: what its link shows, for whoever has the link, read only. The token is behind the
// # of the address, which browsers keep to themselves: it is in no log and in no Referer.
import Figure from "./analytics/figure.js";
import { FIGURES } from "./analytics/figures.js";
import { asOf, countedThrough, fetchShared, readShared } from "./analytics/reading.js";
import { LegalFoot } from "./legal.js";
import { createWords } from "./analytics/words.js";
import { socketOfPage } from "./socket.js";

const AGAIN_MS = 60_000;
const TOKEN_MAX = 200;

export default {
  components: { Figure, LegalFoot },
  props: { catalogue: String, texts: String, language: String, zone: String },
  template: `
    <div class="analytics dashboard">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="w.t('brand.home')">NEST</a>
        <h1>{{ shared?.name ?? w.t("dashboard.title") }}</h1>
        <span class="spring"></span>
        <p v-if="shared" class="quiet" role="status">{{ busy ? w.t("analytics.loading") : through }}</p>
      </header>
      <template v-if="shared">
        <p class="about" data-testid="dashboard-about">{{ about }} <span class="quiet">{{ w.t("dashboard.until", { time: w.minute(shared.expires_at) }) }}</span></p>
        <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
        <main :aria-busy="String(busy)">
          <Figure v-for="f in shown" :key="f.name" :name="f.name" :title="w.t('analytics.' + f.name)" :note="f.note ? w.t('analytics.' + f.note) : ''" :wide="f.wide" :files="files(f)" :w="w">
            <component :is="f.shows" :found="shared.figures[f.name]" :w="w" />
          </Figure>
        </main>
      </template>
      <main v-else class="alone" data-testid="dashboard-message">
        <h2>{{ w.t("dashboard." + state + ".title") }}</h2>
        <p>{{ w.t("dashboard." + state + ".text") }}</p>
        <p v-if="state !== 'loading'" class="actions">
          <button v-if="state === 'failed'" type="button" class="button primary" @click="load">{{ w.t("analytics.again") }}</button>
          <a class="button" href="/">{{ w.t("page.home") }}</a>
        </p>
      </main>
      <LegalFoot :t="w.t" />
    </div>`,
  data: () => ({ shared: null, state: "loading", busy: false, problem: "" }),
  computed: {
    w() {
      const { catalogue, texts } = this.parsed;
      return createWords({ catalogue, texts, language: this.language, zone: this.range?.zone ?? this.zone });
    },
    parsed() {
      return { catalogue: JSON.parse(this.catalogue), texts: JSON.parse(this.texts) };
    },
    shown() {
      return FIGURES.filter((figure) => this.shared.figures[figure.name]);
    },
    first() {
      return Object.values(this.shared?.figures ?? {})[0] ?? null;
    },
    range() {
      return this.first?.range ?? null;
    },
    about() {
      if (!this.range) return "";
      const { start, end, zone } = this.range;
      const span = { from: this.w.minute(start), to: this.w.minute(end), zone };
      return this.w.t(start ? "dashboard.range" : "dashboard.always", span);
    },
    through() {
      const answers = Object.values(this.shared?.figures ?? {});
      const said = (what, ms) => (Number.isFinite(ms) ? [this.w.t(`analytics.${what}`, { time: this.w.time(ms), zone: this.range.zone })] : []);
      return [...said("asOf", asOf(answers)), ...said("through", countedThrough(answers))].join(" · ");
    },
  },
  mounted() {
    socketOfPage();
    window.addEventListener("hashchange", this.begin);
    this.again = setInterval(() => this.shared && !document.hidden && this.load(), AGAIN_MS);
    this.begin();
  },
  beforeUnmount() {
    window.removeEventListener("hashchange", this.begin);
    clearInterval(this.again);
    this.reading?.abort();
  },
  methods: {
    begin() {
      Object.assign(this, { shared: null, state: "loading", problem: "" });
      return this.load();
    },
    async load() {
      const token = this.token();
      if (!token) {
        this.state = "gone";
        return;
      }
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      this.busy = true;
      try {
        this.shared = await readShared(token, reading.signal);
        this.problem = "";
      } catch (error) {
        if (reading.signal.aborted) return;
        this.failed(error);
      }
      this.busy = false;
    },
    // The token goes into a header, so a link cannot fetch it.
    files({ name }) {
      return ["xlsx", "csv"].map((form) => ({ form, fetch: () => this.save(name, form) }));
    },
    async save(name, form) {
      try {
        await fetchShared(this.token(), name, { format: form, lang: this.language });
        this.problem = "";
      } catch (error) {
        this.failed(error);
      }
    },
    token() {
      const token = window.location.hash.slice(1);
      return token.length <= TOKEN_MAX && /^[\w-]+$/.test(token) ? token : "";
    },
    // What is shown stays when only the connection was lost; it goes when the link has ended.
    failed(error) {
      if (error.status === 401) Object.assign(this, { shared: null, state: "gone" });
      else if (this.shared) this.problem = this.w.t("dashboard.old");
      else this.state = "failed";
    },
  },
};
