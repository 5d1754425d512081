// Plays a session: every step of its house and its interactions, with picture, price and who.
import { readReplay } from "./reading.js";

const STEP_MS = 1200;

export default {
  props: { session: String, t: Function, euro: Function, time: Function, choice: Function, category: Function, said: Function },
  emits: ["close"],
  template: `
    <dialog class="player" ref="dialog" aria-labelledby="player-title" @close="$emit('close')">
      <header><h2 id="player-title">{{ t("analytics.replay", { id: session.slice(-8) }) }}</h2><span class="spring"></span><button type="button" class="button" @click="$refs.dialog.close()">{{ t("analytics.close") }}</button></header>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <p v-else-if="!replay" class="quiet">{{ t("analytics.loading") }}</p>
      <template v-else>
        <div class="stage">
          <figure><img v-if="house" :src="house.previews.exterior ?? Object.values(house.previews)[0]" :alt="t('analytics.housePicture')" /><p v-else class="quiet">{{ t("analytics.noHouse") }}</p></figure>
          <div class="told" aria-live="polite">
            <p class="price" v-if="house" data-testid="replay-price">{{ euro(house.total_cents) }}</p>
            <p class="quiet" v-if="house">{{ t("analytics.version", { n: house.version }) }}</p>
            <template v-if="step">
              <p class="quiet">{{ time(step.at) }}</p>
              <template v-if="step.type === 'op'">
                <p><strong>{{ step.by_visitor ? t("analytics.visitor", { name: step.author }) : step.author }}</strong></p>
                <ul class="plain"><li v-for="c in step.changes" :key="c.category"><span class="quiet">{{ category(c.category) }}:</span> {{ choice(c.category, c.before) }} → <strong>{{ choice(c.category, c.after) }}</strong></li></ul>
                <p v-for="(r, n) in step.reasons" :key="n" class="quiet">{{ said(r.text) }}</p>
                <p :class="step.verified ? 'same' : 'problem'" data-testid="replay-verified">{{ step.verified ? t("analytics.verified") : t("analytics.differs", { what: step.differences.join(", ") }) }}</p>
              </template>
              <p v-else><strong>{{ step.interaction.event_type }}</strong> {{ category(step.interaction.category) }} <span class="quiet">{{ step.interaction.selection_value ?? step.interaction.element_id }}</span></p>
            </template>
            <p v-else class="quiet">{{ t("analytics.began") }}</p>
          </div>
        </div>
        <div class="controls">
          <button type="button" class="button" @click="go(0)" :disabled="!at">{{ t("analytics.start") }}</button>
          <button type="button" class="button" @click="go(at - 1)" :disabled="!at">{{ t("analytics.back") }}</button>
          <button type="button" class="button primary" @click="toggle" data-testid="replay-play">{{ t(timer ? "analytics.pause" : "analytics.run") }}</button>
          <button type="button" class="button" @click="go(at + 1)" :disabled="at >= last" data-testid="replay-forward">{{ t("analytics.forward") }}</button>
          <input type="range" min="0" :max="last" :value="at" @input="go(Number($event.target.value))" :aria-label="t('analytics.position', { at, of: last })" />
          <span class="quiet" data-testid="replay-position">{{ t("analytics.position", { at, of: last }) }}</span>
        </div>
      </template>
    </dialog>`,
  data: () => ({ replay: null, problem: "", at: 0, timer: null }),
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
    this.$refs.dialog.showModal();
    try {
      this.replay = await readReplay(this.session);
    } catch (error) {
      this.problem = this.t("analytics.failed", { why: this.said(error.texts) || String(error.message) });
    }
  },
  beforeUnmount() {
    this.stop();
  },
  methods: {
    go(place) {
      this.at = Math.max(0, Math.min(this.last, place));
      if (this.at >= this.last) this.stop();
    },
    toggle() {
      if (this.timer) return this.stop();
      if (this.at >= this.last) this.at = 0;
      this.timer = setInterval(() => this.go(this.at + 1), STEP_MS);
    },
    stop() {
      clearInterval(this.timer);
      this.timer = null;
    },
  },
};
