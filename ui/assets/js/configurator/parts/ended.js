// The notice that the membership was ended, with the changes that were not saved. The house stays
// in sight. If the notice is out of sight, a toast tells it, too.
import { defineComponent } from "vue";
import { use } from "../context.js";
/** @import { Toast } from "../types.js" */

export const Ended = defineComponent({
  setup: () => use("texts", "words", "actions", "state"),
  template: /* HTML */ `
    <div class="notice refused ended" role="alert" data-testid="ended">
      <div class="notice-text">
        <strong>{{ state.closed?.title }}</strong>
        <p>{{ state.closed?.text }}</p>
        <template v-if="unsaved.length"
          ><p>{{ texts.t("ended.unsaved") }}</p>
          <ul>
            <li v-for="u in unsaved" :key="u.key">{{ u.text }}</li>
          </ul></template
        >
      </div>
      <div class="repairs">
        <button type="button" class="button" @click="actions.rejoin()">{{ texts.t("again") }}</button
        ><a class="button" href="/">{{ texts.t("gone.home") }}</a>
      </div>
    </div>
  `,
  mounted() {
    this.actions.offerToast('[data-testid="ended"]', () => (this.state.room.ended ? this.toast : null));
  },
  watch: {
    // Whether a restore was the reason is known only a moment later.
    "toast.text"() {
      const shown = this.state.ui.toasts.find((each) => each.key === "ended");
      if (shown) Object.assign(shown, this.toast);
    },
  },
  beforeUnmount() {
    this.actions.closeToast("ended");
  },
  computed: {
    /** @returns {Toast} */
    toast() {
      const { title, text } = this.state.closed ?? { title: "", text: "" };
      const lost = this.unsaved.length
        ? `${this.texts.t("ended.unsaved")} ${this.unsaved.map((u) => u.text).join("; ")}.`
        : "";
      return { kind: "own", key: "ended", title, text: `${text} ${lost}`.trim(), colour: 0, stays: true };
    },
    /** @returns {{ key: string, text: string }[]} */
    unsaved() {
      return this.state.room.pending.map((p) => ({ key: p.op_id, text: this.words.describeAsked(p.operation) }));
    },
  },
});
