// An address to be copied: complete, with the origin, which only the browser knows.
import { defineComponent } from "vue";

const text = { type: String, default: "" };

export default defineComponent({
  props: { path: text, label: text, copy: text, copied: text, called: text },
  template: /* HTML */ `
    <div class="fields">
      <label class="broad"
        ><span>{{ label }}</span>
        <input ref="address" :value="address" readonly :data-testid="called" @focus="select" />
      </label>
      <button type="button" class="button" @click="copyAddress">{{ done ? copied : copy }}</button>
    </div>
  `,
  data: () => ({ done: false }),
  computed: {
    /** @returns {string} */
    address() {
      return location.origin + this.path;
    },
  },
  watch: {
    path() {
      this.done = false;
    },
  },
  methods: {
    select() {
      /** @type {HTMLInputElement} */ (this.$refs.address).select();
    },
    // Where the browser does not let a page copy, the address is selected at least.
    async copyAddress() {
      this.select();
      this.done = await Promise.resolve(navigator.clipboard?.writeText(this.address)).then(
        () => Boolean(navigator.clipboard),
        () => false,
      );
    },
  },
});
