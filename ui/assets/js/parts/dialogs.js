// What opens in a sheet: invitation, inquiry, reset.
import { uuid7 } from "../ids.js";

async function post(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
  const parsed = await answer.json().catch(() => null);
  return { ok: answer.ok, status: answer.status, body: parsed };
}

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
        const answer = await post(`/api/configurations/${encodeURIComponent(this.screen.room.configuration)}/share-links`, { role: "editor" });
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

export const Inquiry = {
  inject: ["screen"],
  data: () => ({ inquiryId: uuid7(), name: "", email: "", message: "", consent: false, state: "editing", problem: null, done: null, missing: {} }),
  template: `
    <div v-if="state === 'done'" class="confirmation" ref="done" tabindex="-1" role="status">
      <p class="big">{{ screen.t("inquiry.done", { name: name }) }}</p>
      <dl class="facts">
        <div><dt>{{ screen.t("inquiry.reference") }}</dt><dd><strong data-testid="inquiry-reference">{{ done.reference }}</strong></dd></div>
        <div><dt>{{ screen.t("inquiry.sum") }}</dt><dd>{{ screen.euro(done.total_cents) }}</dd></div>
        <div><dt>{{ screen.t("inquiry.version") }}</dt><dd>{{ done.version }}</dd></div>
      </dl>
      <p>{{ screen.t("inquiry.next", { email: email }) }}</p>
      <button type="button" class="button primary" @click="screen.close()">{{ screen.t("inquiry.back") }}</button>
    </div>
    <form v-else novalidate @submit.prevent="submit" class="form">
      <p>{{ screen.t("inquiry.explain", { total: screen.euro(screen.room.derived.price.total_cents) }) }}</p>
      <p v-if="screen.status.value.name !== 'saved'" class="hint" role="status">{{ screen.t("inquiry.unsaved") }}</p>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <div class="field"><label for="inquiry-name">{{ screen.t("inquiry.name") }}</label>
        <input id="inquiry-name" v-model.trim="name" autocomplete="name" maxlength="120" :aria-invalid="missing.name ? 'true' : null" :aria-describedby="missing.name ? 'missing-name' : null" />
        <span v-if="missing.name" id="missing-name" class="problem">{{ screen.t("inquiry.needName") }}</span></div>
      <div class="field"><label for="inquiry-email">{{ screen.t("inquiry.email") }}</label>
        <input id="inquiry-email" v-model.trim="email" type="email" autocomplete="email" maxlength="254" :aria-invalid="missing.email ? 'true' : null" :aria-describedby="missing.email ? 'missing-email' : null" />
        <span v-if="missing.email" id="missing-email" class="problem">{{ screen.t("inquiry.needEmail") }}</span></div>
      <div class="field"><label for="inquiry-message">{{ screen.t("inquiry.message") }} <span class="quiet">{{ screen.t("optional") }}</span></label>
        <textarea id="inquiry-message" v-model.trim="message" rows="3" maxlength="2000"></textarea></div>
      <label class="check"><input type="checkbox" v-model="consent" id="inquiry-consent" :aria-invalid="missing.consent ? 'true' : null" :aria-describedby="missing.consent ? 'missing-consent' : null" /><span>{{ screen.t("inquiry.consent") }}</span></label>
      <span v-if="missing.consent" id="missing-consent" class="problem">{{ screen.t("inquiry.needConsent") }}</span>
      <button type="submit" class="button primary wide" :disabled="state === 'sending'">{{ screen.t(state === "sending" ? "inquiry.sending" : "inquiry.send") }}</button>
    </form>`,
  methods: {
    async submit() {
      this.missing = { name: !this.name, email: !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(this.email), consent: !this.consent };
      if (this.missing.name || this.missing.email || this.missing.consent) {
        await this.$nextTick();
        document.querySelector(".sheet [aria-invalid=true]")?.focus();
        return;
      }
      this.state = "sending";
      this.problem = null;
      try {
        const answer = await post(`/api/configurations/${encodeURIComponent(this.screen.room.configuration)}/inquiries`, {
          inquiry_id: this.inquiryId,
          name: this.name,
          email: this.email,
          consent: true,
          message: this.message,
        });
        if (answer.ok) {
          this.done = answer.body;
          this.state = "done";
          this.screen.track("inquiry", "inquiry", { elementId: "sent" });
          await this.$nextTick();
          this.$refs.done?.focus();
          return;
        }
        if (answer.body?.error?.code === "inquiry_id_reused") this.inquiryId = uuid7();
        this.problem = this.screen.say(answer.body?.error?.message) || this.screen.t("inquiry.failed");
      } catch {
        this.problem = this.screen.t("inquiry.failed");
      }
      this.state = "editing";
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
