// What is saved and what is not. Says only what is known.
export const Status = {
  inject: ["screen"],
  template: `<p class="status" :class="status.name" data-testid="status" :data-status="status.name"><span class="dot" aria-hidden="true"></span><span class="status-long">{{ long }}</span><span class="status-short" aria-hidden="true">{{ short }}</span></p>`,
  computed: {
    status() {
      return this.screen.status.value;
    },
    long() {
      const { name, count } = this.status;
      if (["offline", "gone"].includes(name) && count) return this.screen.t(`status.${name}Waiting`, { count });
      return this.screen.t("status." + name, { count });
    },
    short() {
      const { name, count } = this.status;
      if (["offline", "gone"].includes(name) && count) return this.screen.t(`status.short.${name}Waiting`, { count });
      return this.screen.t("status.short." + name);
    },
  },
};
