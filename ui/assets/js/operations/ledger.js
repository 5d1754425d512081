// What was offered and what became of it, by day; whether it adds up, and what counting again found.
import { ask } from "../calling.js";
import { Files } from "./files.js";
import { jobName } from "./words.js";

const RANGES = [7, 30, 92];
const OUTCOMES = ["stored", "duplicate", "filtered", "dead"];

export const Ledger = {
  components: { Files },
  inject: ["desk"],
  data: () => ({ days: RANGES[0], found: null, problem: "", ranges: RANGES, outcomes: OUTCOMES }),
  template: `
    <section aria-labelledby="ledger-title">
      <header><h2 id="ledger-title" tabindex="-1">{{ desk.t("operations.tab.ledger") }}</h2><label class="inline"><span>{{ desk.t("operations.ledger.range") }}</span><select v-model.number="days" @change="load"><option v-for="n in ranges" :key="n" :value="n">{{ desk.t("operations.ledger.days", { n }) }}</option></select></label><Files v-if="found?.days.length" place="ledger" :title="desk.t('operations.tab.ledger')" :query="{ days }" /></header>
      <p class="quiet">{{ desk.t("operations.ledger.about") }}</p>
      <p v-if="problem" class="problem" role="alert">{{ problem }}</p>
      <template v-if="found">
        <p :class="balance.tone" data-testid="balance">{{ balance.text }}</p>
        <p v-for="a in audits" :key="a.job" :class="a.tone" data-testid="drift">{{ a.text }}</p><p v-if="!audits.length" class="quiet">{{ desk.t("operations.ledger.notAudited") }}</p>
        <table v-if="found.days.length" class="stack" data-testid="ledger"><thead><tr><th scope="col">{{ desk.t("operations.ledger.day") }}</th><th scope="col" class="num">{{ desk.t("operations.ledger.offered") }}</th><th v-for="o in outcomes" :key="o" scope="col" class="num">{{ desk.t("operations.ledger." + o) }}</th></tr></thead>
          <tbody><tr v-for="d in found.days" :key="d.day"><th scope="row">{{ desk.day(d.day) }}</th><td class="num" :data-label="desk.t('operations.ledger.offered')">{{ desk.number(d.offered) }}</td><td v-for="o in outcomes" :key="o" class="num" :data-label="desk.t('operations.ledger.' + o)">{{ desk.number(d[o]) }}</td></tr></tbody>
          <tfoot><tr><th scope="row">{{ desk.t("operations.ledger.sum") }}</th><td class="num" :data-label="desk.t('operations.ledger.offered')">{{ desk.number(sum("offered")) }}</td><td v-for="o in outcomes" :key="o" class="num" :data-label="desk.t('operations.ledger.' + o)">{{ desk.number(sum(o)) }}</td></tr></tfoot></table>
        <p v-else class="empty quiet">{{ desk.t("operations.ledger.none") }}</p>
        <template v-if="reasons.length"><h3>{{ desk.t("operations.ledger.reasons") }}</h3>
          <ul class="plain lines counted" data-testid="reasons"><li v-for="r in reasons" :key="r.outcome + r.reason"><span class="quiet">{{ desk.t("operations.ledger." + r.outcome) }}</span><span>{{ desk.word("why", r.reason) }}</span><span class="num">{{ desk.number(r.n) }}</span></li></ul></template>
      </template>
      <p v-else-if="!problem" class="quiet">{{ desk.t("operations.loading") }}</p>
    </section>`,
  computed: {
    balance() {
      const { t, number, time } = this.desk;
      const stream = this.found.stream;
      if (!stream) return { tone: "late", text: t("operations.noRedis") };
      const lost = { n: number(stream.missing), times: number(stream.renewals), began: stream.began ? time(stream.began) : "–" };
      if (stream.missing) return { tone: "problem", text: t(stream.renewals ? "operations.ledger.lost" : "operations.ledger.missing", lost) };
      if (stream.earlier) return { tone: "quiet", text: t("operations.ledger.earlier", { n: number(stream.earlier), offered: number(stream.offered) }) };
      return { tone: "ok", text: t(stream.waiting ? "operations.ledger.closesWaiting" : "operations.ledger.closes", { offered: number(stream.offered), waiting: number(stream.waiting) }) };
    },
    audits() {
      const { t, number, time } = this.desk;
      return this.found.audits.map(({ job, at, drift, days }) => {
        const said = { job: jobName(t, job), time: time(at), n: number(drift), days: Object.keys(days).join(", ") };
        return { job, tone: drift ? "problem" : "ok", text: t(drift ? "operations.ledger.drifted" : "operations.ledger.audited", said) };
      });
    },
    reasons() {
      const sums = new Map();
      for (const { outcome, reason, n } of this.found.days.flatMap((d) => d.reasons)) {
        const row = sums.get(`${outcome} ${reason}`) ?? { outcome, reason, n: 0 };
        sums.set(`${outcome} ${reason}`, { ...row, n: row.n + n });
      }
      return [...sums.values()].sort((a, b) => b.n - a.n);
    },
  },
  mounted() {
    this.load();
  },
  methods: {
    async refresh() {
      const days = this.days;
      const found = await ask("GET", "ledger", { query: { days } });
      if (days === this.days) Object.assign(this, { found, problem: "" });
    },
    async load() {
      await this.refresh().catch((error) => (this.problem = this.desk.said(error)));
    },
    sum(name) {
      return this.found.days.reduce((sum, day) => sum + day[name], 0);
    },
  },
};
