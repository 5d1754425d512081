// The live view of the admins. Numbers first, then the open houses, then the time line. Frames are
// pushed: `live` (numbers) and `activity` (entries). Nothing here is ever put in as markup.
import { reactive } from "vue";
import { count, createTexts, euroRounded } from "./format.js";
import { createFeed } from "./feed.js";

const LATE_AFTER_S = 2;
const CODE = /^[0-9A-Za-z_-]{1,64}$/;

// Made once: making one for each of 300 lines took 16 ms of every render (docs/performance.md).
const clockFormats = {};
const clockFormat = (language) =>
  (clockFormats[language] ??= new Intl.DateTimeFormat(language === "de" ? "de-AT" : "en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }));

export default {
  props: { frames: String, catalogue: String, texts: String, language: String },
  template: `
    <div class="admin">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="t('brand.home')">NEST</a><h1>{{ t("admin.title") }}</h1>
        <p class="status" :class="socket" role="status"><span class="dot"></span>{{ socket === "up" ? t("admin.connected") : t("admin.offline", { time: clock(live.at) }) }}</p>
        <span class="spring"></span>
        <p class="lag" :class="lagClass" data-testid="lag"><span>{{ t("admin.lag") }}: {{ lagText }}</span><span class="quiet" v-if="through">{{ t("admin.storedThrough", { time: through }) }}</span></p>
      </header>
      <main>
        <dl class="numbers">
          <div v-for="n in numbers" :key="n.name"><dd :data-testid="'number-' + n.name">{{ n.value }}</dd><dt>{{ n.label }}</dt></div>
        </dl>
        <section class="houses" aria-labelledby="houses-title">
          <h2 id="houses-title">{{ t("admin.houses") }}</h2>
          <p v-if="!rooms.length" class="quiet">{{ t("admin.noHouses") }}</p>
          <table v-else><thead><tr><th scope="col">{{ t("admin.house") }}</th><th scope="col" class="num">{{ t("admin.price") }}</th><th scope="col">{{ t("admin.people") }}</th><th scope="col" class="num">{{ t("admin.version") }}</th></tr></thead>
            <tbody><tr v-for="r in rooms" :key="r.code"><th scope="row"><a v-if="codeOk(r.code)" :href="houseUrl(r.code)" target="_blank" rel="noopener">{{ r.code }}</a><template v-else>{{ r.code }}</template></th><td class="num">{{ euro(r.total_cents) }}</td><td>{{ peopleText(r.people) }}</td><td class="num">{{ r.version }}</td></tr></tbody></table>
          <details class="counters" v-if="counters.length"><summary>{{ t("admin.counters") }}</summary><dl><div v-for="c in counters" :key="c[0]"><dt>{{ c[0] }}</dt><dd>{{ c[1] }}</dd></div></dl></details>
        </section>
        <section class="feed" aria-labelledby="feed-title">
          <div class="feed-head">
            <h2 id="feed-title">{{ t("admin.feed") }}</h2>
            <button type="button" class="button" :aria-pressed="String(feed.paused)" @click="engine.pause(!feed.paused)" data-testid="pause">{{ feed.paused ? t("admin.resume", { count: feed.waiting.length }) : t("admin.pause") }}</button>
          </div>
          <form class="filters" @submit.prevent>
            <label><span>{{ t("admin.filterText") }}</span><input v-model="filter.text" type="search" data-testid="filter-text" /></label>
            <label><span>{{ t("admin.filterType") }}</span><select v-model="filter.type"><option value="">{{ t("admin.all") }}</option><option v-for="v in choices.type" :key="v" :value="v">{{ v }}</option></select></label>
            <label><span>{{ t("admin.filterCategory") }}</span><select v-model="filter.category"><option value="">{{ t("admin.all") }}</option><option v-for="v in choices.category" :key="v" :value="v">{{ categoryName(v) }}</option></select></label>
            <label><span>{{ t("admin.filterSession") }}</span><select v-model="filter.session"><option value="">{{ t("admin.all") }}</option><option v-for="v in choices.session" :key="v" :value="v">{{ v }}</option></select></label>
            <button v-if="filtering" type="button" class="text-button" @click="clearFilter">{{ t("admin.clear") }}</button>
          </form>
          <p v-if="feed.gap" class="quiet">{{ t("admin.gap") }}</p>
          <p v-if="feed.skipped" class="quiet">{{ t("admin.skipped", { count: feed.skipped }) }}</p>
          <div class="lines" ref="lines" tabindex="0" role="log" aria-live="off" :aria-label="t('admin.feed')" @scroll="onScroll">
            <p v-if="!shown.length" class="quiet empty">{{ t(filtering ? "admin.noMatch" : "admin.empty") }}</p>
            <article v-for="e in shown" :key="e.id" class="line" :class="{ open: feed.opened === e.id }" :data-event="e.id">
              <button type="button" class="line-button" :aria-expanded="String(feed.opened === e.id)" @click="toggle(e)">
                <time>{{ clock(e.at) }}</time><span class="type">{{ e.type }}</span><span class="what"><span>{{ categoryName(e.category) }}</span><span v-if="e.previous" class="quiet previous">{{ e.previous }} →</span><span v-if="e.value || e.element" class="value">{{ e.value || e.element }}</span><span v-if="e.spent" class="value">{{ seconds(e.spent) }}</span></span><span class="quiet session" :title="e.session"><span v-if="codeOk(e.code)" class="code">{{ e.code }}</span> {{ e.session.slice(-4) }}</span>
              </button>
              <div v-if="feed.opened === e.id" class="raw"><p v-if="codeOk(e.code)"><a class="button" :href="houseUrl(e.code)" target="_blank" rel="noopener">{{ t("admin.open") }}</a></p><h3>{{ t("admin.raw") }}</h3><pre tabindex="0">{{ rawText(e) }}</pre></div>
            </article>
          </div>
          <button v-if="!feed.paused && feed.held && feed.waiting.length" type="button" class="button floating" @click="toTop">{{ t("admin.new", { count: feed.waiting.length }) }}</button>
          <p class="quiet kept">{{ t("admin.kept", { count: feed.entries.length, limit: engine.KEPT }) }}</p>
        </section>
      </main>
    </div>`,
  setup(props) {
    const engine = createFeed(reactive);
    const names = new Map(JSON.parse(props.catalogue).categories.map((c) => [c.id, c.name]));
    const live = reactive({ online: 0, rooms: [], value_on_screens_cents: 0, sessions: {}, counters: {}, lag: null, at: Date.now() });
    const t = createTexts(JSON.parse(props.texts), () => props.language);
    return { engine, feed: engine.state, live, names, t };
  },
  data: () => ({ socket: "connecting", filter: { text: "", type: "", category: "", session: "" } }),
  created() {
    for (const frame of JSON.parse(this.frames)) this.hear(frame);
  },
  mounted() {
    this.attachSocket();
  },
  computed: {
    rooms() {
      return Array.isArray(this.live.rooms) ? this.live.rooms : [];
    },
    numbers() {
      const { online, value_on_screens_cents, counters, sessions } = this.live;
      const list = [
        { name: "online", label: this.t("admin.online"), value: this.number(online) },
        { name: "rooms", label: this.t("admin.rooms"), value: this.number(this.rooms.length) },
        { name: "value", label: this.t("admin.value"), value: this.euro(value_on_screens_cents) },
        { name: "today", label: this.t("admin.today"), value: this.number(counters?.today ?? counters?.interactions_today) },
        { name: "minute", label: this.t("admin.perMinute"), value: this.number(counters?.per_minute ?? counters?.perMinute) },
        { name: "sessions", label: this.t("admin.sessions"), value: this.number(sessions?.active ?? sessions?.total ?? sessions?.ACTIVE) },
      ];
      return list;
    },
    counters() {
      return [...Object.entries(this.live.sessions ?? {}), ...Object.entries(this.live.counters ?? {})].filter(([, v]) => typeof v !== "object").map(([k, v]) => [k, String(v)]);
    },
    lagClass() {
      const lag = this.live.lag;
      if (!lag) return "unknown";
      if (!lag.events && !lag.seconds) return "none";
      return lag.seconds < LATE_AFTER_S ? "little" : "some";
    },
    lagText() {
      const lag = this.live.lag;
      if (!lag) return this.t("admin.lagUnknown");
      if (this.lagClass === "none") return this.t("admin.lagNone");
      return this.t(lag.events === 1 ? "admin.lagOne" : "admin.lagSome", { events: this.number(lag.events), seconds: this.number(Math.round((lag.seconds ?? 0) * 10) / 10) });
    },
    through() {
      const lag = this.live.lag;
      if (!lag) return "";
      const at = Date.parse(lag.stored_through ?? "");
      return this.clock(Number.isFinite(at) ? at : this.live.at - (lag.seconds ?? 0) * 1000);
    },
    choices() {
      const out = { type: new Set(), category: new Set(), session: new Set() };
      for (const e of this.feed.entries) for (const k of Object.keys(out)) if (e[k] && out[k].size < 200) out[k].add(e[k]);
      return Object.fromEntries(Object.entries(out).map(([k, v]) => [k, [...v].sort()]));
    },
    filtering() {
      return Object.values(this.filter).some(Boolean);
    },
    shown() {
      return this.engine.filtered(this.filter);
    },
  },
  methods: {
    receive(text) {
      this.hear(JSON.parse(text));
    },
    hear(frame) {
      if (frame.type === "activity") this.engine.add(Array.isArray(frame.entries) ? frame.entries : [], frame.skipped, frame.gap === true);
      else if (frame.type === "live") Object.assign(this.live, frame, { at: Date.now() });
    },
    attachSocket() {
      const socket = window.socket;
      if (!socket) return void setTimeout(() => this.attachSocket(), 20);
      socket.on("connect", () => (this.socket = "up"));
      socket.on("disconnect", () => (this.socket = "down"));
      if (socket.connected) this.socket = "up";
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && !socket.connected && socket.connect());
      window.addEventListener("online", () => !socket.connected && socket.connect());
    },
    seconds(spent) {
      const ms = Number(spent);
      return Number.isFinite(ms) ? `${new Intl.NumberFormat(this.language === "de" ? "de-AT" : "en-GB", { maximumFractionDigits: 1 }).format(ms / 1000)} s` : spent;
    },
    number(value) {
      return typeof value === "number" ? count(value, this.language) : value === undefined || value === null ? "–" : String(value);
    },
    euro(cents) {
      return typeof cents === "number" ? euroRounded(cents, this.language) : "–";
    },
    clock(ms) {
      return clockFormat(this.language).format(ms);
    },
    categoryName(id) {
      return this.names.get(id)?.[this.language] ?? id;
    },
    peopleText(people) {
      if (Array.isArray(people)) return [...new Set(people.map((p) => (typeof p === "object" && p ? String(p.name ?? "") : String(p))))].join(", ");
      return String(people ?? "");
    },
    codeOk(code) {
      return CODE.test(String(code ?? ""));
    },
    houseUrl(code) {
      return `/c/${encodeURIComponent(code)}?as=admin`;
    },
    rawText(entry) {
      return JSON.stringify(entry.raw, null, 2);
    },
    clearFilter() {
      Object.assign(this.filter, { text: "", type: "", category: "", session: "" });
    },
    toggle(entry) {
      this.feed.opened = this.feed.opened === entry.id ? null : entry.id;
      this.hold();
    },
    onScroll() {
      this.hold();
    },
    hold() {
      this.engine.hold((this.$refs.lines?.scrollTop ?? 0) > 4 || this.feed.opened !== null);
    },
    toTop() {
      this.feed.opened = null;
      this.$refs.lines.scrollTop = 0;
      this.hold();
    },
  },
};
