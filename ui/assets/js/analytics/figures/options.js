// Every option that was chosen, in how many sessions, and whether it stayed.
import SortedTable from "../table.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="found.rows" :w="w" :label="w.t('analytics.options')" sort="sessions" testid="options" />`,
  computed: {
    columns() {
      const { t } = this.w;
      const number = (key, label) => ({ key, label: t(`analytics.${label}`), num: true, text: (o) => this.w.number(o[key]) });
      return [
        { key: "option", label: t("analytics.option"), head: true, of: this.name, text: this.name },
        { key: "category", label: t("analytics.category"), quiet: true, of: (o) => this.w.order(o.category), text: (o) => this.w.category(o.category) },
        number("sessions", "chosenIn"),
        { key: "share", label: t("analytics.share"), num: true, text: (o) => this.w.percent(o.share), bar: (o) => o.share },
        { key: "kept", label: t("analytics.kept"), num: true, text: (o) => this.w.number(o.kept) },
        { key: "stayed", label: t("analytics.stayed"), num: true, of: this.stayed, text: (o) => this.w.percent(this.stayed(o)) },
        number("selections", "selections"),
      ];
    },
  },
  methods: {
    name(o) {
      return this.w.option(o.category, o.option);
    },
    stayed(o) {
      return o.sessions ? o.kept / o.sessions : null;
    },
  },
};
