// Plays a session: every step of its house and its interactions, with picture, price and who. All steps
// are here (ui/staff/analytics/player.py), so that nobody waits for the server between two of them.
import { defineComponent } from "vue";
import { closeDialog, openDialog } from "../../shared/older_browsers.js";

const STEP_MS = 1200;

/**
 * @typedef {{ picture: string, price: string, version: string }} House
 * @typedef {{ house?: House, place: string, time: string, who?: string, changes?: [string, string, string][],
 *   reasons?: string[], verdict?: string, same?: boolean, what?: string, about?: string }} Step
 * @typedef {{ houses: House[], steps: (Omit<Step, "house"> & { house?: number })[], client: string, gone: string, cut: string }} Film
 * @typedef {Record<"title" | "loading" | "copy" | "copied" | "close" | "picture" | "noHouse" | "start" | "back" | "run" | "pause" | "forward", string>} Words
 */
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  props: { words: text, film: String, problem: String },
  emits: ["close"],
  template: /* HTML */ `
    <dialog class="player" ref="dialog" aria-labelledby="player-title" @close="$emit('close')">
      <header>
        <h2 id="player-title">{{ w.title }}</h2>
        <span class="spring"></span>
        <button type="button" class="button" data-testid="replay-link" @click="copy">
          {{ copied ? w.copied : w.copy }}
        </button>
        <button type="button" class="button" @click="leave">{{ w.close }}</button>
      </header>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <p v-else-if="!steps.length" class="quiet">{{ w.loading }}</p>
      <template v-else>
        <p v-if="whole.client" class="quiet id">{{ whole.client }}</p>
        <div class="stage">
          <figure>
            <img v-if="step.house" :src="step.house.picture" :alt="w.picture" />
            <p v-else class="quiet">{{ w.noHouse }}</p>
          </figure>
          <div class="told" aria-live="polite">
            <template v-if="step.house">
              <p class="price" data-testid="replay-price">{{ step.house.price }}</p>
              <p class="quiet">{{ step.house.version }}</p>
            </template>
            <p class="quiet">{{ step.time }}</p>
            <p v-if="step.who"><strong>{{ step.who }}</strong></p>
            <ul v-if="step.changes" class="plain">
              <li v-for="[category, before, after] in step.changes" :key="category">
                <span class="quiet">{{ category }}:</span> {{ before }} → <strong>{{ after }}</strong>
              </li>
            </ul>
            <p v-for="(reason, n) in step.reasons ?? []" :key="n" class="quiet">{{ reason }}</p>
            <p v-if="step.verdict" :class="step.same ? 'same' : 'problem'" data-testid="replay-verified">
              {{ step.verdict }}
            </p>
            <p v-if="step.what"><strong>{{ step.what }}</strong> {{ step.about }}</p>
          </div>
        </div>
        <p v-if="whole.gone" class="quiet">{{ whole.gone }}</p>
        <p v-if="whole.cut" class="problem" data-testid="replay-cut">{{ whole.cut }}</p>
        <div class="controls">
          <button type="button" class="button" :disabled="!at" @click="go(0)">{{ w.start }}</button>
          <button type="button" class="button" :disabled="!at" @click="go(at - 1)">{{ w.back }}</button>
          <button type="button" class="button primary" data-testid="replay-play" @click="toggle">
            {{ timer ? w.pause : w.run }}
          </button>
          <button type="button" class="button" :disabled="at >= last" data-testid="replay-forward" @click="go(at + 1)">
            {{ w.forward }}
          </button>
          <input
            type="range"
            min="0"
            :max="last"
            :value="at"
            :aria-label="step.place"
            @input="go(Number($event.target.value))"
          />
          <span class="quiet" data-testid="replay-position">{{ step.place }}</span>
        </div>
      </template>
    </dialog>
  `,
  data: () => ({
    at: 0,
    timer: /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined),
    copied: false,
  }),
  computed: {
    /** @returns {Words} */
    w() {
      return JSON.parse(this.words);
    },
    /** @returns {Film} */
    whole() {
      return this.film ? JSON.parse(this.film) : { houses: [], steps: [], client: "", gone: "", cut: "" };
    },
    /** @returns {Film["steps"]} */
    steps() {
      return this.whole.steps;
    },
    last() {
      return this.steps.length - 1;
    },
    /** @returns {Step} */
    step() {
      const { house, ...step } = this.steps[this.at];
      return { ...step, house: house === undefined ? undefined : this.whole.houses[house] };
    },
  },
  mounted() {
    openDialog(/** @type {HTMLDialogElement} */ (this.$refs.dialog));
  },
  beforeUnmount() {
    this.stop();
  },
  methods: {
    leave() {
      closeDialog(/** @type {HTMLDialogElement} */ (this.$refs.dialog));
    },
    /** @param {number} place */
    go(place) {
      this.at = Math.max(0, Math.min(this.last, place));
      if (this.at >= this.last) this.stop();
    },
    toggle() {
      if (this.timer) return this.stop();
      if (this.at >= this.last) this.at = 0;
      this.timer = setInterval(() => this.go(this.at + 1), STEP_MS);
    },
    async copy() {
      this.copied = await navigator.clipboard?.writeText(window.location.href).then(
        () => true,
        () => false,
      );
    },
    stop() {
      clearInterval(this.timer);
      this.timer = undefined;
    },
  },
});
