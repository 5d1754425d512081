// Sessions, inquiries and interactions over time.
import Chart, { seriesOption } from "../charts.js";

export default {
  components: { Chart },
  props: { found: Object, w: Object },
  template: `<Chart :option="option" :label="label" :columns="columns" :rows="found.rows" :w="w" />`,
  computed: {
    label() {
      return this.w.t("analytics.seriesLabel", { n: this.found.rows.length });
    },
    option() {
      const { rows, unit } = this.found;
      const labels = rows.map((point) => this.w.label(point.at, unit));
      const line = (key, right) => ({ name: this.w.t(`analytics.${key}`), values: rows.map((p) => p[key]), right });
      return () => seriesOption(labels, [line("sessions"), line("completed"), line("interactions", true)], this.w.number);
    },
    columns() {
      const column = (key) => ({ key, label: this.w.t(`analytics.${key}`), num: true, text: (p) => this.w.number(p[key]) });
      const when = { key: "at", label: this.w.t("analytics.when"), head: true, of: (p) => Date.parse(p.at), text: (p) => this.w.label(p.at, this.found.unit) };
      return [when, column("sessions"), column("completed"), column("interactions")];
    },
  },
};
