// What sessions did in each category of the catalogue.
import SortedTable from "../table.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="rows" :w="w" :label="w.t('analytics.steps')" :limit="20" testid="steps" />`,
  computed: {
    rows() {
      return this.found.rows.filter((s) => this.w.isCategory(s.category));
    },
    columns() {
      const { t } = this.w;
      const number = (key, label) => ({ key, label: t(`analytics.${label}`), num: true, text: (s) => this.w.number(s[key]) });
      const span = (key, label, of) => ({ key, label: t(`analytics.${label}`), num: true, of, text: (s) => this.w.span(of(s)) });
      return [
        { key: "category", label: t("analytics.category"), head: true, of: (s) => this.w.order(s.category), text: (s) => this.w.category(s.category) },
        number("looked", "looked"),
        number("chose", "chose"),
        number("changes_of_mind", "minds"),
        span("decision_ms_median", "decision", (s) => s.decision_ms_median),
        span("time_ms", "timeEach", (s) => (s.looked ? s.time_ms / s.looked : null)),
      ];
    },
  },
};
