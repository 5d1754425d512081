// The analytics of admins: a range, its figures, lists of sessions, and the player of a replay.
// Everything is read over the HTTP API, and nothing of it is ever put in as markup.
import { count, createTexts, difference, euroRounded } from "./format.js";
import Chart, { barsOption, seriesOption } from "./analytics/charts.js";
import Player from "./analytics/player.js";
import { address, read } from "./analytics/reading.js";

const RANGES = ["24h", "7d", "30d", "90d", "all"];
const CODE = /^[0-9A-Za-z_-]{1,64}$/;
const TOP_OPTIONS = 12;
const FIGURES = ["kpis", "series", "funnel", "options", "steps", "prices"];

export default {
  components: { Chart, Player },
  props: { catalogue: String, texts: String, language: String },
  template: `
    <div class="analytics">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="t('brand.home')">NEST</a><h1>{{ t("analytics.title") }}</h1><a href="/admin">{{ t("analytics.live") }}</a><a href="/admin/operations">{{ t("operations.title") }}</a>
        <span class="spring"></span><p class="quiet" role="status" data-testid="through">{{ busy ? t("analytics.loading") : through }}</p>
      </header>
      <form class="asked" @submit.prevent :aria-label="t('analytics.range')">
        <div class="ranges" role="group" :aria-label="t('analytics.range')"><button v-for="r in ranges" :key="r" type="button" class="choice" :aria-pressed="String(!asked.from && asked.timeRange === r)" @click="pick(r)">{{ t("analytics." + r) }}</button></div>
        <label><span>{{ t("analytics.from") }}</span><input type="date" v-model="asked.from" @change="load" /></label>
        <label><span>{{ t("analytics.to") }}</span><input type="date" v-model="asked.to" @change="load" :disabled="!asked.from" /></label>
        <label><span>{{ t("analytics.compare") }}</span><select v-model="asked.compare" @change="load" :disabled="endless"><option value="">{{ t("analytics.compareNone") }}</option><option value="previous">{{ t("analytics.comparePrevious") }}</option><option value="year">{{ t("analytics.compareYear") }}</option></select></label>
        <label><span>{{ t("analytics.bots") }}</span><select v-model="asked.bots" @change="load"><option value="">{{ t("analytics.botsNone") }}</option><option value="only">{{ t("analytics.botsOnly") }}</option><option value="all">{{ t("analytics.botsAll") }}</option></select></label>
      </form>
      <p v-if="problem" class="problem" role="alert">{{ problem }} <button type="button" class="text-button" @click="load">{{ t("analytics.again") }}</button></p>
      <main v-if="found.kpis" :aria-busy="String(busy)">
        <dl class="numbers"><div v-for="n in numbers" :key="n.name"><dd :data-testid="'kpi-' + n.name">{{ n.value }}</dd><dt>{{ n.label }}</dt><dd v-if="n.before !== null" class="before" :class="n.tone">{{ n.difference }} <span class="quiet">{{ t("analytics.before", { value: n.before }) }}</span></dd></div></dl>
        <section class="wide"><header><h2>{{ t("analytics.series") }}</h2><a :href="csv('series')" download>{{ t("analytics.csv") }}</a></header><Chart v-if="found.series" :option="seriesChart" :label="t('analytics.series')" /></section>
        <section><header><h2>{{ t("analytics.funnel") }}</h2><label class="inline"><span class="sr-only">{{ t("analytics.by") }}</span><select v-model="by" @change="load"><option value="none">{{ t("analytics.byNone") }}</option><option v-for="d in ['device', 'language', 'referrer']" :key="d" :value="d">{{ t("analytics." + d) }}</option></select></label><a :href="csv('funnel')" download>{{ t("analytics.csv") }}</a></header><p class="quiet">{{ t("analytics.funnelNote") }}</p><Chart v-if="found.funnel" :option="funnelChart" :label="t('analytics.funnel')" /></section>
        <section><header><h2>{{ t("analytics.prices") }}</h2><a :href="csv('prices')" download>{{ t("analytics.csv") }}</a></header><p class="quiet">{{ medianText }}</p><Chart v-if="found.prices" :option="pricesChart" :label="t('analytics.prices')" /></section>
        <section><header><h2>{{ t("analytics.options") }}</h2><a :href="csv('options')" download>{{ t("analytics.csv") }}</a></header>
          <div class="scroll"><table><thead><tr><th scope="col">{{ t("analytics.category") }}</th><th scope="col"></th><th scope="col" class="num">{{ t("analytics.chosen") }}</th><th scope="col" class="num">{{ t("analytics.share") }}</th><th scope="col" class="num">{{ t("analytics.kept") }}</th></tr></thead><tbody><tr v-for="o in options" :key="o.category + ':' + o.option"><td class="quiet">{{ categoryName(o.category) }}</td><th scope="row">{{ optionName(o.category, o.option) }}</th><td class="num">{{ number(o.sessions) }}</td><td class="num">{{ percent(o.share) }}</td><td class="num">{{ number(o.kept) }}</td></tr></tbody></table></div><p v-if="!options.length" class="quiet">{{ t("analytics.none") }}</p></section>
        <section><header><h2>{{ t("analytics.steps") }}</h2><a :href="csv('steps')" download>{{ t("analytics.csv") }}</a></header>
          <div class="scroll"><table><thead><tr><th scope="col">{{ t("analytics.category") }}</th><th scope="col" class="num">{{ t("analytics.looked") }}</th><th scope="col" class="num">{{ t("analytics.chose") }}</th><th scope="col" class="num">{{ t("analytics.minds") }}</th><th scope="col" class="num">{{ t("analytics.decision") }}</th></tr></thead><tbody><tr v-for="s in steps" :key="s.category"><th scope="row">{{ categoryName(s.category) }}</th><td class="num">{{ number(s.looked) }}</td><td class="num">{{ number(s.chose) }}</td><td class="num">{{ number(s.changes_of_mind) }}</td><td class="num">{{ span(s.decision_ms_median) }}</td></tr></tbody></table></div><p v-if="!steps.length" class="quiet">{{ t("analytics.none") }}</p></section>
        <section v-for="list in lists" :key="list.name" class="wide" :data-testid="list.name"><header><h2>{{ list.title }}</h2><a :href="csv(list.name)" download>{{ t("analytics.csv") }}</a></header>
          <div class="scroll"><table><thead><tr><th v-for="c in columns" :key="c.key" scope="col" :class="{ num: c.num }" :aria-sort="sortOf(list, c)"><button type="button" @click="sortBy(list, c)">{{ c.label }}<span aria-hidden="true">{{ arrow(list, c) }}</span></button></th><th scope="col"></th></tr></thead>
            <tbody><tr v-for="v in sorted(list)" :key="v.id"><td>{{ time(v.last_seen_at) }}</td><td>{{ t("analytics." + v.status) }}</td><td>{{ v.last_category ? categoryName(v.last_category) : "–" }}</td><td class="num">{{ euro(v.value_cents) }}</td><td class="num">{{ number(v.interactions) }}</td><td>{{ v.device ?? "–" }}</td><td><a v-if="codeOk(v.code)" :href="houseUrl(v.code)" target="_blank" rel="noopener">{{ v.code }}</a><template v-else>–</template></td><td class="num"><button type="button" class="button small" @click="played = v.id">{{ t("analytics.play") }}</button></td></tr></tbody></table></div>
          <p v-if="!list.rows.length" class="quiet">{{ t("analytics.none") }}</p><button v-if="list.next" type="button" class="button" @click="more(list)">{{ t("analytics.more") }}</button></section>
      </main>
      <Player v-if="played" :key="played" :session="played" :t="t" :euro="euro" :time="time" :choice="choice" :category="categoryName" :said="said" @close="played = null" />
    </div>`,
  setup(props) {
    const names = new Map(JSON.parse(props.catalogue).categories.map((c) => [c.id, c]));
    return { names, ranges: RANGES, t: createTexts(JSON.parse(props.texts), () => props.language) };
  },
  data() {
    const list = (name, title) => ({ name, title: this.t(title), rows: [], next: null, key: "last_seen_at", up: false });
    return { asked: { timeRange: "7d", from: "", to: "", compare: "previous", bots: "" }, by: "none", found: {}, busy: false, problem: "", played: null, lists: [list("abandoned", "analytics.abandoned"), list("sessions", "analytics.list")] };
  },
  mounted() {
    this.load();
  },
  beforeUnmount() {
    this.reading?.abort();
  },
  computed: {
    endless() {
      return !this.asked.from && this.asked.timeRange === "all";
    },
    range() {
      const { timeRange, from, to, bots } = this.asked;
      return from ? { from, to, bots } : { timeRange, bots };
    },
    through() {
      const ms = Number((this.found.kpis?.stored_through ?? "").split("-")[0]);
      return ms ? this.t("analytics.through", { time: this.time(ms) }) : "";
    },
    numbers() {
      const rows = new Map(this.found.kpis.rows.map((r) => [r.name, r]));
      const shown = [["sessions", "sessions", this.number], ["completed", "completed", this.number], ["conversion", "conversion", this.percent], ["average_order_value_cents", "average", this.euro], ["open_value_cents", "open", this.euro], ["interactions", "interactions", this.number]];
      return shown.map(([name, label, format]) => {
        const row = rows.get(name);
        const cents = format === this.euro;
        const change = row.difference === null ? "" : cents ? difference(Math.round(row.difference / 100) * 100, this.language) : format === this.percent ? this.signed(row.difference * 100, " %-P.") : this.signed(row.difference, "");
        return { name, label: this.t("analytics." + label), value: format(row.value), before: row.previous === null ? null : format(row.previous), difference: change, tone: row.difference > 0 ? "up" : row.difference < 0 ? "down" : "" };
      });
    },
    seriesChart() {
      const { rows, unit } = this.found.series;
      const labels = rows.map((p) => this.label(p.at, unit));
      const line = (name, key, right) => ({ name, values: rows.map((p) => p[key]), right });
      return () => seriesOption(labels, [line(this.t("analytics.sessions"), "sessions"), line(this.t("analytics.completed"), "completed"), line(this.t("analytics.interactions"), "interactions", true)]);
    },
    funnelChart() {
      const { rows, steps, sessions } = this.found.funnel;
      const series = Object.keys(sessions).map((part) => ({ name: this.partName(part), values: rows.filter((r) => r.part === part).map((r) => r.reached) }));
      return () => barsOption(steps.map((s) => (s === "completed" ? this.t("analytics.completed") : this.categoryName(s))), series, true);
    },
    pricesChart() {
      const { completed, open } = this.found.prices;
      const edges = [...new Set([...completed.histogram, ...open.histogram].map((b) => b.from_cents))].sort((a, b) => a - b);
      const values = (kind) => edges.map((edge) => kind.histogram.find((b) => b.from_cents === edge)?.n ?? 0);
      return () => barsOption(edges.map((cents) => this.euro(cents)), [{ name: this.t("analytics.pricesCompleted"), values: values(completed) }, { name: this.t("analytics.pricesOpen"), values: values(open) }]);
    },
    medianText() {
      const prices = this.found.prices;
      const said = (kind, key) => {
        const found = prices?.[kind].percentiles.find((p) => p.percent === 50);
        return found ? [`${this.t("analytics." + key)}: ${this.t("analytics.median", { value: this.euro(found.cents) })}`] : [];
      };
      return [...said("completed", "pricesCompleted"), ...said("open", "pricesOpen")].join(" · ");
    },
    options() {
      return [...(this.found.options?.rows ?? [])].sort((a, b) => b.sessions - a.sessions).slice(0, TOP_OPTIONS);
    },
    steps() {
      return (this.found.steps?.rows ?? []).filter((s) => this.names.has(s.category));
    },
    columns() {
      const column = (key, label, num = false) => ({ key, label: this.t("analytics." + label), num });
      return [column("last_seen_at", "when"), column("status", "status"), column("last_category", "last"), column("value_cents", "value", true), column("interactions", "events", true), column("device", "device"), column("code", "house")];
    },
  },
  methods: {
    pick(range) {
      Object.assign(this.asked, { timeRange: range, from: "", to: "" });
      if (range === "all") this.asked.compare = "";
      this.load();
    },
    query(name) {
      const own = name === "kpis" ? { compare: this.asked.compare } : name === "funnel" ? { by: this.by } : {};
      return { ...this.range, ...own };
    },
    csv(name) {
      return address(name, { ...this.query(name), format: "csv" });
    },
    async load() {
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      this.busy = true;
      this.problem = "";
      try {
        const lists = this.lists.map((list) => read(list.name, this.query(list.name), reading.signal));
        const answers = await Promise.all([...FIGURES.map((name) => read(name, this.query(name), reading.signal)), ...lists]);
        if (reading.signal.aborted) return;
        this.found = Object.fromEntries(FIGURES.map((name, n) => [name, answers[n]]));
        this.lists.forEach((list, n) => Object.assign(list, { rows: answers[FIGURES.length + n].rows, next: answers[FIGURES.length + n].next }));
      } catch (error) {
        if (reading.signal.aborted) return;
        this.problem = this.t("analytics.failed", { why: this.said(error.texts) || String(error.message) });
      }
      if (this.reading === reading) this.busy = false;
    },
    async more(list) {
      const page = await read(list.name, { ...this.query(list.name), cursor: list.next }).catch(() => null);
      if (!page) return;
      list.rows.push(...page.rows);
      list.next = page.next;
    },
    sortBy(list, column) {
      list.up = list.key === column.key ? !list.up : !column.num && column.key !== "last_seen_at";
      list.key = column.key;
    },
    sortOf(list, column) {
      return list.key !== column.key ? "none" : list.up ? "ascending" : "descending";
    },
    arrow(list, column) {
      return list.key !== column.key ? "" : list.up ? " ↑" : " ↓";
    },
    sorted(list) {
      const of = (v) => v[list.key] ?? (typeof list.rows.find((r) => r[list.key] != null)?.[list.key] === "number" ? -Infinity : "");
      const sign = list.up ? 1 : -1;
      return [...list.rows].sort((a, b) => (of(a) < of(b) ? -sign : of(a) > of(b) ? sign : 0));
    },
    said(texts) {
      return texts?.[this.language] ?? "";
    },
    number(value) {
      return typeof value === "number" ? count(value, this.language) : "–";
    },
    signed(value, unit) {
      const rounded = Math.round(value * 10) / 10;
      return `${rounded > 0 ? "+" : rounded < 0 ? "−" : "±"}\u00a0${count(Math.abs(rounded), this.language)}${unit}`;
    },
    percent(value) {
      return typeof value === "number" ? `${count(Math.round(value * 1000) / 10, this.language)}\u00a0%` : "–";
    },
    euro(cents) {
      return typeof cents === "number" ? euroRounded(cents, this.language) : "–";
    },
    span(ms) {
      if (typeof ms !== "number") return "–";
      const s = Math.round(ms / 1000);
      return s < 60 ? `${s}\u00a0s` : s < 5400 ? `${Math.round(s / 60)}\u00a0min` : `${count(Math.round(s / 360) / 10, this.language)}\u00a0h`;
    },
    time(at) {
      return new Intl.DateTimeFormat(this.language === "de" ? "de-AT" : "en-GB", { dateStyle: "short", timeStyle: "medium", timeZone: "Europe/Vienna" }).format(typeof at === "number" ? at : Date.parse(at));
    },
    label(at, unit) {
      const shape = unit === "hour" ? { weekday: "short", hour: "2-digit", minute: "2-digit" } : unit === "month" ? { month: "short", year: "numeric" } : { day: "numeric", month: "numeric" };
      return new Intl.DateTimeFormat(this.language === "de" ? "de-AT" : "en-GB", { ...shape, timeZone: "Europe/Vienna" }).format(Date.parse(at));
    },
    partName(part) {
      return part === "" ? this.t(this.by === "none" ? "analytics.sessions" : "analytics.unknown") : part === "(other)" ? this.t("analytics.other") : part;
    },
    categoryName(id) {
      return this.names.get(id)?.name[this.language] ?? id;
    },
    optionName(category, id) {
      return this.names.get(category)?.options.find((o) => o.id === id)?.name[this.language] ?? id;
    },
    choice(category, chosen) {
      const quantity = chosen?.quantity == null ? "" : `\u00a0× ${chosen.quantity}`;
      return chosen ? this.optionName(category, chosen.option) + quantity : "–";
    },
    codeOk(code) {
      return CODE.test(String(code ?? ""));
    },
    houseUrl(code) {
      return `/c/${encodeURIComponent(code)}?as=admin`;
    },
  },
};
