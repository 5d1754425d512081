// A choice of one among several, in the browser's own list (ui/staff/select.py).
import { defineComponent } from "vue";

const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  inheritAttrs: false,
  props: { label: text, options: text, value: text, disabled: Boolean, unlabelled: Boolean, once: Boolean },
  emits: ["pick"],
  template: /* HTML */ `
    <label class="select">
      <span :class="{ 'sr-only': unlabelled }">{{ label }}</span>
      <select v-bind="$attrs" :value="value" :disabled="disabled" @change="pick">
        <option v-for="[id, name] in offered[0]" :key="id" :value="id">{{ name }}</option>
        <optgroup v-for="[name, ids] in offered[1]" :key="name" :label="name">
          <option v-for="id in ids" :key="id" :value="id">{{ id }}</option>
        </optgroup>
      </select>
    </label>
  `,
  computed: {
    /** @returns {[[string, string][], [string, string[]][]]} */
    offered() {
      return JSON.parse(this.options);
    },
  },
  methods: {
    /** @param {{ target: HTMLSelectElement }} event */
    pick({ target }) {
      const picked = target.value;
      if (this.once) target.value = this.value;
      this.$emit("pick", picked);
    },
  },
});
