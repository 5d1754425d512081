// The figures of the range, each beside that of the range it is compared with.
const SHOWN = [
  { name: "landing_views", label: "landing", say: "number" },
  { name: "sessions", label: "sessions", say: "number" },
  { name: "completed", label: "completed", say: "number" },
  { name: "inquiries", label: "inquiries", say: "number" },
  { name: "conversion", label: "conversion", say: "percent" },
  { name: "average_order_value_cents", label: "average", say: "euro" },
  { name: "open_value_cents", label: "open", say: "euro" },
  { name: "interactions", label: "interactions", say: "number" },
];

export default {
  props: { found: Object, w: Object },
  template: `
    <dl class="numbers">
      <div v-for="n in numbers" :key="n.name">
        <dd :data-testid="'kpi-' + n.name">{{ n.value }}</dd>
        <dt>{{ n.label }}</dt>
        <dd v-if="n.before !== null" class="before" :class="n.tone">
          {{ n.change }} <span class="quiet">{{ w.t("analytics.before", { value: n.before }) }}</span>
        </dd>
      </div>
    </dl>
    <p v-if="empty" class="quiet" data-testid="nothing-before">{{ w.t("analytics.nothingBefore") }}</p>
    <details class="as-table">
      <summary>{{ w.t("analytics.meaning") }}</summary>
      <dl><template v-for="n in numbers" :key="n.name"><dt>{{ n.label }}</dt><dd>{{ n.meaning }}</dd></template></dl>
    </details>`,
  computed: {
    rows() {
      return new Map(this.found.rows.map((row) => [row.name, row]));
    },
    // A range without a visit says nothing about the one that is compared with it.
    empty() {
      return ["sessions", "interactions"].every((name) => this.rows.get(name)?.previous === 0);
    },
    numbers() {
      return SHOWN.map(({ name, label, say }) => {
        const { value, previous, difference } = this.rows.get(name);
        return {
          name,
          label: this.w.t(`analytics.${label}`),
          meaning: this.w.t(`analytics.mean_${label}`),
          value: this.w[say](value),
          before: previous === null || this.empty ? null : this.w[say](previous),
          change: difference === null ? "" : this.change(say, difference),
          tone: difference > 0 ? "up" : difference < 0 ? "down" : "",
        };
      });
    },
  },
  methods: {
    change(say, difference) {
      if (say === "euro") return this.w.moreEuro(difference);
      return say === "percent" ? this.w.more(difference * 100, this.w.t("analytics.points")) : this.w.more(difference);
    },
  },
};
