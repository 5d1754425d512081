// The form of an inquiry, its confirmation, and the note that stays on the page.
import { defineComponent } from "vue";
import { use } from "../context.js";
import { derivedOf } from "../state.js";
import { inDays } from "../../shared/format.js";

/** @import { InquiryState, SentInquiry } from "../../device/inquiry.js" */

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

// The time and the reference of an inquiry that was sent, also after a reload.
export const Sent = defineComponent({
  setup: () => use("texts", "state"),
  template: /* HTML */ `
    <p class="notice sent" v-if="newest" data-testid="inquiry-sent">
      <strong>{{ texts.t("inquiry.sent", { when, reference: newest.reference }) }}</strong> {{ texts.t(newest.version
      === state.room.version ? "inquiry.sentSame" : "inquiry.sentChanged", { sum: texts.euro(newest.total_cents) }) }}
    </p>
  `,
  computed: {
    /** @returns {SentInquiry | null} */
    newest() {
      return this.state.inquiry.sent[0] ?? null;
    },
    /** @returns {string} */
    when() {
      return this.newest ? inDays(Date.parse(this.newest.at), this.texts.language()) : "";
    },
  },
});

export const Inquiry = defineComponent({
  components: { Sent },
  setup() {
    const context = use("texts", "actions", "state");
    const { version, totalCents } = context.state.room;
    return { ...context, opened: { version, totalCents } };
  },
  data() {
    return {
      done: /** @type {(SentInquiry & { name: string, email: string }) | null} */ (null),
      missing: /** @type {{ name?: boolean, email?: boolean, consent?: boolean }} */ ({}),
    };
  },
  template: /* HTML */ `
    <div v-if="done" class="confirmation" ref="done" tabindex="-1" role="status">
      <p class="big">{{ texts.t("inquiry.done", { name: done.name }) }}</p>
      <dl class="facts">
        <div>
          <dt>{{ texts.t("inquiry.reference") }}</dt>
          <dd><strong data-testid="inquiry-reference">{{ done.reference }}</strong></dd>
        </div>
        <div>
          <dt>{{ texts.t("inquiry.sum") }}</dt>
          <dd>{{ texts.euro(done.total_cents) }}</dd>
        </div>
      </dl>
      <p>{{ texts.t("inquiry.next", { email: done.email }) }}</p>
      <button type="button" class="button primary" @click="actions.close()">{{ texts.t("inquiry.back") }}</button>
    </div>
    <form v-else novalidate @submit.prevent="submit" @input="actions.keepInquiry()" class="form">
      <Sent />
      <p v-if="draft.sent.length">{{ texts.t("inquiry.another") }}</p>
      <p>{{ texts.t("inquiry.explain", { total: texts.euro(total) }) }}</p>
      <p v-if="waiting || offline" class="hint" role="status">
        {{ texts.t(waiting ? "inquiry.unsaved" : "inquiry.offline") }}
      </p>
      <div class="field">
        <label for="inquiry-name">{{ texts.t("inquiry.name") }}</label>
        <input
          id="inquiry-name"
          v-model="draft.name"
          autofocus
          autocomplete="name"
          maxlength="120"
          :aria-invalid="missing.name ? 'true' : null"
          :aria-describedby="missing.name ? 'missing-name' : null"
        />
        <span v-if="missing.name" id="missing-name" class="problem">{{ texts.t("inquiry.needName") }}</span>
      </div>
      <div class="field">
        <label for="inquiry-email">{{ texts.t("inquiry.email") }}</label>
        <input
          id="inquiry-email"
          v-model="draft.email"
          type="email"
          autocomplete="email"
          maxlength="254"
          :aria-invalid="missing.email ? 'true' : null"
          :aria-describedby="missing.email ? 'missing-email' : null"
        />
        <span v-if="missing.email" id="missing-email" class="problem">{{ texts.t("inquiry.needEmail") }}</span>
      </div>
      <div class="field">
        <label for="inquiry-message"
          >{{ texts.t("inquiry.message") }} <span class="quiet">{{ texts.t("optional") }}</span></label
        >
        <textarea id="inquiry-message" v-model="draft.message" rows="3" maxlength="2000"></textarea>
      </div>
      <label class="check"
        ><input
          type="checkbox"
          v-model="draft.consent"
          id="inquiry-consent"
          :aria-invalid="missing.consent ? 'true' : null"
          :aria-describedby="missing.consent ? 'missing-consent' : null"
        /><span>{{ texts.t("inquiry.consent") }}</span></label
      >
      <span v-if="missing.consent" id="missing-consent" class="problem">{{ texts.t("inquiry.needConsent") }}</span>
      <p class="hint"><a href="/privacy" target="_blank">{{ texts.t("inquiry.privacy") }}</a></p>
      <div role="status"><p v-if="changed" class="notice" data-testid="inquiry-changed">{{ changed }}</p></div>
      <p v-if="draft.problem" class="problem" role="alert">{{ problem }}</p>
      <button type="submit" class="button primary wide" :disabled="draft.sending || waiting">
        {{ texts.t(draft.sending ? "inquiry.sending" : "inquiry.send") }}
      </button>
      <p v-if="state.inquiryWritten" class="hint">
        {{ texts.t("inquiry.kept") }}
        <button type="button" class="text-button" @click="discard">{{ texts.t("inquiry.discard") }}</button>
      </p>
    </form>
  `,
  computed: {
    /** @returns {number} */
    total() {
      return derivedOf(this.state.room).price.total_cents;
    },
    /** @returns {InquiryState} */
    draft() {
      return this.state.inquiry;
    },
    // The inquiry waits for choices that were made before the button was pressed.
    /** @returns {boolean} */
    waiting() {
      return this.state.status.count > 0;
    },
    /** @returns {boolean} */
    offline() {
      return this.state.status.name === "offline";
    },
    // The page behind the dialog shows it, too, but nobody sees it there: the house that is sent is
    // another one than when the dialog was opened.
    /** @returns {string} */
    changed() {
      const { restored, changes, totalCents, version } = this.state.room;
      const others = changes.some((each) => !each.mine && each.version > this.opened.version && each.changes.length);
      const key = restored ? "inquiry.restored" : "inquiry.changed";
      if (!restored && !others && (version === this.opened.version || totalCents === this.opened.totalCents)) return "";
      return this.texts.t(key, { total: this.texts.euro(totalCents ?? 0) });
    },
    /** @returns {string} */
    problem() {
      const { code, said } = this.draft.problem ?? { code: "" };
      const arrived = code === "inquiry_id_reused" && this.draft.sent[0];
      if (arrived) return this.texts.t("inquiry.arrived", { reference: arrived.reference });
      return this.texts.say(said) || this.texts.t("inquiry.failed");
    },
  },
  mounted() {
    this.actions.track("inquiry", "inquiry", { elementId: "opened" });
  },
  methods: {
    async submit() {
      const { name, email, consent } = this.draft;
      this.missing = { name: !name.trim(), email: !ADDRESS.test(email.trim()), consent: !consent };
      if (this.missing.name || this.missing.email || this.missing.consent) {
        await this.$nextTick();
        const first = document.querySelector(".sheet [aria-invalid=true]");
        if (first instanceof HTMLElement) first.focus();
        return;
      }
      const sent = await this.actions.sendInquiry();
      if (!sent) return;
      this.done = { ...sent, name: name.trim(), email: email.trim() };
      await this.$nextTick();
      /** @type {HTMLElement | undefined} */ (this.$refs.done)?.focus();
    },
    discard() {
      this.actions.discardInquiry();
      this.missing = {};
      document.getElementById("inquiry-name")?.focus();
    },
  },
});
