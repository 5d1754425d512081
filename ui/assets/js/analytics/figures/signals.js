// How the page worked for visitors: its speed, and what was refused, moved, broken, looked at, shared.
import SortedTable from "../table.js";

const TOLD = ["refused", "adjusted", "error", "hover", "invite"];

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `
    <p v-if="found.complete_from" class="quiet">{{ w.t("analytics.completeFrom", { time: w.minute(found.complete_from) }) }}</p>
    <h3>{{ w.t("analytics.vitals") }}</h3>
    <SortedTable :columns="vitals" :rows="of('web_vital')" :w="w" :label="w.t('analytics.vitals')" testid="vitals" />
    <h3>{{ w.t("analytics.told") }}</h3>
    <SortedTable :columns="told" :rows="rest" :w="w" :label="w.t('analytics.told')" sort="n" testid="told" />`,
  computed: {
    rest() {
      return this.found.rows.filter((row) => TOLD.includes(row.kind));
    },
    vitals() {
      const { t } = this.w;
      const measure = (key, label) => ({ key, label, num: true, text: (row) => this.measure(row, row[key]) });
      return [
        { key: "name", label: t("analytics.measure"), head: true, of: (row) => row.name, text: (row) => this.vital(row.name) },
        { key: "place", label: t("analytics.place"), quiet: true, text: (row) => this.place(row) },
        measure("p50", "50 %"),
        measure("p75", "75 %"),
        measure("p95", "95 %"),
        { key: "good", label: t("analytics.good"), num: true, text: (row) => this.w.percent(row.good), bar: (row) => row.good ?? 0 },
        this.number("n", "measured"),
      ];
    },
    told() {
      const { t } = this.w;
      return [
        { key: "name", label: t("analytics.what"), head: true, wide: true, of: this.what, text: this.what },
        { key: "kind", label: t("analytics.kind"), text: (row) => t(`analytics.kind_${row.kind}`) },
        { key: "place", label: t("analytics.place"), quiet: true, text: (row) => this.place(row) },
        this.number("n", "times"),
        this.number("sessions", "sessions"),
      ];
    },
  },
  methods: {
    of(kind) {
      return this.found.rows.filter((row) => row.kind === kind);
    },
    number(key, label) {
      return { key, label: this.w.t(`analytics.${label}`), num: true, text: (row) => this.w.number(row[key]) };
    },
    vital(name) {
      return ["LCP", "INP", "CLS"].includes(name) ? this.w.t(`analytics.${name}`) : name;
    },
    // Shifts have no unit; all else is in ms.
    measure(row, value) {
      if (value === null) return "–";
      return row.name === "CLS" ? new Intl.NumberFormat(this.w.language, { maximumFractionDigits: 3 }).format(value) : `${this.w.number(Math.round(value))}\u00a0ms`;
    },
    place(row) {
      return row.place === "page" ? this.w.t("analytics.housePage") : this.w.category(row.place);
    },
    what(row) {
      return row.kind === "hover" ? this.w.option(row.place, row.name) : row.name || "–";
    },
  },
};
