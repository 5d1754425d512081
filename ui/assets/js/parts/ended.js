// Somebody ended our membership: what is said, and what was not saved. The house stays in sight. Where
// the notice is out of sight a toast says it, too.
export const Ended = {
  inject: ["screen"],
  template: `
    <div class="notice refused ended" role="alert" data-testid="ended">
      <div class="notice-text">
        <strong>{{ screen.closed.value.title }}</strong>
        <p>{{ screen.closed.value.text }}</p>
        <template v-if="unsaved.length"><p>{{ screen.t("ended.unsaved") }}</p><ul><li v-for="u in unsaved" :key="u.key">{{ u.text }}</li></ul></template>
      </div>
      <div class="repairs"><button type="button" class="button" @click="screen.rejoin()">{{ screen.t("again") }}</button><a class="button" href="/">{{ screen.t("gone.home") }}</a></div>
    </div>`,
  mounted() {
    this.screen.offerToast('[data-testid="ended"]', () => (this.screen.room.ended ? this.toast : null));
  },
  watch: {
    // That it was a restore is known a moment later.
    "toast.text"() {
      const shown = this.screen.ui.toasts.find((each) => each.key === "ended");
      if (shown) Object.assign(shown, this.toast);
    },
  },
  beforeUnmount() {
    this.screen.closeToast("ended");
  },
  computed: {
    toast() {
      const { title, text } = this.screen.closed.value ?? {};
      const lost = this.unsaved.length ? `${this.screen.t("ended.unsaved")} ${this.unsaved.map((u) => u.text).join("; ")}.` : "";
      return { kind: "own", key: "ended", title, text: `${text} ${lost}`.trim(), colour: 0, stays: true };
    },
    unsaved() {
      return this.screen.room.pending.map((p) => ({ key: p.op_id, text: this.screen.describeAsked(p.operation) }));
    },
  },
};
