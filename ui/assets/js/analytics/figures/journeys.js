// Where sessions went on to, from category to category.
import SortedTable from "../table.js";

export default {
  components: { SortedTable },
  props: { found: Object, w: Object },
  template: `<SortedTable :columns="columns" :rows="rows" :w="w" :label="w.t('analytics.journeys')" sort="sessions" :limit="14" testid="journeys" />`,
  computed: {
    // Each with its share of all that went on from the same place.
    rows() {
      const from = new Map();
      for (const { came_from, sessions } of this.found.rows) from.set(came_from, (from.get(came_from) ?? 0) + sessions);
      return this.found.rows.map((move) => ({ ...move, share: move.sessions / from.get(move.came_from) }));
    },
    columns() {
      const { t } = this.w;
      const place = (key, label) => ({ key, label: t(`analytics.${label}`), head: key === "came_from", of: (m) => this.w.step(m[key]), text: (m) => this.w.step(m[key]) });
      return [
        place("came_from", "cameFrom"),
        place("went_to", "wentTo"),
        { key: "sessions", label: t("analytics.sessions"), num: true, text: (m) => this.w.number(m.sessions) },
        { key: "share", label: t("analytics.shareFrom"), num: true, text: (m) => this.w.percent(m.share), bar: (m) => m.share },
      ];
    },
  },
};
