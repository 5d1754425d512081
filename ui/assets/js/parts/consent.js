// The question whether this visit may be measured, and the place where the answer can be changed.
import { tellHeight } from "../bars.js";
import { decide, decision, mayMeasure, refusedByBrowser } from "../consent.js";

const Question = {
  inject: ["screen"],
  template: `
    <section class="consent" role="region" :aria-label="screen.t('consent.title' + on)">
      <p><strong>{{ screen.t("consent.title" + on) }}</strong> {{ screen.t("consent.text" + on) }} <a href="/privacy" target="_blank" rel="noopener">{{ screen.t("legal.privacy") }}</a></p>
      <div class="consent-answers">
        <button type="button" class="button" @click="screen.consent.answer('all')">{{ screen.t(on ? "consent.keep" : "consent.yes") }}</button>
        <button type="button" class="button" @click="screen.consent.answer('none')">{{ screen.t("consent.no") }}</button>
      </div>
    </section>`,
  computed: {
    // Nobody is asked for what is happening already.
    on() {
      return this.screen.consent.measured ? "On" : "";
    },
  },
  mounted() {
    this.forgetHeight = tellHeight(this.$el, "--asked");
  },
  beforeUnmount() {
    this.forgetHeight();
  },
};

export const ConsentBar = {
  components: { Question },
  inject: ["screen"],
  template: `<Question v-if="screen.consent.asking" />`,
};

export const ConsentLink = {
  inject: ["screen"],
  template: `
    <p v-if="screen.consent.refusedByBrowser" class="footnote">{{ screen.t("consent.refusedByBrowser") }}</p>
    <button v-else type="button" class="text-button" data-testid="consent" @click="screen.consent.asking = true">{{ screen.t(screen.consent.measured ? "consent.on" : "consent.off") }}</button>`,
};

// The answer is this browser's: an open tab learns of one that was given in another tab.
const CHANNEL = "nest-consent";

export function createConsent({ mode, reactive, changed, Channel = globalThis.BroadcastChannel }) {
  const channel = open();

  // A page in a sandbox may not have one, though the browser does.
  function open() {
    try {
      const opened = Channel ? new Channel(CHANNEL) : null;
      if (opened) opened.onmessage = take;
      return opened;
    } catch {
      return null;
    }
  }

  // As the cookie has it now.
  function take() {
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
      take();
      channel?.postMessage("answered");
    },
  });
  return consent;
}
