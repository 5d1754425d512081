// Signing out on a computer that others use: what will be gone, a link back, and then nothing is left.
import { forgetDevice, makeWayBack } from "../forgetting.js";

export const Forget = {
  inject: ["screen"],
  data: () => ({ asking: false, elsewhere: 0, busy: false, url: "", until: "", copied: false, problem: "" }),
  template: `
    <div v-if="screen.room.you?.role !== 'admin'" class="forget">
      <button v-if="!asking" ref="ask" type="button" class="text-button" data-testid="forget" @click="ask">{{ screen.t("forget.title") }}</button>
      <section v-else aria-labelledby="forget-title">
        <h2 id="forget-title" ref="title" tabindex="-1">{{ screen.t("forget.title") }}</h2>
        <p>{{ screen.t("forget.about") }}</p>
        <p v-if="waiting" class="problem" role="status" data-testid="forget-waiting">{{ screen.t("forget.waiting", { count: waiting }) }}</p>
        <template v-if="url">
          <label for="way-back">{{ screen.t("forget.link") }}</label>
          <div class="row"><input id="way-back" ref="link" readonly :value="url" @focus="$event.target.select()" /><button type="button" class="button" @click="copy">{{ screen.t(copied ? "invite.copied" : "invite.copy") }}</button></div>
          <p class="hint">{{ screen.t("forget.linkAbout", { date: until }) }}</p>
        </template>
        <template v-else><p>{{ screen.t("forget.noLink") }}</p><button type="button" class="button primary" :disabled="busy" data-testid="way-back-make" @click="make">{{ screen.t("forget.make") }}</button></template>
        <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
        <div class="row"><button type="button" :class="['button', { primary: url && !waiting }]" :disabled="busy" data-testid="forget-sure" @click="forget">{{ screen.t(waiting ? "forget.sureWaiting" : url ? "forget.sure" : "forget.sureWithout") }}</button><button type="button" class="button" @click="keep">{{ screen.t("forget.keep") }}</button></div>
      </section>
    </div>`,
  computed: {
    // What nobody has answered, in this tab and in the others: without this person's token it is lost.
    waiting() {
      return this.screen.room.pending.length + this.elsewhere;
    },
  },
  methods: {
    async ask() {
      this.asking = true;
      await this.$nextTick();
      this.$refs.title.focus();
      await this.count();
    },
    async count() {
      this.elsewhere = await this.screen.siblings.unsent();
    },
    async keep() {
      this.asking = false;
      await this.$nextTick();
      this.$refs.ask.focus();
    },
    make() {
      return this.trying(async () => {
        const { url, until } = await makeWayBack();
        Object.assign(this, { url, until: new Date(until).toLocaleDateString(document.documentElement.lang === "de" ? "de-AT" : "en-GB") });
        await this.$nextTick();
        this.$refs.link.select();
      });
    },
    async copy() {
      this.$refs.link.select();
      this.copied = await navigator.clipboard?.writeText(this.url).then(() => true, () => false);
    },
    forget() {
      return this.trying(async () => {
        const told = this.waiting;
        await this.count();
        if (this.waiting > told) return; // more is lost than the button said: it is pressed once more
        await forgetDevice(this.url);
        this.screen.stop();
        window.location.replace("/signed-out");
      });
    },
    async trying(work) {
      Object.assign(this, { busy: true, problem: "" });
      try {
        await work();
      } catch {
        this.problem = this.screen.t("forget.failed");
      }
      this.busy = false;
    },
  },
};
