// The form of an inquiry, its confirmation, and the trace that it leaves on the page.
import { inDays } from "../format.js";

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

// When an inquiry was sent and under which reference, after a reload too.
export const Sent = {
  inject: ["screen"],
  template: `
    <p class="notice sent" v-if="newest" data-testid="inquiry-sent"><strong>{{ screen.t("inquiry.sent", { when, reference: newest.reference }) }}</strong>
      {{ screen.t(newest.version === screen.room.version ? "inquiry.sentSame" : "inquiry.sentChanged", { sum: screen.euro(newest.total_cents) }) }}</p>`,
  computed: {
    newest() {
      return this.screen.inquiry.state.sent[0] ?? null;
    },
    when() {
      return inDays(Date.parse(this.newest.at), this.screen.ui.language);
    },
  },
};

export const Inquiry = {
  components: { Sent },
  inject: ["screen"],
  data() {
    const { version, totalCents } = this.screen.room;
    return { done: null, missing: {}, opened: { version, totalCents } };
  },
  template: `
    <div v-if="done" class="confirmation" ref="done" tabindex="-1" role="status">
      <p class="big">{{ screen.t("inquiry.done", { name: done.name }) }}</p>
      <dl class="facts">
        <div><dt>{{ screen.t("inquiry.reference") }}</dt><dd><strong data-testid="inquiry-reference">{{ done.reference }}</strong></dd></div>
        <div><dt>{{ screen.t("inquiry.sum") }}</dt><dd>{{ screen.euro(done.total_cents) }}</dd></div>
      </dl>
      <p>{{ screen.t("inquiry.next", { email: done.email }) }}</p>
      <button type="button" class="button primary" @click="screen.close()">{{ screen.t("inquiry.back") }}</button>
    </div>
    <form v-else novalidate @submit.prevent="submit" @input="screen.inquiry.keep()" class="form">
      <Sent />
      <p v-if="draft.sent.length">{{ screen.t("inquiry.another") }}</p>
      <p>{{ screen.t("inquiry.explain", { total: screen.euro(screen.room.derived.price.total_cents) }) }}</p>
      <p v-if="waiting || offline" class="hint" role="status">{{ screen.t(waiting ? "inquiry.unsaved" : "inquiry.offline") }}</p>
      <div class="field"><label for="inquiry-name">{{ screen.t("inquiry.name") }}</label>
        <input id="inquiry-name" v-model="draft.name" autofocus autocomplete="name" maxlength="120" :aria-invalid="missing.name ? 'true' : null" :aria-describedby="missing.name ? 'missing-name' : null" />
        <span v-if="missing.name" id="missing-name" class="problem">{{ screen.t("inquiry.needName") }}</span></div>
      <div class="field"><label for="inquiry-email">{{ screen.t("inquiry.email") }}</label>
        <input id="inquiry-email" v-model="draft.email" type="email" autocomplete="email" maxlength="254" :aria-invalid="missing.email ? 'true' : null" :aria-describedby="missing.email ? 'missing-email' : null" />
        <span v-if="missing.email" id="missing-email" class="problem">{{ screen.t("inquiry.needEmail") }}</span></div>
      <div class="field"><label for="inquiry-message">{{ screen.t("inquiry.message") }} <span class="quiet">{{ screen.t("optional") }}</span></label>
        <textarea id="inquiry-message" v-model="draft.message" rows="3" maxlength="2000"></textarea></div>
      <label class="check"><input type="checkbox" v-model="draft.consent" id="inquiry-consent" :aria-invalid="missing.consent ? 'true' : null" :aria-describedby="missing.consent ? 'missing-consent' : null" /><span>{{ screen.t("inquiry.consent") }}</span></label>
      <span v-if="missing.consent" id="missing-consent" class="problem">{{ screen.t("inquiry.needConsent") }}</span>
      <p class="hint"><a href="/privacy" target="_blank">{{ screen.t("inquiry.privacy") }}</a></p>
      <div role="status"><p v-if="changed" class="notice" data-testid="inquiry-changed">{{ changed }}</p></div>
      <p v-if="draft.problem" class="problem" role="alert">{{ problem }}</p>
      <button type="submit" class="button primary wide" :disabled="draft.sending || waiting">{{ screen.t(draft.sending ? "inquiry.sending" : "inquiry.send") }}</button>
      <p v-if="screen.inquiry.written()" class="hint">{{ screen.t("inquiry.kept") }} <button type="button" class="text-button" @click="discard">{{ screen.t("inquiry.discard") }}</button></p>
    </form>`,
  computed: {
    draft() {
      return this.screen.inquiry.state;
    },
    // The inquiry waits for choices that were made before the press.
    waiting() {
      return this.screen.status.value.count > 0;
    },
    offline() {
      return this.screen.status.value.name === "offline";
    },
    // The page behind the dialog says it, too, but nobody sees that here: what is sent is another house
    // than the one that was there when the dialog was opened.
    changed() {
      const { restored, changes, totalCents, version } = this.screen.room;
      const others = changes.some((each) => !each.mine && each.version > this.opened.version && each.changes.length);
      const key = restored ? "inquiry.restored" : "inquiry.changed";
      if (!restored && !others && (version === this.opened.version || totalCents === this.opened.totalCents)) return "";
      return this.screen.t(key, { total: this.screen.euro(totalCents) });
    },
    problem() {
      const { code, said } = this.draft.problem;
      const arrived = code === "inquiry_id_reused" && this.draft.sent[0];
      if (arrived) return this.screen.t("inquiry.arrived", { reference: arrived.reference });
      return this.screen.say(said) || this.screen.t("inquiry.failed");
    },
  },
  mounted() {
    this.screen.track("inquiry", "inquiry", { elementId: "opened" });
  },
  methods: {
    async submit() {
      const { name, email, consent } = this.draft;
      this.missing = { name: !name.trim(), email: !ADDRESS.test(email.trim()), consent: !consent };
      if (this.missing.name || this.missing.email || this.missing.consent) {
        await this.$nextTick();
        document.querySelector(".sheet [aria-invalid=true]")?.focus();
        return;
      }
      const sent = await this.screen.inquiry.send();
      if (!sent) return;
      this.done = { ...sent, name: name.trim(), email: email.trim() };
      await this.$nextTick();
      this.$refs.done?.focus();
    },
    discard() {
      this.screen.inquiry.discard();
      this.missing = {};
      document.getElementById("inquiry-name")?.focus();
    },
  },
};
