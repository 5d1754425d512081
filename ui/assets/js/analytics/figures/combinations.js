// Which options end up together: the most frequent houses as they are now.
import SortedTable from "../table.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="found.rows" :w="w" :label="w.t('analytics.combinations')" sort="houses" :limit="8" testid="combinations" />`,
  computed: {
    columns() {
      const { t } = this.w;
      return [
        { key: "selection", label: t("analytics.together"), head: true, wide: true, of: this.together, text: this.together },
        { key: "houses", label: t("analytics.houses"), num: true, text: (h) => this.w.number(h.houses) },
        { key: "share", label: t("analytics.share"), num: true, text: (h) => this.w.percent(h.share), bar: (h) => h.share },
        { key: "completed", label: t("analytics.completed"), num: true, text: (h) => this.w.number(h.completed) },
        { key: "total_cents", label: t("analytics.price"), num: true, text: (h) => this.w.euro(h.total_cents) },
      ];
    },
  },
  methods: {
    together(house) {
      const chosen = Object.entries(house.selection).sort(([a], [b]) => this.w.order(a) - this.w.order(b));
      return chosen.map(([category, choice]) => this.w.choice(category, choice)).join(" · ");
    },
  },
};
