// The steps of the funnel and its window, as they are asked: each can be moved, taken out and added.
// Says `ask` with what changed; the address of the page keeps it.
import { STEPS_MAX, WINDOWS } from "./asked.js";

const BOUNDS = ["began", "chose", "chose_2", "chose_3", "chose_4", "opened", "completed"];

export default {
  props: { asked: Object, found: Object, categories: Array, w: Object },
  emits: ["ask"],
  template: `
    <details class="funnel-steps" data-testid="funnel-steps">
      <summary>{{ w.t("analytics.stepsChange") }}</summary>
      <ol ref="list" :aria-label="w.t('analytics.stepsOf')">
        <li v-for="(step, n) in steps" :key="step">
          <span>{{ w.funnelStep(step) }}</span>
          <button type="button" class="button small" data-way="up" :aria-disabled="String(n === 0)" :aria-label="w.t('analytics.stepUp', { step: w.funnelStep(step) })" @click="move(n, -1)">↑</button>
          <button type="button" class="button small" data-way="down" :aria-disabled="String(n === steps.length - 1)" :aria-label="w.t('analytics.stepDown', { step: w.funnelStep(step) })" @click="move(n, 1)">↓</button>
          <button type="button" class="button small" data-way="out" :aria-disabled="String(steps.length === 1)" :aria-label="w.t('analytics.stepOut', { step: w.funnelStep(step) })" @click="take(n)">×</button>
        </li>
      </ol>
      <div class="fields">
        <label><span>{{ w.t("analytics.stepAdd") }}</span>
          <select ref="add" value="" :disabled="!others.length" @change="add($event)">
            <option value="">{{ w.t("analytics.stepWhich") }}</option>
            <option v-for="step in others" :key="step" :value="step">{{ w.funnelStep(step) }}</option>
          </select></label>
        <label><span>{{ w.t("analytics.window") }}</span>
          <select :value="window" @change="$emit('ask', { window: $event.target.value })">
            <option v-for="m in windows" :key="m" :value="m">{{ w.lasting(Number(m)) }}</option>
          </select></label>
        <button type="button" class="text-button" :disabled="!asked.steps && !asked.window" @click="$emit('ask', { steps: '', window: '' })">{{ w.t("analytics.stepsPlain") }}</button>
      </div>
      <p class="sr-only" role="status">{{ said }}</p>
    </details>`,
  data: () => ({ said: "" }),
  computed: {
    // At once what was asked, even while its figures are still read.
    steps() {
      return this.asked.steps ? this.asked.steps.split(",") : this.found.steps;
    },
    others() {
      if (this.steps.length >= STEPS_MAX) return [];
      return [...BOUNDS, ...this.categories].filter((step) => !this.steps.includes(step));
    },
    window() {
      return this.asked.window || String(this.found.window_minutes);
    },
    windows() {
      return [...new Set([...WINDOWS, this.window])].sort((one, other) => one - other);
    },
  },
  methods: {
    change(steps) {
      this.$emit("ask", { steps: steps.join() });
    },
    move(n, by) {
      const steps = [...this.steps];
      const to = n + by;
      if (to < 0 || to >= steps.length) return;
      [steps[n], steps[to]] = [steps[to], steps[n]];
      this.change(steps);
      this.said = this.w.t("analytics.stepMoved", { step: this.w.funnelStep(steps[to]), n: to + 1, of: steps.length });
      this.focus(to, by < 0 ? "up" : "down");
    },
    take(n) {
      if (this.steps.length === 1) return;
      const [step] = this.steps.slice(n);
      this.change(this.steps.filter((each) => each !== step));
      this.said = this.w.t("analytics.stepTaken", { step: this.w.funnelStep(step) });
      this.focus(Math.min(n, this.steps.length - 1), "out");
    },
    add(event) {
      const step = event.target.value;
      event.target.value = "";
      if (!step) return;
      const last = this.steps[this.steps.length - 1] === "completed" ? this.steps.length - 1 : this.steps.length;
      this.change([...this.steps.slice(0, last), step, ...this.steps.slice(last)]);
      this.said = this.w.t("analytics.stepAdded", { step: this.w.funnelStep(step), n: last + 1 });
    },
    // A row that moves in the document loses the focus; whoever moves it wants to move it further.
    async focus(n, way) {
      await this.$nextTick();
      this.$refs.list.children[n]?.querySelector(`[data-way="${way}"]`)?.focus();
    },
  },
};
