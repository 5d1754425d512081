// The notice that a backup replaced the state of this house, until it is closed (CL15). If the
// notice is out of sight, a toast tells it, too.
import { defineComponent } from "vue";
import { use } from "../context.js";
import { dayAndTime } from "../../shared/format.js";

export const Restored = defineComponent({
  setup: () => use("texts", "actions", "state"),
  template: /* HTML */ `
    <div class="notice refused restored" role="alert" data-testid="restored">
      <div class="notice-text">
        <strong>{{ texts.t("restored.title") }}</strong>
        <p>{{ text }}</p>
      </div>
      <div class="repairs">
        <button type="button" class="text-button" @click="actions.dismiss('restored')">{{ texts.t("close") }}</button>
      </div>
    </div>
  `,
  mounted() {
    this.actions.offerToast('[data-testid="restored"]', {
      kind: "own",
      key: "restored",
      title: this.texts.t("restored.title"),
      text: this.text,
      colour: 0,
      stays: true,
    });
  },
  computed: {
    /** @returns {string} */
    text() {
      const to = this.state.room.restored?.to;
      if (!to) return this.texts.t("restored.earlier");
      return this.texts.t("restored.to", { time: dayAndTime(to, this.texts.language()) });
    },
  },
});
