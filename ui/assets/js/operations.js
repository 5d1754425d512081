// What admins run the product with: what could not be stored, jobs, the ledger, the audit, privacy.
// Everything is read over the HTTP API, again every few seconds while somebody looks; nothing of it
// is ever put in as markup.
import { count, createTexts } from "./format.js";
import { Audit } from "./operations/audit.js";
import { ask } from "./calling.js";
import { Jobs } from "./operations/jobs.js";
import { Ledger } from "./operations/ledger.js";
import { LegalFoot } from "./legal.js";
import { Letters } from "./operations/letters.js";
import { Privacy } from "./operations/privacy.js";
import { Sessions } from "./operations/sessions.js";
import { attend } from "./attended.js";
import { socketOfPage } from "./socket.js";
import { device, did, word } from "./operations/words.js";

const TABS = { letters: Letters, jobs: Jobs, ledger: Ledger, audit: Audit, privacy: Privacy, sessions: Sessions };
const REFRESH_MS = 5000;
const STOP_SHOWN_MS = 10 * 60_000;

export default {
  components: { LegalFoot },
  props: { texts: String, language: String },
  template: `
    <div class="operations">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="desk.t('brand.home')">NEST</a><h1>{{ desk.t("operations.title") }}</h1>
        <a href="/admin">{{ desk.t("operations.live") }}</a><a href="/admin/analytics">{{ desk.t("operations.analytics") }}</a>
        <span class="spring"></span><p class="quiet" data-testid="read-at">{{ readAt }}</p>
      </header>
      <nav class="tabs" :aria-label="desk.t('operations.sections')"><a v-for="name in tabs" :key="name" :href="'#' + name" :aria-current="name === tab ? 'page' : null">{{ desk.t("operations.tab." + name) }}</a></nav>
      <div class="alerts" role="alert">
        <p v-if="problem">{{ problem }}</p>
        <p v-if="jobs?.restarts > 2" data-testid="looping">{{ desk.t("operations.looping", { n: desk.number(jobs.restarts) }) }}</p>
        <p v-for="s in stops" :key="s.node">{{ stopped(s) }}</p>
      </div>
      <main><component :is="section" :key="tab" ref="section" :found="jobs" @changed="refresh" /></main>
      <LegalFoot :t="desk.t" />
    </div>`,
  setup(props) {
    return { desk: createDesk(props), tabs: Object.keys(TABS) };
  },
  provide() {
    return { desk: this.desk };
  },
  data: () => ({ tab: tabOf(location.hash), jobs: null, read: 0, now: Date.now(), problem: "" }),
  computed: {
    section() {
      return TABS[this.tab];
    },
    readAt() {
      return this.read ? this.desk.t("operations.readAt", { time: this.desk.time(this.read) }) : "";
    },
    // The newest stop of each worker, while it is fresh: one that is started again stops again.
    stops() {
      const fresh = (this.jobs?.stops ?? []).filter((s) => this.now - Date.parse(s.at) < STOP_SHOWN_MS);
      return [...new Map(fresh.reverse().map((s) => [s.node, s])).values()];
    },
  },
  mounted() {
    attend();
    socketOfPage();
    window.addEventListener("hashchange", this.goTo);
    document.addEventListener("visibilitychange", this.refresh);
    this.timer = setInterval(this.refresh, REFRESH_MS);
    this.refresh();
  },
  beforeUnmount() {
    window.removeEventListener("hashchange", this.goTo);
    document.removeEventListener("visibilitychange", this.refresh);
    clearInterval(this.timer);
  },
  methods: {
    stopped(stop) {
      const { t, time, reason } = this.desk;
      const { node, unreadable, of_last } = stop;
      const poison = stop.reason === "too_much_poison";
      return t(poison ? "operations.stopped" : "operations.ended", { node, time: time(stop.at), unreadable, of_last, what: reason(stop.reason) });
    },
    async goTo() {
      this.tab = tabOf(location.hash);
      await this.$nextTick();
      document.querySelector(".operations main h2")?.focus({ preventScroll: true });
    },
    // One at a time; what changed while it reads is read once more.
    async refresh() {
      if (document.hidden) return;
      if (this.reading) return void (this.again = true);
      Object.assign(this, { reading: true, again: false });
      try {
        const [jobs] = await Promise.all([ask("GET", "jobs"), this.$refs.section?.refresh?.()]);
        Object.assign(this, { jobs, problem: "", read: Date.now() });
      } catch (error) {
        this.problem = this.desk.said(error);
      }
      this.now = Date.now();
      this.reading = false;
      if (this.again) await this.refresh();
    },
  },
};

const tabOf = (hash) => (hash.slice(1) in TABS ? hash.slice(1) : "letters");

// What every section asks for: texts, numbers, times, what a refusal says.
function createDesk(props) {
  const language = () => props.language;
  const t = createTexts(JSON.parse(props.texts), language);
  const locale = () => (language() === "de" ? "de-AT" : "en-GB");
  const formats = {};
  const format = (name, shape) => (formats[name] ??= new Intl.DateTimeFormat(locale(), { ...shape, timeZone: "Europe/Vienna" }));
  const number = (value) => (typeof value === "number" ? count(value, language()) : "–");
  const moment = (at) => (typeof at === "number" ? at : Date.parse(at));
  return {
    t,
    language: props.language,
    number,
    word: (group, name, values) => word(t, group, name, values),
    did: (detail) => did(t, number, detail),
    device: (said) => device(t, said),
    time(at) {
      const today = format("day", { dateStyle: "short" });
      const shape = today.format(moment(at)) === today.format(Date.now()) ? format("clock", { timeStyle: "medium" }) : format("both", { dateStyle: "short", timeStyle: "medium" });
      return shape.format(moment(at));
    },
    // To the minute: today's time, or the day with it.
    minute(at) {
      const today = format("day", { dateStyle: "short" });
      const shape = today.format(moment(at)) === today.format(Date.now()) ? format("minute", { timeStyle: "short" }) : format("dayAndMinute", { dateStyle: "short", timeStyle: "short" });
      return shape.format(moment(at));
    },
    day: (date) => format("date", { weekday: "short", day: "numeric", month: "numeric", year: "numeric" }).format(Date.parse(`${date}T12:00:00Z`)),
    span(ms) {
      if (ms < 1000) return `${number(Math.round(ms))}\u00a0ms`;
      const s = ms / 1000;
      return s < 90 ? `${number(Math.round(s * 10) / 10)}\u00a0s` : s < 5400 ? `${number(Math.round(s / 60))}\u00a0min` : s < 129_600 ? `${number(Math.round(s / 3600))}\u00a0h` : `${number(Math.round(s / 86_400))}\u00a0d`;
    },
    // A reason has a kind and sometimes a place: "wrong_type interaction.category".
    reason(text) {
      const [kind, ...place] = String(text).split(/[: ]+/);
      const what = word(t, "why", kind);
      return place.length ? t("operations.at", { what, place: place.join(" ") }) : what;
    },
    said(error) {
      const sentence = error.texts?.[language()] ?? t("operations.noAnswer");
      return error.code === "event_unusable" && error.detail ? `${sentence} ${this.reason(error.detail)}` : sentence;
    },
  };
}
