// A table whose rows say what Python decided: texts, tones, buttons. On a phone every row is a card.
// Not Quasar's: a template that Python hands to a slot is a new component at every update of the page,
// so every few seconds each row would be made again, and would lose its focus and its open details.
import { defineComponent } from "vue";

/**
 * @typedef {{ name: string, label: string, classes: string }} Column
 * @typedef {{ text?: string, tone?: string, mark?: string, note?: string, title?: string, more?: string, act?: string }} Cell
 * @typedef {{ act: string, text: string, name: string, disabled: boolean }} Action
 * @typedef {{ key: string, sum: boolean, cells: Cell[], actions: Action[] }} Row see ui/staff/table.py
 */
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  props: { columns: text, rows: text, called: String, actions: String, more: String },
  emits: ["act"],
  template: `
    <table class="stack">
      <thead><tr>
        <th v-for="c in head" :key="c.name" scope="col" :class="c.classes">{{ c.label }}</th>
        <th v-if="actions" scope="col"><span class="sr-only">{{ actions }}</span></th>
      </tr></thead>
      <tbody>
        <tr v-for="r in lines" :key="r.key" :class="{ sum: r.sum }" :data-testid="r.sum ? null : called">
          <component v-for="(c, i) in head" :key="c.name" :is="i ? 'td' : 'th'" :scope="i ? null : 'row'" :class="c.classes" :data-label="i ? c.label : null">
            <button v-if="r.cells[i].act" type="button" class="cell-button" @click="$emit('act', r.key, r.cells[i].act)">{{ r.cells[i].text }}</button>
            <span v-else-if="r.cells[i].text" :class="r.cells[i].tone" :title="r.cells[i].title">{{ r.cells[i].text }}</span><template v-for="more in ['mark', 'note']" :key="more"><template v-if="r.cells[i][more]">{{ " " }}<span :class="more">{{ r.cells[i][more] }}</span></template></template>
            <details v-if="r.cells[i].more"><summary>{{ more }}</summary><pre tabindex="0">{{ r.cells[i].more }}</pre></details>
          </component>
          <td v-if="actions" class="actions"><button v-for="a in r.actions" :key="a.act" type="button" class="button small" :disabled="a.disabled" :aria-label="a.name" @click="$emit('act', r.key, a.act)">{{ a.text }}</button></td>
        </tr>
      </tbody>
    </table>`,
  computed: {
    /** @returns {Column[]} */
    head() {
      return JSON.parse(this.columns);
    },
    /** @returns {Row[]} */
    lines() {
      return JSON.parse(this.rows);
    },
  },
});
