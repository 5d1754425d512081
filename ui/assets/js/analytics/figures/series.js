// Sessions, inquiries and interactions over time.
import Chart, { seriesOption } from "../charts.js";

export default {
  components: { Chart },
  props: { found: Object, w: Object },
  template: `
    <Chart :option="option" :label="label" :columns="columns" :rows="rows" :w="w" />
    <p v-if="unknown" class="quiet">{{ w.t("analytics.notExact") }}</p>`,
  computed: {
    label() {
      return this.w.t("analytics.seriesLabel", { n: this.found.rows.length });
    },
    times() {
      return this.w.labels(this.found.rows.map((point) => point.at), this.found.unit);
    },
    unknown() {
      return this.found.rows.some((point) => point.interactions === null);
    },
    option() {
      const { rows } = this.found;
      const labels = rows.map((point) => this.times.get(point.at));
      const line = (key, right) => ({ name: this.w.t(`analytics.${key}`), values: rows.map((p) => p[key]), right });
      const lines = [line("sessions"), line("inquiries"), line("interactions", true)];
      if (this.before) lines.push({ name: this.w.t("analytics.sessionsBefore"), values: this.before, faint: true });
      return () => seriesOption(labels, lines, this.w.number);
    },
    // Sessions of the range that is compared with, from its beginning, if it had any; a year may be longer.
    before() {
      const before = this.found.compared?.slice(0, this.found.rows.length).map((p) => p.sessions);
      return before?.some(Boolean) ? before : null;
    },
    rows() {
      return this.found.rows.map((point, n) => ({ ...point, before: this.before?.[n] ?? null }));
    },
    columns() {
      const column = (key) => ({ key, label: this.w.t(`analytics.${key}`), num: true, text: (p) => this.w.number(p[key]) });
      const when = { key: "at", label: this.w.t("analytics.when"), head: true, of: (p) => Date.parse(p.at), text: (p) => this.times.get(p.at) };
      const before = { key: "before", label: this.w.t("analytics.sessionsBefore"), num: true, text: (p) => this.w.number(p.before) };
      return [when, column("sessions"), ...(this.before ? [before] : []), column("completed"), column("inquiries"), column("interactions")];
    },
  },
};
