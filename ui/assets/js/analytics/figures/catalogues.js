// The effect of a catalogue version: how sessions ended, by the catalogue of their house.
import SortedTable from "../table.js";
import { outcomeColumns, sessionsColumn } from "./outcomes.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="found.rows" :w="w" :label="w.t('analytics.catalogues')" testid="catalogues" />`,
  computed: {
    columns() {
      const { t } = this.w;
      const said = (row) => row.catalogue_id || t("analytics.noCatalogue");
      return [
        { key: "catalogue_id", label: t("analytics.catalogue"), head: true, of: said, text: said },
        { key: "published_at", label: t("analytics.published"), of: (row) => row.published_at, text: (row) => this.w.date(row.published_at) },
        sessionsColumn(this.w, this.found.rows),
        ...outcomeColumns(this.w),
      ];
    },
  },
};
