// What opens in a sheet: invitation, reset. The inquiry has a module of its own.
import { request } from "../http.js";

export const Invite = {
  inject: ["screen"],
  data: () => ({ url: "", state: "loading", message: null }),
  template: `
    <p>{{ screen.t("invite.explain") }}</p>
    <p v-if="state === 'loading'" class="quiet" role="status">{{ screen.t("invite.loading") }}</p>
    <template v-else-if="state === 'failed'">
      <p class="problem" role="alert">{{ message ?? screen.t("invite.failed") }}</p>
      <button type="button" class="button" @click="load">{{ screen.t("again") }}</button>
    </template>
    <template v-else>
      <label for="invite-link">{{ screen.t("invite.link") }}</label>
      <div class="row">
        <input id="invite-link" ref="link" readonly :value="url" @focus="$event.target.select()" />
        <button type="button" class="button primary" @click="copy">{{ screen.t("invite.copy") }}</button>
      </div>
      <p class="hint" role="status">{{ state === "copied" ? screen.t("invite.copied") : state === "select" ? screen.t("invite.select") : "" }}</p>
    </template>`,
  mounted() {
    this.load();
  },
  methods: {
    async load() {
      this.state = "loading";
      try {
        const answer = await request("POST", `/api/configurations/${encodeURIComponent(this.screen.room.configuration)}/share-links`, { role: "editor" });
        if (!answer.ok || !answer.body?.url) {
          this.message = this.screen.say(answer.body?.error?.message) || null;
          this.state = "failed";
          return;
        }
        this.url = new URL(answer.body.url, window.location.href).href;
        this.state = "ready";
        this.screen.track("invite", "share", { elementId: "share-link" });
        await this.$nextTick();
        await this.copy();
      } catch {
        this.message = null;
        this.state = "failed";
      }
    },
    async copy() {
      try {
        await navigator.clipboard.writeText(this.url);
        this.state = "copied";
      } catch {
        this.$refs.link?.focus();
        this.$refs.link?.select();
        this.state = "select";
      }
    },
  },
};

export const Reset = {
  inject: ["screen"],
  template: `
    <p>{{ screen.t("reset.explain") }}</p>
    <div class="row end">
      <button type="button" class="button quiet-button" @click="screen.close()">{{ screen.t("reset.keep") }}</button>
      <button type="button" class="button danger" @click="go">{{ screen.t("reset.confirm") }}</button>
    </div>`,
  methods: {
    go() {
      this.screen.submit({ kind: "reset" }, { guarded: true });
      this.screen.close();
    },
  },
};
