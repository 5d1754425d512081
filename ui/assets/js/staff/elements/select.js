// A choice of one among several, in the browser's own list (ui/staff/select.py).
import { defineComponent } from "vue";

// The time that Python has to show what somebody picked. Until then, other updates leave it in sight.
const ANSWER_MS = 5000;
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  inheritAttrs: false,
  props: { label: text, options: text, value: text, disabled: Boolean, unlabelled: Boolean, once: Boolean },
  emits: ["pick"],
  template: /* HTML */ `
    <label class="select">
      <span :class="{ 'sr-only': unlabelled }">{{ label }}</span>
      <select v-bind="$attrs" :value="picked ?? value" :data-told="value" :disabled="disabled" @change="pick">
        <option v-for="[id, name] in offered[0]" :key="id" :value="id">{{ name }}</option>
        <optgroup v-for="[name, ids] in offered[1]" :key="name" :label="name">
          <option v-for="id in ids" :key="id" :value="id">{{ id }}</option>
        </optgroup>
      </select>
    </label>
  `,
  data: () => ({
    picked: /** @type {string | null} */ (null),
    waiting: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  }),
  watch: {
    value() {
      this.picked = null;
    },
  },
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
      else this.hold(picked);
      this.$emit("pick", picked);
    },
    /** @param {string} picked */
    hold(picked) {
      this.picked = picked;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => (this.picked = null), ANSWER_MS);
    },
  },
});
