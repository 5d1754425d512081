// A table that sorts by any of its columns and shows its first rows until all are asked for. Python
// decides what its cells say and by which values they sort. Not Quasar's table, for the reasons in table.js.
import { defineComponent } from "vue";
import { sorted } from "./sorting.js";

/**
 * @import { Cell, Row as Sorted } from "./sorting.js"
 * @typedef {{ name: string, label: string, classes: string, head: boolean, number: boolean, sorts: boolean }} Column
 * @typedef {{ text: string, address: string, classes?: string, act?: string, download?: boolean, apart?: boolean }} RowLink
 * @typedef {Sorted & { key: string, links: RowLink[] }} Row
 * @typedef {{ name: string, up: boolean }} Order
 * @typedef {{ label: string, columns: Column[], rows: Row[], linked: boolean, empty: string, all: string }} Content
 *   see ui/figures/sorted_table.py
 */
const text = { type: String, required: /** @type {const} */ (true) };
/** @type {Content} */
const NOTHING = { label: "", columns: [], rows: [], linked: false, empty: "", all: "" };

/** @param {Cell} cell */
const whole = (cell) => (typeof cell === "string" ? { text: cell } : cell);

export default defineComponent({
  props: {
    content: text,
    order: text,
    less: text,
    actions: text,
    language: text,
    called: String,
    looks: String,
    limit: { type: Number, default: 0 },
    served: Boolean,
  },
  emits: ["order", "act"],
  template: /* HTML */ `
    <div>
      <div class="scroll" tabindex="0" role="group" :aria-label="found.label">
        <table v-if="found.columns.length" :class="looks" :data-testid="called || null">
          <caption class="sr-only">
            {{ found.label }}
          </caption>
          <thead>
            <tr>
              <th
                v-for="c in found.columns"
                :key="c.name"
                scope="col"
                :class="c.number ? 'num' : null"
                :aria-sort="sorting(c)"
              >
                <button v-if="c.sorts" type="button" @click="by(c)">
                  {{ c.label }}<span aria-hidden="true">{{ arrow(c) }}</span>
                </button>
                <span v-else>{{ c.label }}</span>
              </th>
              <th v-if="found.linked" scope="col">
                <span class="sr-only">{{ actions }}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="row in shown" :key="row.key">
              <component
                v-for="(cell, n) in row.cells.map(whole)"
                :key="n"
                :is="found.columns[n].head ? 'th' : 'td'"
                :scope="found.columns[n].head ? 'row' : null"
                :class="[found.columns[n].classes, { warm: cell.heat !== undefined }]"
                :style="cell.heat === undefined ? null : { '--part': cell.heat }"
                :title="cell.title || null"
              >
                <span v-if="cell.bar !== undefined" class="share" aria-hidden="true"
                  ><span :style="{ width: 100 * cell.bar + '%' }"></span
                ></span>
                <span :class="{ beside: cell.bar !== undefined }">{{ cell.text }}</span>
              </component>
              <td v-if="found.linked" class="num">
                <template v-for="(link, n) in row.links" :key="n"
                  >{{ n ? " " : "" }}<a
                    :href="link.address"
                    :class="link.classes || null"
                    :download="link.download ? '' : null"
                    :target="link.apart ? '_blank' : null"
                    :rel="link.apart ? 'noopener' : null"
                    @click="follow($event, row, link)"
                    >{{ link.text }}</a
                  ></template
                >
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <p v-if="!found.rows.length" class="quiet">{{ found.empty }}</p>
      <button
        v-if="limit && found.rows.length > limit"
        type="button"
        class="text-button less"
        :aria-expanded="String(all)"
        @click="all = !all"
      >
        {{ all ? less : found.all }}
      </button>
    </div>
  `,
  data: () => ({ own: /** @type {Order | null} */ (null), all: false }),
  computed: {
    /** @returns {Content} */
    found() {
      return this.content ? JSON.parse(this.content) : NOTHING;
    },
    // The order that somebody chose here, or that Python says.
    /** @returns {Order | null} */
    now() {
      return (this.served ? null : this.own) ?? JSON.parse(this.order);
    },
    /** @returns {Row[]} */
    shown() {
      const { columns, rows } = this.found;
      const { now } = this;
      const at = this.served ? -1 : columns.findIndex((column) => column.name === now?.name);
      const ordered = now && at >= 0 ? sorted(rows, at, now.up, this.language) : rows;
      return this.limit && !this.all ? ordered.slice(0, this.limit) : ordered;
    },
  },
  methods: {
    whole,
    /** @param {Column} column */
    by(column) {
      const { now } = this;
      const up = now?.name === column.name ? !now.up : !column.number;
      if (this.served) this.$emit("order", column.name, up ? "up" : "down");
      else this.own = { name: column.name, up };
    },
    /** @param {Column} column */
    sorting(column) {
      if (!column.sorts) return null;
      return this.now?.name !== column.name ? "none" : this.now.up ? "ascending" : "descending";
    },
    /** @param {Column} column */
    arrow(column) {
      return this.now?.name !== column.name ? "" : this.now.up ? " ↑" : " ↓";
    },
    // A click with a key held is the browser's: a new tab, a download.
    /** @param {MouseEvent} event @param {Row} row @param {RowLink} link */
    follow(event, row, link) {
      if (!link.act || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.$emit("act", row.key, link.act);
    },
  },
});
