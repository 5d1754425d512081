// How many sessions reached each step in order, all together or by part.
import Chart, { barsOption } from "../charts.js";

export default {
  components: { Chart },
  props: { found: Object, w: Object },
  template: `
    <p class="quiet" data-testid="funnel-window">{{ w.t("analytics.funnelWindow", { window: w.lasting(found.window_minutes) }) }}</p>
    <Chart :option="option" :label="label" :columns="columns" :rows="found.rows" :w="w" />`,
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
      return () => barsOption(steps.map(this.w.funnelStep), series, this.w.number, true);
    },
    columns() {
      const share = (key, label) => ({ key, label: this.w.t(`analytics.${label}`), num: true, text: (row) => this.w.percent(row[key]) });
      return [
        ...(this.found.by === "none" ? [] : [{ key: "part", label: this.w.t(`analytics.${this.found.by}`), text: (row) => this.part(row.part) }]),
        { key: "step", label: this.w.t("analytics.step"), head: true, of: (row) => this.found.steps.indexOf(row.step), text: (row) => this.w.funnelStep(row.step) },
        { key: "reached", label: this.w.t("analytics.reached"), num: true, text: (row) => this.w.number(row.reached) },
        share("of_sessions", "ofSessions"),
        share("of_previous", "ofPrevious"),
      ];
    },
  },
  methods: {
    part(value) {
      return this.found.by === "none" ? this.w.t("analytics.sessions") : this.w.part(value);
    },
  },
};
