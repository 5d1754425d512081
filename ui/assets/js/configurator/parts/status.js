// The status: whether everything is saved. It claims only what is known.
import { defineComponent } from "vue";
import { use } from "../context.js";
export const Status = defineComponent({
  setup: () => use("texts", "state"),
  template: /* HTML */ `
    <p class="status" :class="status.name" data-testid="status" :data-status="status.name">
      <span class="dot" aria-hidden="true"></span><span class="status-long">{{ long }}</span
      ><span class="status-short" aria-hidden="true">{{ short }}</span>
    </p>
  `,
  computed: {
    status() {
      return this.state.status;
    },
    long() {
      const { name, count } = this.status;
      if (["offline", "gone"].includes(name) && count) return this.texts.t(`status.${name}Waiting`, { count });
      return this.texts.t("status." + name, { count });
    },
    short() {
      const { name, count } = this.status;
      if (["offline", "gone"].includes(name) && count) return this.texts.t(`status.short.${name}Waiting`, { count });
      return this.texts.t("status.short." + name);
    },
  },
});
