// How prices are distributed: bars, and what so many percent are not above.
import Chart, { barsOption } from "../charts.js";
import SortedTable from "../table.js";

const KINDS = ["completed", "open"];
const LABELS = { completed: "pricesCompleted", open: "pricesOpen" };

export default {
  components: { Chart, SortedTable },
  props: { found: Object, w: Object },
  template: `
    <p v-if="!edges.length" class="quiet">{{ w.t("analytics.none") }}</p>
    <Chart v-else :option="option" :label="w.t('analytics.prices')" :columns="barColumns" :rows="bars" :w="w" />
    <SortedTable v-if="edges.length" :columns="columns" :rows="summary" :w="w" :label="w.t('analytics.percentiles')" testid="percentiles" />`,
  computed: {
    edges() {
      const all = KINDS.flatMap((kind) => this.found[kind].histogram.map((bar) => bar.from_cents));
      return [...new Set(all)].sort((a, b) => a - b);
    },
    bars() {
      return this.edges.map((cents) => ({ cents, completed: this.count("completed", cents), open: this.count("open", cents) }));
    },
    option() {
      const series = KINDS.map((kind) => ({ name: this.kind(kind), values: this.bars.map((bar) => bar[kind]) }));
      return () => barsOption(this.edges.map(this.w.euro), series, this.w.number);
    },
    barColumns() {
      return [
        { key: "cents", label: this.w.t("analytics.priceFrom"), head: true, text: (bar) => this.w.euro(bar.cents) },
        ...KINDS.map((kind) => ({ key: kind, label: this.kind(kind), num: true, text: (bar) => this.w.number(bar[kind]) })),
      ];
    },
    // A line for each percentile, between the lowest and the highest price.
    summary() {
      const percents = [5, 10, 25, 50, 75, 90, 95];
      const line = (label, of) => ({ label, ...Object.fromEntries(KINDS.map((kind) => [kind, of(this.found[kind])])) });
      return [
        line(this.w.t("analytics.lowest"), (prices) => prices.lowest_cents),
        ...percents.map((p) => line(this.percentile(p), (prices) => prices.percentiles.find((each) => each.percent === p)?.cents)),
        line(this.w.t("analytics.highest"), (prices) => prices.highest_cents),
        line(this.w.t("analytics.averagePrice"), (prices) => prices.average_cents),
      ];
    },
    columns() {
      return [
        { key: "label", label: this.w.t("analytics.percentiles"), head: true },
        ...KINDS.map((kind) => ({
          key: kind,
          label: this.w.t("analytics.counted", { name: this.kind(kind), n: this.w.number(this.found[kind].n) }),
          num: true,
          text: (row) => this.w.euro(row[kind]),
        })),
      ];
    },
  },
  methods: {
    kind(kind) {
      return this.w.t(`analytics.${LABELS[kind]}`);
    },
    percentile(p) {
      return this.w.t(p === 50 ? "analytics.percentileHalf" : "analytics.percentile", { p });
    },
    count(kind, cents) {
      return this.found[kind].histogram.find((bar) => bar.from_cents === cents)?.n ?? 0;
    },
  },
};
