// The question whether this visit may be measured, and the place where the answer can be changed.
import { defineComponent } from "vue";
import { use } from "../context.js";
import { useHeight } from "../../shared/bar_height.js";
import { decide, decision, mayMeasure, refusedByBrowser } from "../../tracking/consent.js";

const Question = defineComponent({
  setup() {
    useHeight("--asked");
    return use("texts", "actions", "state");
  },
  template: /* HTML */ `
    <section class="consent" role="region" :aria-label="texts.t('consent.title' + on)">
      <p>
        <strong>{{ texts.t("consent.title" + on) }}</strong> {{ texts.t("consent.text" + on) }}
        <a href="/privacy" target="_blank" rel="noopener">{{ texts.t("legal.privacy") }}</a>
      </p>
      <div class="consent-answers">
        <button type="button" class="button" @click="actions.answerConsent('all')">
          {{ texts.t(on ? "consent.keep" : "consent.yes") }}
        </button>
        <button type="button" class="button" @click="actions.answerConsent('none')">{{ texts.t("consent.no") }}</button>
      </div>
    </section>
  `,
  computed: {
    // Do not ask for measuring that goes on already.
    on() {
      return this.state.consent.measured ? "On" : "";
    },
  },
});

export const ConsentBar = defineComponent({
  components: { Question },
  setup: () => use("state"),
  template: /* HTML */ ` <Question v-if="state.consent.asking" /> `,
});

export const ConsentLink = defineComponent({
  setup: () => use("texts", "actions", "state"),
  template: /* HTML */ `
    <p v-if="state.consent.refusedByBrowser" class="footnote">{{ texts.t("consent.refusedByBrowser") }}</p>
    <button v-else type="button" class="text-button" data-testid="consent" @click="actions.askConsent()">
      {{ texts.t(state.consent.measured ? "consent.on" : "consent.off") }}
    </button>
  `,
});

// The answer belongs to the browser: an open tab learns of one that was given in another tab.
const CHANNEL = "nest-consent";

/**
 * @typedef {{
 *   refusedByBrowser: boolean,
 *   asking: boolean,
 *   measured: boolean,
 *   answer: (value: "all" | "none") => void,
 * }} Consent
 *
 * @param {{
 *   mode: string,
 *   reactive: (consent: Consent) => Consent,
 *   changed: () => void,
 *   Channel?: typeof BroadcastChannel,
 * }} how
 */
export function createConsent({ mode, reactive, changed, Channel = globalThis.BroadcastChannel }) {
  const channel = open();

  // A page in a sandbox may not have a BroadcastChannel, even if the browser does.
  function open() {
    try {
      const opened = Channel ? new Channel(CHANNEL) : null;
      if (opened) opened.onmessage = refresh;
      return opened;
    } catch {
      return null;
    }
  }

  // The answer that the cookie has now.
  function refresh() {
    consent.asking = false;
    consent.measured = mayMeasure(mode);
    changed();
  }

  const consent = reactive({
    refusedByBrowser: refusedByBrowser(),
    asking: mode === "required" && !refusedByBrowser() && decision() === null,
    measured: mayMeasure(mode),
    answer(value) {
      decide(value);
      refresh();
      channel?.postMessage("answered");
    },
  });
  return consent;
}
