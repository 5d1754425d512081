// The live view of the admins. Numbers first, then the open houses, then the time line. Frames are
// pushed; see realtime/admin_board.py for what they say. Nothing here is ever put in as markup.
import { reactive } from "vue";
import { tellHeight } from "./bars.js";
import { Funnel, Numbers, Processes } from "./admin/numbers.js";
import { Houses } from "./admin/houses.js";
import { LegalFoot } from "./legal.js";
import { Lines } from "./admin/lines.js";
import { Timeline } from "./admin/timeline.js";
import { createHappened } from "./happened.js";
import { count, createTexts, difference, euroRounded } from "./format.js";
import { attend } from "./attended.js";
import { createFeed, normal } from "./feed.js";
import { socketOfPage } from "./socket.js";

const LATE_AFTER_S = 2;
const STORES = ["redis", "postgresql"];
const CODE = /^[0-9A-Za-z_-]{1,64}$/;
const WAITING_MAX = 3000;
const HIDDEN_MS = 500;
const ALSO_MAX = 20;

// Made once: making one for each of 300 lines took 16 ms of every render (docs/performance.md).
const formats = {};
const SHAPES = { clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" }, day: { day: "numeric", month: "numeric" } };
const format = (language, shape) =>
  (formats[language + shape] ??= new Intl.DateTimeFormat(language === "de" ? "de-AT" : "en-GB", { ...SHAPES[shape], timeZone: "Europe/Vienna" }));

export default {
  components: { LegalFoot, Numbers, Funnel, Processes, Houses, Lines, Timeline },
  props: { frames: String, catalogue: String, texts: String, language: String },
  emits: ["message"],
  template: `
    <div class="admin" :class="{ drawn: session }">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="desk.t('brand.home')">NEST</a><h1>{{ desk.t("admin.title") }}</h1>
        <a href="/admin/analytics">{{ desk.t("admin.analytics") }}</a><a href="/admin/operations">{{ desk.t("operations.title") }}</a>
        <p class="status" :class="[socket, { partly: away.length }]" role="status"><span class="dot"></span><span>{{ status }}</span></p>
        <span class="spring"></span>
        <p class="lag" :class="lagClass" data-testid="lag"><span class="quiet" v-if="through">{{ desk.t("admin.storedThrough", { time: through }) }}</span><span>{{ lagText }}</span></p>
      </header>
      <div class="alerts" ref="alerts" role="alert"><p v-for="store in away" :key="store">{{ desk.t("admin.away." + store) }}: <span class="quiet">{{ desk.t("admin.incomplete." + store) }}</span></p><p v-for="a in alerts" :key="a.kind" :class="a.kind">{{ desk.t("admin.alert." + a.kind) }}: {{ desk.number(a.value) }} <span class="quiet">{{ desk.t("admin.alert.limit", { limit: desk.number(a.limit) }) }}</span> <a v-if="a.kind !== 'lag' && a.kind !== 'online'" :href="'/admin/operations#' + (a.kind === 'dead' ? 'letters' : 'jobs')">{{ desk.t("admin.alert.look") }}</a></p></div>
      <main>
        <Numbers />
        <Houses />
        <div class="beside"><Funnel /><Processes /></div>
        <Lines @session="open" />
      </main>
      <LegalFoot :t="desk.t" />
      <Timeline v-if="session" ref="timeline" :session="session" :stored="stored" @close="closeSession" />
    </div>`,
  setup(props, { emit }) {
    const ask = (message) => emit("message", JSON.stringify(message));
    const engine = createFeed(reactive, { ask });
    const live = reactive({ online: 0, rooms: [], value_on_screens_cents: 0, sessions: {}, counters: {}, lag: null, at: Date.now() });
    return { engine, live, desk: createDesk(props, { engine, live, ask }) };
  },
  provide() {
    return { desk: this.desk };
  },
  data: () => ({ socket: "connecting", session: "", stored: "" }),
  created() {
    this.pending = [];
    for (const frame of JSON.parse(this.frames)) this.hear(frame);
    this.show();
  },
  mounted() {
    attend();
    this.forgetHeight = tellHeight(this.$refs.alerts, "--warned");
    this.attachSocket();
  },
  beforeUnmount() {
    this.forgetHeight();
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.drawingHidden);
  },
  computed: {
    alerts() {
      return Array.isArray(this.live.alerts) ? this.live.alerts.filter((a) => ["lag", "online", "dead", "restarts", "jobs", "overdue"].includes(a.kind)) : [];
    },
    // Stores that do not answer: what of the figures they are about is incomplete or stands still.
    away() {
      return Array.isArray(this.live.away) ? STORES.filter((store) => this.live.away.includes(store)) : [];
    },
    status() {
      const { t, clock } = this.desk;
      if (this.socket !== "up") return t("admin.offline", { time: clock(this.live.at) });
      return this.away.map((store) => t(`admin.away.${store}`)).join(", ") || t("admin.connected");
    },
    lagClass() {
      const lag = this.live.lag;
      if (!lag) return "unknown";
      if (!lag.events && !lag.seconds) return "none";
      return lag.seconds < LATE_AFTER_S ? "little" : "some";
    },
    lagText() {
      const lag = this.live.lag;
      if (!lag) return this.desk.t("admin.lagUnknown");
      if (this.lagClass === "none") return this.desk.t("admin.lagNone");
      return this.desk.t("admin.lagSome", { events: this.desk.number(lag.events), seconds: this.desk.number(Math.round((lag.seconds ?? 0) * 10) / 10) });
    },
    // At lag 0 everything is stored up to now; else up to the last entry that is.
    through() {
      const lag = this.live.lag;
      if (!lag) return "";
      const at = Date.parse(lag.stored_through ?? "");
      return this.desk.clock(this.lagClass !== "none" && Number.isFinite(at) ? at : this.live.at - (lag.seconds ?? 0) * 1000);
    },
  },
  methods: {
    receive(text) {
      this.hear(JSON.parse(text));
      this.draw();
    },
    hear(frame) {
      if (frame.type === "live") Object.assign(this.live, frame, { at: Date.now() });
      else if (frame.type === "waiting") this.engine.state.missed = Number(frame.count) || 0;
      else if (frame.type === "history") this.engine.answered(frame);
      else if (frame.type === "forgotten") this.forget(frame.sessions ?? []);
      else if (frame.type === "timeline") this.$refs.timeline?.grow((frame.entries ?? []).map(normal));
      else if (frame.type === "system" || frame.type === "activity") this.pending.push(frame);
    },
    forget(sessions) {
      this.show();
      const names = this.engine.forget(sessions);
      if (names.has(this.session) || sessions.includes(this.session)) this.closeSession();
    },
    // Frames wait for the screen. When it cannot keep up, the oldest are left out and counted.
    draw() {
      if (document.hidden) this.drawingHidden ??= setTimeout(() => this.show(), HIDDEN_MS);
      else this.drawing ??= requestAnimationFrame(() => this.show());
    },
    show() {
      cancelAnimationFrame(this.drawing);
      clearTimeout(this.drawingHidden);
      this.drawing = this.drawingHidden = null;
      const frames = this.pending.splice(0);
      let more = frames.reduce((sum, f) => sum + (f.entries?.length ?? 0), 0);
      for (const frame of frames) {
        if (frame.type === "system") {
          this.engine.add((frame.entries ?? []).map((e) => ({ ...e, event_type: "system", category: e.kind })));
          continue;
        }
        const size = frame.entries?.length ?? 0;
        if (more > WAITING_MAX) {
          more -= size;
          this.engine.take({ ...frame, entries: [], skipped: (frame.skipped ?? 0) + size });
        } else this.engine.take(frame);
        if (this.session) this.$refs.timeline?.grow((frame.entries ?? []).map(normal));
      }
    },
    attachSocket() {
      socketOfPage((socket) => {
        socket.on("connect", () => {
          if (this.socket === "down") this.engine.reconnected();
          this.socket = "up";
        });
        socket.on("disconnect", () => (this.socket = "down"));
        if (socket.connected) this.socket = "up";
        document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && !socket.connected && socket.connect());
        window.addEventListener("online", () => !socket.connected && socket.connect());
      });
    },
    open(entry) {
      this.stored = entry.stored;
      this.session = entry.session;
    },
    async closeSession() {
      this.session = "";
      await this.$nextTick();
      document.querySelector('[data-testid="session"]')?.focus();
    },
  },
};

