// Plays a session: every step of its house and its interactions, with picture, price and who.
import { closeDialog, openDialog } from "../older.js";
import { readReplay } from "./reading.js";

const STEP_MS = 1200;

export default {
  props: { session: String, w: Object },
  emits: ["close"],
  template: `
    <dialog class="player" ref="dialog" aria-labelledby="player-title" @close="$emit('close')">
      <header>
        <h2 id="player-title">{{ w.t("analytics.replay", { id: session.slice(-8) }) }}</h2><span class="spring"></span>
        <button type="button" class="button" @click="copy" data-testid="replay-link">{{ w.t(copied ? "analytics.copied" : "analytics.copyReplay") }}</button>
        <button type="button" class="button" @click="leave">{{ w.t("analytics.close") }}</button>
      </header>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <p v-else-if="!replay" class="quiet">{{ w.t("analytics.loading") }}</p>
      <template v-else>
        <p v-if="replay.session.client_session_id" class="quiet id">{{ w.t("analytics.clientSession", { id: replay.session.client_session_id }) }}</p>
        <div class="stage">
          <figure>
            <img v-if="house" :src="house.previews.exterior ?? Object.values(house.previews)[0]" :alt="w.t('analytics.housePicture')" />
            <p v-else class="quiet">{{ w.t("analytics.noHouse") }}</p>
          </figure>
          <div class="told" aria-live="polite">
            <p class="price" v-if="house" data-testid="replay-price">{{ w.euro(house.total_cents) }}</p>
            <p class="quiet" v-if="house">{{ w.t("analytics.version", { n: house.version }) }}</p>
            <template v-if="step">
              <p class="quiet">{{ w.time(step.at) }}</p>
              <template v-if="step.type === 'op'">
                <p><strong>{{ step.by_visitor ? w.t("analytics.visitor", { name: step.author }) : step.author }}</strong></p>
                <ul class="plain"><li v-for="c in step.changes" :key="c.category">
                  <span class="quiet">{{ w.category(c.category) }}:</span>
                  {{ w.choice(c.category, c.before) }} → <strong>{{ w.choice(c.category, c.after) }}</strong>
                </li></ul>
                <p v-for="(r, n) in step.reasons" :key="n" class="quiet">{{ w.said(r.text) }}</p>
                <p :class="step.verified ? 'same' : 'problem'" data-testid="replay-verified">
                  {{ step.verified ? w.t("analytics.verified") : w.t("analytics.differs", { what: step.differences.join(", ") }) }}
                </p>
              </template>
              <p v-else>
                <strong>{{ w.type(step.interaction.event_type) }}</strong> {{ w.category(step.interaction.category) }}
                <span class="quiet">{{ toldOf(step.interaction) }}</span>
              </p>
            </template>
            <p v-else class="quiet">{{ w.t("analytics.began") }}</p>
          </div>
        </div>
        <p v-if="replay.gone" class="quiet">{{ w.t("analytics.gone", { n: w.number(replay.gone) }) }}</p>
        <p v-if="replay.next" class="problem" data-testid="replay-cut">{{ w.t("analytics.replayCut", { n: w.number(last) }) }}</p>
        <div class="controls">
          <button type="button" class="button" @click="go(0)" :disabled="!at">{{ w.t("analytics.start") }}</button>
          <button type="button" class="button" @click="go(at - 1)" :disabled="!at">{{ w.t("analytics.back") }}</button>
          <button type="button" class="button primary" @click="toggle" data-testid="replay-play">{{ w.t(timer ? "analytics.pause" : "analytics.run") }}</button>
          <button type="button" class="button" @click="go(at + 1)" :disabled="at >= last" data-testid="replay-forward">{{ w.t("analytics.forward") }}</button>
          <input type="range" min="0" :max="last" :value="at" @input="go(Number($event.target.value))" :aria-label="w.t('analytics.position', { at, of: last })" />
          <span class="quiet" data-testid="replay-position">{{ w.t("analytics.position", { at, of: last }) }}</span>
        </div>
      </template>
    </dialog>`,
  data: () => ({ replay: null, problem: "", at: 0, timer: null, copied: false }),
  computed: {
    last() {
      return this.replay?.steps.length ?? 0;
    },
    step() {
      return this.at ? this.replay.steps[this.at - 1] : null;
    },
    house() {
      for (let n = this.at - 1; n >= 0; n -= 1) if (this.replay.steps[n].type === "op") return this.replay.steps[n].house;
      return this.replay.start;
    },
  },
  async mounted() {
    openDialog(this.$refs.dialog);
    try {
      this.replay = await readReplay(this.session);
    } catch (error) {
      this.problem = this.w.t("analytics.failed", { why: this.w.why(error) });
    }
  },
  beforeUnmount() {
    this.stop();
  },
  methods: {
    leave() {
      closeDialog(this.$refs.dialog);
    },
    go(place) {
      this.at = Math.max(0, Math.min(this.last, place));
      if (this.at >= this.last) this.stop();
    },
    toggle() {
      if (this.timer) return this.stop();
      if (this.at >= this.last) this.at = 0;
      this.timer = setInterval(() => this.go(this.at + 1), STEP_MS);
    },
    toldOf({ category, selection_value, element_id, time_spent_ms }) {
      const value = selection_value ?? element_id;
      return [value && this.w.value(category, value), time_spent_ms && this.w.span(time_spent_ms)].filter(Boolean).join(" · ");
    },
    async copy() {
      this.copied = await navigator.clipboard?.writeText(window.location.href).then(() => true, () => false);
    },
    stop() {
      clearInterval(this.timer);
      this.timer = null;
    },
  },
};
