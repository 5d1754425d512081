// A button for what cannot be taken back: it asks once more in its own place.
export default {
  props: { label: String, question: String, w: Object },
  emits: ["sure"],
  template: `
    <span v-if="asking" class="sure" role="group" :aria-label="question">
      <span>{{ question }}</span>
      <button ref="yes" type="button" class="button small danger" @click="yes">{{ label }}</button>
      <button type="button" class="button small" @click="asking = false">{{ w.t("analytics.cancel") }}</button>
    </span>
    <button v-else type="button" class="button small danger" @click="ask">{{ label }}</button>`,
  data: () => ({ asking: false }),
  methods: {
    async ask() {
      this.asking = true;
      await this.$nextTick();
      this.$refs.yes.focus();
    },
    yes() {
      this.asking = false;
      this.$emit("sure");
    },
  },
};
