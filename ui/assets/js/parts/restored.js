// A backup took the place of what was here: what is said, until it is closed (CL15). Where that is
// out of sight a toast says it, too.
import { dayAndTime } from "../format.js";

export const Restored = {
  inject: ["screen"],
  template: `
    <div class="notice refused restored" role="alert" data-testid="restored">
      <div class="notice-text"><strong>{{ screen.t("restored.title") }}</strong><p>{{ text }}</p></div>
      <div class="repairs"><button type="button" class="text-button" @click="screen.dismiss('restored')">{{ screen.t("close") }}</button></div>
    </div>`,
  mounted() {
    this.screen.offerToast('[data-testid="restored"]', { kind: "own", key: "restored", title: this.screen.t("restored.title"), text: this.text, colour: 0, stays: true });
  },
  computed: {
    text() {
      const { t, room, ui } = this.screen;
      if (!room.restored.to) return t("restored.earlier");
      return t("restored.to", { time: dayAndTime(room.restored.to, ui.language) });
    },
  },
};
