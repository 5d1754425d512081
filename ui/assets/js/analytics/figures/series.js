// Sessions, inquiries and interactions over time.
import Chart, { seriesOption } from "../charts.js";
import { COUNTED, sideBySide } from "../side_by_side.js";

export default {
  components: { Chart },
  props: { found: Object, w: Object },
  template: `
    <Chart :option="option" :label="label" :columns="columns" :rows="lines" :w="w" />
    <p v-if="unknown" class="quiet">{{ w.t("analytics.notExact") }}</p>`,
  computed: {
    label() {
      return this.w.t("analytics.seriesLabel", { n: this.found.rows.length });
    },
    lines() {
      return sideBySide(this.found, this.w);
    },
    unknown() {
      return this.found.rows.some((point) => point.interactions === null);
    },
    compared() {
      return this.lines.some((line) => line.before);
    },
    option() {
      const { lines } = this;
      const drawn = (key, name, more) => ({ name: this.w.t(`analytics.${name}`), values: lines.map((line) => line[key]), ...more });
      const shown = [drawn("sessions", "sessions"), drawn("inquiries", "inquiries"), drawn("interactions", "interactions", { right: true })];
      if (this.compared) shown.push(drawn("before", "sessionsBefore", { faint: true }));
      return () => seriesOption(lines.map((line) => line.label), shown, this.w.number);
    },
    columns() {
      const column = (key, name = key) => ({ key, label: this.w.t(`analytics.${name}`), num: true, text: (line) => this.w.number(line[key]) });
      const when = { key: "at", label: this.w.t("analytics.when"), head: true, of: (line) => Date.parse(line.at), text: (line) => line.label };
      const [sessions, ...others] = COUNTED.map((key) => column(key));
      return [when, sessions, ...(this.compared ? [column("before", "sessionsBefore")] : []), ...others];
    },
  },
};
