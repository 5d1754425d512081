// A button for what cannot be taken back: it asks once more in its own place.
export default {
  props: { label: String, question: String, keep: String, go: String, named: String, busy: Boolean, plain: Boolean },
  emits: ["sure"],
  template: `
    <span v-if="asking" class="sure" role="group" :aria-label="question" @keydown.esc.stop="stay">
      <span>{{ question }}</span>
      <button type="button" class="button small danger" :disabled="busy" @click="yes">{{ go || label }}</button>
      <button ref="keep" type="button" class="button small" @click="stay">{{ keep }}</button>
    </span>
    <button v-else ref="ask" type="button" class="button small" :class="{ danger: !plain }" :aria-label="named" :disabled="busy" @click="ask">{{ label }}</button>`,
  data: () => ({ asking: false }),
  methods: {
    async ask() {
      this.asking = true;
      await this.$nextTick();
      this.$refs.keep.focus();
    },
    async stay() {
      this.asking = false;
      await this.$nextTick();
      this.$refs.ask?.focus();
    },
    yes() {
      this.asking = false;
      this.$emit("sure");
    },
  },
};