// What every part of the page asks for: texts, names, figures, the time line's engine.
function createDesk(props, { engine, live, ask }) {
  const { categories } = JSON.parse(props.catalogue);
  const language = () => props.language;
  const t = createTexts(JSON.parse(props.texts), language);
  const happened = createHappened({ categories, t, language });
  const clock = (ms) => format(language(), "clock").format(ms);
  const day = (ms) => format(language(), "day").format(ms);
  return {
    engine,
    live,
    ask,
    t,
    normal,
    categories,
    clock,
    // The date stands before the time of what is not from today.
    isToday: (ms) => day(ms) === day(Date.now()),
    when: (ms) => (day(ms) === day(Date.now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`),
    minute: (minute) => clock(minute * 60_000).slice(0, 5),
    categoryName: happened.place,
    typeName: happened.type,
    valueName: happened.value,
    number: (value) => (typeof value === "number" ? count(value, language()) : value === undefined || value === null ? "–" : String(value)),
    euro: (cents) => (typeof cents === "number" ? euroRounded(cents, language()) : "–"),
    difference: (cents) => difference(cents, language()),
    codeOk: (code) => CODE.test(String(code ?? "")),
    houseUrl: (code) => `/c/${encodeURIComponent(code)}?as=admin`,
    optionsNamed(text) {
      const needle = text.trim().toLowerCase();
      if (needle.length < 2) return [];
      const found = [...happened.options].filter(([, name]) => name[language()]?.toLowerCase().includes(needle));
      return [...new Set(found.map(([key]) => key.split("/")[1]))].slice(0, ALSO_MAX);
    },
    seconds(spent) {
      const ms = Number(spent);
      if (ms < 1000) return `${Math.round(ms)} ms`;
      return Number.isFinite(ms) ? `${new Intl.NumberFormat(language() === "de" ? "de-AT" : "en-GB", { maximumFractionDigits: 1 }).format(ms / 1000)} s` : spent;
    },
    get rooms() {
      return Array.isArray(live.rooms) ? live.rooms : [];
    },
    get processes() {
      return Array.isArray(live.processes) ? live.processes : [];
    },
  };
}
