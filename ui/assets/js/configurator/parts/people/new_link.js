// A new link into this house: its role, its lifetime, and its number of people.
import { defineComponent, ref } from "vue";
import { refusalIn, request } from "../../../shared/http.js";
import { use } from "../../context.js";

const LIFETIMES = [1, 24, 168, 2160];
const USES = [0, 1, 3, 10];

export const NewLink = defineComponent({
  setup: () => ({
    ...use("texts", "actions", "state"),
    field: ref(/** @type {HTMLInputElement | null} */ (null)),
  }),
  emits: ["made"],
  data: () => ({
    role: "editor",
    hours: 168,
    uses: 0,
    url: "",
    step: /** @type {"ready" | "loading" | "failed" | "select" | "copied"} */ ("ready"),
    message: /** @type {string | null} */ (null),
    LIFETIMES,
    USES,
  }),
  template: /* HTML */ `
    <p>{{ texts.t("invite.explain") }}</p>
    <form class="new-link" @submit.prevent="make">
      <div class="field">
        <label for="link-role">{{ texts.t("invite.role") }}</label>
        <select id="link-role" v-model="role">
          <option v-for="r in ['editor', 'viewer']" :key="r" :value="r">{{ texts.t("invite.role." + r) }}</option>
        </select>
      </div>
      <div class="field">
        <label for="link-life">{{ texts.t("invite.life") }}</label>
        <select id="link-life" v-model.number="hours">
          <option v-for="h in LIFETIMES" :key="h" :value="h">{{ texts.t("invite.life." + h) }}</option>
        </select>
      </div>
      <div class="field">
        <label for="link-uses">{{ texts.t("invite.uses") }}</label>
        <select id="link-uses" v-model.number="uses">
          <option v-for="u in USES" :key="u" :value="u">{{ texts.t("invite.uses." + u) }}</option>
        </select>
      </div>
      <button type="submit" class="button primary" :disabled="step === 'loading'">{{ texts.t("invite.make") }}</button>
    </form>
    <div role="status" class="made">
      <p v-if="step === 'loading'" class="quiet">{{ texts.t("invite.loading") }}</p>
      <p v-else-if="step === 'failed'" class="problem">{{ message ?? texts.t("invite.failed") }}</p>
      <template v-else-if="url">
        <label for="invite-link">{{ texts.t("invite.link") }}</label>
        <div class="row">
          <input id="invite-link" ref="field" readonly :value="url" @focus="$event.target.select()" />
          <button type="button" class="button" @click="copy">{{ texts.t("invite.copy") }}</button>
        </div>
        <p class="hint">
          {{ texts.t(step === "copied" ? "invite.copied" : "invite.select") }} {{ texts.t("invite.once") }}
        </p>
      </template>
    </div>
  `,
  methods: {
    async make() {
      this.url = "";
      this.step = "loading";
      try {
        const asked = { role: this.role, lifetime_hours: this.hours, uses_max: this.uses || null };
        const answer = await request("POST", `${this.state.houseApi}/share-links`, asked);
        if (!answer.ok || !answer.body?.url) {
          this.message = this.texts.say(refusalIn(answer)) || null;
          this.step = "failed";
          return;
        }
        this.url = new URL(answer.body.url, window.location.href).href;
        this.step = "select";
        this.actions.track("invite", "share", { elementId: "share-link" });
        this.$emit("made");
        await this.$nextTick();
        await this.copy();
      } catch {
        this.message = null;
        this.step = "failed";
      }
    },
    async copy() {
      try {
        await navigator.clipboard.writeText(this.url);
        this.step = "copied";
      } catch {
        this.field?.focus();
        this.field?.select();
        this.step = "select";
      }
    },
  },
});
