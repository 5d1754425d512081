// Who did what, newest first.
import { ask } from "../calling.js";
import { Files } from "./files.js";
import { jobName } from "./words.js";

const PAGE = 50;
const SESSION = /^(?:(.+), )?admin session (\w+)$/;

export const Audit = {
  components: { Files },
  inject: ["desk"],
  data: () => ({ lines: null, before: null, problem: "" }),
  template: `
    <section aria-labelledby="audit-title">
      <header><h2 id="audit-title" tabindex="-1">{{ desk.t("operations.tab.audit") }}</h2><Files v-if="lines?.length" place="audit" :title="desk.t('operations.tab.audit')" /></header>
      <p class="quiet">{{ desk.t("operations.audit.about") }}</p>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <table v-if="lines?.length" class="stack" data-testid="audit"><thead><tr><th scope="col">{{ desk.t("operations.audit.when") }}</th><th scope="col">{{ desk.t("operations.audit.who") }}</th><th scope="col">{{ desk.t("operations.audit.what") }}</th><th scope="col">{{ desk.t("operations.audit.subject") }}</th></tr></thead>
        <tbody><tr v-for="l in lines" :key="l.id"><td :data-label="desk.t('operations.audit.when')">{{ desk.time(l.at) }}</td><td :data-label="desk.t('operations.audit.who')">{{ who(l.actor) }}<span v-if="l.network" class="quiet">{{ " · " + l.network }}</span></td><td class="wide-cell" :data-label="desk.t('operations.audit.what')">{{ desk.word("action", l.action) }}<span v-if="l.result === 'refused'" class="problem"> ({{ desk.t("operations.audit.refused") }})</span></td>
          <td class="wide-cell" :data-label="desk.t('operations.audit.subject')"><span class="id">{{ subject(l) }}</span><details v-if="Object.keys(l.detail).length"><summary>{{ desk.t("operations.audit.detail") }}</summary><pre tabindex="0">{{ JSON.stringify(l.detail, null, 2) }}</pre></details></td></tr></tbody></table>
      <p v-else-if="lines" class="empty quiet">{{ desk.t("operations.audit.none") }}</p>
      <p v-else-if="!problem" class="quiet">{{ desk.t("operations.loading") }}</p>
      <button v-if="before" type="button" class="button" @click="older">{{ desk.t("operations.more") }}</button>
    </section>`,
  async mounted() {
    await this.refresh().catch((error) => (this.problem = this.desk.said(error)));
  },
  methods: {
    // Lines never change: what is new is put in front.
    async refresh() {
      const page = await ask("GET", "audit", { query: { limit: PAGE } });
      this.problem = "";
      const known = new Set(this.lines?.map((l) => l.id));
      const fresh = page.lines.filter((l) => !known.has(l.id));
      if (!this.lines || fresh.length === PAGE) return void Object.assign(this, page);
      this.lines.unshift(...fresh);
    },
    async older() {
      try {
        const page = await ask("GET", "audit", { query: { limit: PAGE, before: this.before } });
        this.lines.push(...page.lines);
        this.before = page.before;
      } catch (error) {
        this.problem = this.desk.said(error);
      }
    },
    who(actor) {
      const session = SESSION.exec(actor);
      if (!session) return actor;
      const said = this.desk.t("operations.audit.session", { id: session[2] });
      return session[1] ? `${session[1]} (${said})` : said;
    },
    subject({ action, subject, detail }) {
      const { t, number, word } = this.desk;
      if (action === "jobs.run") return jobName(t, subject);
      if (action === "visits.download") return word("download", subject);
      if (action !== "dead_letters.redrive") return subject;
      return detail.letters ? t("operations.audit.letters", { n: number(detail.letters.length) }) : t("operations.audit.allOf", { reason: word("why", subject.replace(/^all of /, "")) });
    },
  },
};
