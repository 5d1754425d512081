// Sessions by device, language or referrer, and how they ended.
import SortedTable from "../table.js";
import { outcomeColumns, sessionsColumn } from "./outcomes.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="found.rows" :w="w" :label="w.t('analytics.breakdown')" testid="breakdown" />`,
  computed: {
    columns() {
      const said = (row) => this.w.part(row.value);
      const part = { key: "value", label: this.w.t("analytics.part"), head: true, wide: true, of: said, text: said };
      return [part, sessionsColumn(this.w, this.found.rows), ...outcomeColumns(this.w)];
    },
  },
};
