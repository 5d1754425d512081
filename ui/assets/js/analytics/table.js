// A table that sorts by any of its columns and shows its first rows until all are asked for.
// A column: { key, label, num, head, wide, of: (row) => what it sorts by, text: (row) => what it says,
// bar: (row) => 0 to 1, clip, unsorted }. Without `of` and `text` it is row[key]. With `served`, the
// rows come in that order ({ key, up }), and another one is asked for by `order`.
export default {
  props: {
    columns: Array,
    rows: Array,
    w: Object,
    label: String,
    limit: { type: Number, default: 12 },
    sort: { type: String, default: "" },
    served: { type: Object, default: null },
    empty: { type: String, default: "" },
    testid: { type: String, default: null },
  },
  emits: ["order"],
  template: `
    <div>
      <div class="scroll" tabindex="0" role="group" :aria-label="label">
        <table :data-testid="testid">
          <caption class="sr-only">{{ label }}</caption>
          <thead><tr>
            <th v-for="c in columns" :key="c.key" scope="col" :class="{ num: c.num }" :aria-sort="sorting(c)">
              <span v-if="c.unsorted">{{ c.label }}</span>
              <button v-else type="button" @click="by(c)">{{ c.label }}<span aria-hidden="true">{{ arrow(c) }}</span></button>
            </th>
            <th v-if="$slots.actions" scope="col"><span class="sr-only">{{ w.t("analytics.actions") }}</span></th>
          </tr></thead>
          <tbody>
            <tr v-for="(row, n) in shown" :key="row.id ?? n">
              <component v-for="c in columns" :key="c.key" :is="c.head ? 'th' : 'td'" :scope="c.head ? 'row' : null"
                :class="{ num: c.num, broad: c.wide, quiet: c.quiet, clip: c.clip }" :title="c.clip ? said(c, row) : null">
                <span v-if="c.bar" class="share" aria-hidden="true"><span :style="{ width: 100 * c.bar(row) + '%' }"></span></span>
                <span :class="{ beside: c.bar }">{{ said(c, row) }}</span>
              </component>
              <td v-if="$slots.actions" class="num"><slot name="actions" :row="row"></slot></td>
            </tr>
          </tbody>
        </table>
      </div>
      <p v-if="!rows.length" class="quiet">{{ empty || w.t("analytics.none") }}</p>
      <button v-if="rows.length > limit" type="button" class="text-button less" :aria-expanded="String(all)" @click="all = !all">
        {{ all ? w.t("analytics.showLess") : w.t("analytics.showAll", { n: w.number(rows.length) }) }}
      </button>
    </div>`,
  data() {
    return { key: this.sort, up: false, all: false };
  },
  computed: {
    order() {
      return this.served ?? { key: this.key, up: this.up };
    },
    shown() {
      const rows = this.key && !this.served ? sorted(this.rows, this.value(this.columns.find((c) => c.key === this.key)), this.up) : this.rows;
      return this.all ? rows : rows.slice(0, this.limit);
    },
  },
  methods: {
    value(column) {
      return column.of ?? ((row) => row[column.key]);
    },
    said(column, row) {
      return column.text ? column.text(row) : row[column.key] ?? "–";
    },
    by(column) {
      const up = this.order.key === column.key ? !this.order.up : !column.num;
      if (this.served) this.$emit("order", { key: column.key, up });
      else Object.assign(this, { key: column.key, up });
    },
    sorting(column) {
      if (column.unsorted) return null;
      return this.order.key !== column.key ? "none" : this.order.up ? "ascending" : "descending";
    },
    arrow(column) {
      return this.order.key !== column.key ? "" : this.order.up ? " ↑" : " ↓";
    },
  },
};

// What is not known comes last, whichever way.
export function sorted(rows, value, up) {
  const known = rows.filter((row) => value(row) != null);
  const sign = up ? 1 : -1;
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  known.sort((a, b) => sign * compare(value(a), value(b)));
  return [...known, ...rows.filter((row) => value(row) == null)];
}
