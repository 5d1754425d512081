// Signing out on a shared computer: first what will be lost and a link back; then nothing is left.
import { defineComponent, ref } from "vue";
import { use } from "../../context.js";
import { forgetDevice, makeWayBack } from "../../../device/forget.js";

export const Forget = defineComponent({
  setup: () => ({
    ...use("texts", "actions", "state"),
    title: ref(/** @type {HTMLElement | null} */ (null)),
    begin: ref(/** @type {HTMLElement | null} */ (null)),
    link: ref(/** @type {HTMLInputElement | null} */ (null)),
  }),
  data: () => ({ asking: false, elsewhere: 0, busy: false, url: "", until: "", copied: false, problem: "" }),
  template: /* HTML */ `
    <div v-if="state.room.you?.role !== 'admin'" class="forget">
      <button v-if="!asking" ref="begin" type="button" class="text-button" data-testid="forget" @click="ask">
        {{ texts.t("forget.title") }}
      </button>
      <section v-else aria-labelledby="forget-title">
        <h2 id="forget-title" ref="title" tabindex="-1">{{ texts.t("forget.title") }}</h2>
        <p>{{ texts.t("forget.about") }}</p>
        <p v-if="waiting" class="problem" role="status" data-testid="forget-waiting">
          {{ texts.t("forget.waiting", { count: waiting }) }}
        </p>
        <template v-if="url">
          <label for="way-back">{{ texts.t("forget.link") }}</label>
          <div class="row">
            <input id="way-back" ref="link" readonly :value="url" @focus="$event.target.select()" /><button
              type="button"
              class="button"
              @click="copy"
            >
              {{ texts.t(copied ? "invite.copied" : "invite.copy") }}
            </button>
          </div>
          <p class="hint">{{ texts.t("forget.linkAbout", { date: until }) }}</p>
        </template>
        <template v-else
          ><p>{{ texts.t("forget.noLink") }}</p>
          <button type="button" class="button primary" :disabled="busy" data-testid="way-back-make" @click="make">
            {{ texts.t("forget.make") }}
          </button></template
        >
        <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
        <div class="row">
          <button
            type="button"
            :class="['button', { primary: url && !waiting }]"
            :disabled="busy"
            data-testid="forget-sure"
            @click="forget"
          >
            {{ texts.t(waiting ? "forget.sureWaiting" : url ? "forget.sure" : "forget.sureWithout") }}</button
          ><button type="button" class="button" @click="keep">{{ texts.t("forget.keep") }}</button>
        </div>
      </section>
    </div>
  `,
  computed: {
    // Changes without an answer, in this tab and in others: they are lost without this person's
    // token.
    /** @returns {number} */
    waiting() {
      return this.state.room.pending.length + this.elsewhere;
    },
  },
  methods: {
    async ask() {
      this.asking = true;
      await this.$nextTick();
      this.title?.focus();
      await this.count();
    },
    async count() {
      this.elsewhere = await this.actions.unsentElsewhere();
    },
    async keep() {
      this.asking = false;
      await this.$nextTick();
      this.begin?.focus();
    },
    make() {
      return this.trying(async () => {
        const { url, until } = await makeWayBack();
        Object.assign(this, {
          url,
          until: new Date(until).toLocaleDateString(document.documentElement.lang === "de" ? "de-AT" : "en-GB"),
        });
        await this.$nextTick();
        this.link?.select();
      });
    },
    async copy() {
      this.link?.select();
      this.copied = await navigator.clipboard?.writeText(this.url).then(
        () => true,
        () => false,
      );
    },
    forget() {
      return this.trying(async () => {
        const told = this.waiting;
        await this.count();
        // More is lost than the button said, so it must be pressed once more.
        if (this.waiting > told) return;
        await forgetDevice(this.url);
        this.actions.stop();
        window.location.replace("/signed-out");
      });
    },
    /** @param {() => Promise<void>} work */
    async trying(work) {
      Object.assign(this, { busy: true, problem: "" });
      try {
        await work();
      } catch {
        this.problem = this.texts.t("forget.failed");
      }
      this.busy = false;
    },
  },
});
