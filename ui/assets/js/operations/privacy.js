// What is known of somebody: how much, all of it as a file, and erasing it for good.
import { answer, ask } from "../calling.js";

export const Privacy = {
  inject: ["desk"],
  data: () => ({ subject: "", asked: "", known: null, confirm: "", receipt: null, busy: "", problem: "" }),
  template: `
    <section aria-labelledby="privacy-title" class="privacy">
      <header><h2 id="privacy-title" tabindex="-1">{{ desk.t("operations.tab.privacy") }}</h2></header>
      <p class="quiet">{{ desk.t("operations.privacy.about") }}</p>
      <form class="search" @submit.prevent="look(subject)"><label><span>{{ desk.t("operations.privacy.subject") }}</span><input v-model="subject" maxlength="320" autocomplete="off" spellcheck="false" data-testid="subject" /></label><button class="button primary" :disabled="Boolean(busy) || !subject.trim()">{{ desk.t("operations.privacy.look") }}</button></form>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <div role="status" class="told"><p v-if="busy">{{ desk.t("operations.privacy." + busy) }}</p></div>
      <div v-if="receipt" class="card" data-testid="receipt"><h3 tabindex="-1" ref="receipt">{{ desk.t("operations.privacy.receipt", { time: desk.time(receipt.erased_at) }) }}</h3><p v-if="!kinds(receipt.counts).length" class="quiet">{{ desk.t("operations.privacy.receiptNothing") }}</p><dl class="counts"><div v-for="k in kinds(receipt.counts)" :key="k.kind"><dt>{{ k.name }}</dt><dd>{{ k.n }}</dd></div></dl></div>
      <template v-if="known">
        <div class="card" data-testid="known"><h3 tabindex="-1" ref="known">{{ title }}</h3>
          <p v-if="!kinds(known.counts).length" class="quiet">{{ desk.t(known.erased ? "operations.privacy.erased" : "operations.privacy.nothing") }}</p>
          <dl class="counts"><div v-for="k in kinds(known.counts)" :key="k.kind"><dt>{{ k.name }}</dt><dd>{{ k.n }}</dd></div></dl>
          <template v-if="known.people.length"><p>{{ desk.t("operations.privacy.people") }}</p><ul class="plain"><li v-for="p in known.people" :key="p"><button type="button" class="text-button id" @click="look(p)">{{ p }}</button></li></ul></template>
          <p class="row"><button type="button" class="button" :disabled="Boolean(busy)" @click="download" data-testid="download">{{ desk.t("operations.privacy.download") }}</button></p></div>
        <form class="card erase" @submit.prevent="erase" data-testid="erase"><h3>{{ desk.t("operations.privacy.erase") }}</h3><p>{{ desk.t("operations.privacy.eraseAbout") }}</p>
          <label><span>{{ desk.t("operations.privacy.confirm") }} <strong class="id">{{ asked }}</strong></span><input v-model="confirm" maxlength="320" autocomplete="off" spellcheck="false" data-testid="confirm" /></label>
          <button class="button danger" :disabled="Boolean(busy) || confirm.trim() !== asked" data-testid="erase-now">{{ desk.t("operations.privacy.eraseNow") }}</button></form>
      </template>
    </section>`,
  computed: {
    title() {
      const { person, email, sessions } = this.known.subject;
      const { t } = this.desk;
      return person ? t("operations.privacy.isPerson", { id: person }) : email ? t("operations.privacy.isEmail", { id: email }) : t("operations.privacy.isSession", { id: sessions[0] ?? "" });
    },
  },
  methods: {
    kinds(counts) {
      return Object.entries(counts).map(([kind, n]) => ({ kind, name: this.desk.word("kind", kind), n: this.desk.number(n) }));
    },
    async look(subject) {
      this.subject = subject.trim();
      Object.assign(this, { asked: this.subject, known: null, receipt: null, confirm: "" });
      await this.acting("looking", async () => {
        this.known = await ask("GET", "privacy/known", { query: { subject: this.asked } });
      });
      this.$refs.known?.focus();
    },
    async download() {
      await this.acting("exporting", async () => {
        const file = await (await answer("GET", "privacy/export", { query: { subject: this.asked } })).blob();
        const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: "export.json" });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      });
    },
    async erase() {
      const { asked, confirm } = this;
      await this.acting("erasing", async () => {
        this.receipt = await ask("POST", "privacy/erase", { body: { subject: asked, confirm } });
        Object.assign(this, { known: null, subject: "", asked: "", confirm: "" });
      });
      this.$refs.receipt?.focus();
    },
    async acting(what, action) {
      Object.assign(this, { busy: what, problem: "" });
      try {
        await action();
      } catch (error) {
        this.problem = this.desk.said(error);
      }
      this.busy = "";
      await this.$nextTick();
    },
  },
};
