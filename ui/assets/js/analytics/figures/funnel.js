// How many sessions reached each step in order, all together or by part.
import Chart, { barsOption } from "../charts.js";

const STEPS = { began: "stepBegan", chose: "stepChose", opened: "stepOpened", completed: "stepCompleted" };

export default {
  components: { Chart },
  props: { found: Object, w: Object },
  template: `<Chart :option="option" :label="label" :columns="columns" :rows="found.rows" :w="w" />`,
  computed: {
    label() {
      return this.w.t("analytics.funnel");
    },
    option() {
      const { rows, steps, sessions } = this.found;
      const series = Object.keys(sessions).map((part) => ({
        name: this.part(part),
        values: rows.filter((row) => row.part === part).map((row) => row.reached),
      }));
      return () => barsOption(steps.map(this.step), series, this.w.number, true);
    },
    columns() {
      const share = (key, label) => ({ key, label: this.w.t(`analytics.${label}`), num: true, text: (row) => this.w.percent(row[key]) });
      return [
        ...(this.found.by === "none" ? [] : [{ key: "part", label: this.w.t(`analytics.${this.found.by}`), text: (row) => this.part(row.part) }]),
        { key: "step", label: this.w.t("analytics.step"), head: true, of: (row) => this.found.steps.indexOf(row.step), text: (row) => this.step(row.step) },
        { key: "reached", label: this.w.t("analytics.reached"), num: true, text: (row) => this.w.number(row.reached) },
        share("of_sessions", "ofSessions"),
        share("of_previous", "ofPrevious"),
      ];
    },
  },
  methods: {
    step(id) {
      const chose = /^chose_(\d+)$/.exec(id);
      if (chose) return this.w.t("analytics.stepChoseIn", { n: chose[1] });
      return STEPS[id] ? this.w.t(`analytics.${STEPS[id]}`) : this.w.category(id);
    },
    part(value) {
      return this.found.by === "none" ? this.w.t("analytics.sessions") : this.w.part(value);
    },
  },
};
