// The live view of the admins. Numbers first, then the open houses, then the time line. Frames are
// pushed; see realtime/activity/live/live_frame.py for their content. Nothing is ever inserted as
// markup.
import { defineComponent, markRaw, reactive, ref } from "vue";
import { tellHeight } from "../shared/bar_height.js";
import { LegalFoot } from "../shared/legal_foot.js";
import { socketOfPage } from "../shared/page_socket.js";
import { attend } from "../staff/attendance.js";
import { provideContext } from "./context.js";
import { createFeed, normal } from "./feed.js";
import { Houses } from "./houses.js";
import { Lines } from "./lines.js";
import { Funnel, Numbers, Processes } from "./numbers.js";
import { Timeline } from "./timeline.js";
import { createLiveTexts, createLiveWords } from "./words.js";

/**
 * @import { Language } from "../shared/types.js"
 * @import { Alert, Ask, Entry, Live } from "./types.js"
 *
 * @typedef {{ type: string, entries?: readonly unknown[], [field: string]: any }} Frame whatever the server pushed
 */

const LATE_AFTER_S = 2;
const STORES = ["redis", "postgresql"];
const ALERTS = ["lag", "online", "dead", "restarts", "jobs", "overdue"];
const WAITING_MAX = 3000;
const HIDDEN_MS = 500;
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  components: { LegalFoot, Numbers, Funnel, Processes, Houses, Lines, Timeline },
  props: { frames: text, catalogue: text, texts: text, language: text },
  emits: ["message"],
  template: /* HTML */ `
    <div class="admin" :class="{ drawn: session }">
      <header class="topbar">
        <a class="brand" href="/" :aria-label="texts.t('brand.home')">NEST</a>
        <h1>{{ texts.t("admin.title") }}</h1>
        <a :href="'/admin/analytics' + asked">{{ texts.t("admin.analytics") }}</a
        ><a :href="'/admin/service' + asked">{{ texts.t("service.title") }}</a>
        <p class="status" :class="[socket, { partly: away.length }]" role="status">
          <span class="dot"></span><span>{{ status }}</span>
        </p>
        <span class="spring"></span>
        <p class="lag" :class="lagClass" data-testid="lag">
          <span class="quiet" v-if="through">{{ texts.t("admin.storedThrough", { time: through }) }}</span
          ><span>{{ lagText }}</span>
        </p>
      </header>
      <div class="alerts" ref="alertBar" role="alert">
        <p v-for="store in away" :key="store">
          {{ texts.t("admin.away." + store) }}: <span class="quiet">{{ texts.t("admin.incomplete." + store) }}</span>
        </p>
        <p v-for="a in alerts" :key="a.kind" :class="a.kind">
          {{ texts.t("admin.alert." + a.kind) }}: {{ texts.number(a.value) }}
          <span class="quiet">{{ texts.t("admin.alert.limit", { limit: texts.number(a.limit) }) }}</span>{{ " " }}<a
            v-if="a.kind !== 'lag' && a.kind !== 'online'"
            :href="'/admin/service' + asked + (a.kind === 'dead' ? '#letters' : '#jobs')"
            >{{ texts.t("admin.alert.look") }}</a
          >
        </p>
      </div>
      <main>
        <Numbers />
        <Houses />
        <div class="beside"><Funnel /><Processes /></div>
        <Lines @session="open" />
      </main>
      <LegalFoot :t="texts.t" />
      <Timeline v-if="session" ref="timeline" :session="session" :stored="stored" @close="closeSession" />
    </div>
  `,
  setup(props, { emit }) {
    /** @type {Ask} */
    const ask = (message) => emit("message", JSON.stringify(message));
    const language = /** @type {Language} */ (props.language);
    const texts = createLiveTexts(JSON.parse(props.texts), language);
    const words = createLiveWords(JSON.parse(props.catalogue).categories, texts);
    const feed = createFeed(reactive, { ask });
    const live = reactive(blankLive());
    provideContext({ texts, words, live, feed, ask });
    return {
      ...{ texts, feed, live, asked: languageQuery() },
      alertBar: ref(/** @type {HTMLElement | null} */ (null)),
      timeline: ref(/** @type {InstanceType<typeof Timeline> | null} */ (null)),
    };
  },
  data: () => ({
    socket: /** @type {"connecting" | "up" | "down"} */ ("connecting"),
    session: "",
    stored: "",
    pending: markRaw(/** @type {Frame[]} */ ([])),
    drawing: /** @type {number | null} */ (null),
    drawingHidden: /** @type {ReturnType<typeof setTimeout> | null} */ (null),
    forgetHeight: /** @type {(() => void) | undefined} */ (undefined),
  }),
  created() {
    for (const frame of JSON.parse(this.frames)) this.hear(frame);
    this.show();
  },
  mounted() {
    attend();
    if (this.alertBar) this.forgetHeight = tellHeight(this.alertBar, "--warned");
    this.attachSocket();
  },
  beforeUnmount() {
    this.forgetHeight?.();
    this.stopDrawing();
  },
  computed: {
    /** @returns {readonly Alert[]} */
    alerts() {
      return this.live.alerts.filter((a) => ALERTS.includes(a.kind));
    },
    // The stores that do not answer, and which figures are incomplete or stand still.
    /** @returns {string[]} */
    away() {
      return STORES.filter((store) => this.live.away.includes(store));
    },
    /** @returns {string} */
    status() {
      const { t, clock } = this.texts;
      if (this.socket !== "up") return t("admin.offline", { time: clock(this.live.at) });
      return this.away.map((store) => t(`admin.away.${store}`)).join(", ") || t("admin.connected");
    },
    /** @returns {"unknown" | "none" | "little" | "some"} */
    lagClass() {
      const lag = this.live.lag;
      if (!lag) return "unknown";
      if (!lag.events && !lag.seconds) return "none";
      return lag.seconds < LATE_AFTER_S ? "little" : "some";
    },
    /** @returns {string} */
    lagText() {
      const lag = this.live.lag;
      if (!lag) return this.texts.t("admin.lagUnknown");
      if (this.lagClass === "none") return this.texts.t("admin.lagNone");
      return this.texts.t("admin.lagSome", {
        events: this.texts.number(lag.events),
        seconds: this.texts.number(Math.round((lag.seconds ?? 0) * 10) / 10),
      });
    },
    // At lag 0 all entries up to now are stored, otherwise all up to the last stored one.
    /** @returns {string} */
    through() {
      const lag = this.live.lag;
      if (!lag) return "";
      const at = Date.parse(lag.stored_through ?? "");
      return this.texts.clock(
        this.lagClass !== "none" && Number.isFinite(at) ? at : this.live.at - (lag.seconds ?? 0) * 1000,
      );
    },
  },
  methods: {
    /** @param {string} frame */
    receive(frame) {
      this.hear(JSON.parse(frame));
      this.draw();
    },
    /** @param {Frame} frame */
    hear(frame) {
      if (frame.type === "live") takeLive(this.live, frame);
      else if (frame.type === "waiting") this.feed.state.missed = Number(frame.count) || 0;
      else if (frame.type === "history") this.feed.answered(frame);
      else if (frame.type === "forgotten") this.forget(frame.sessions ?? []);
      else if (frame.type === "timeline") this.timeline?.grow((frame.entries ?? []).map(normal));
      else if (frame.type === "system" || frame.type === "activity") this.pending.push(frame);
    },
    /** @param {readonly string[]} sessions */
    forget(sessions) {
      this.show();
      const names = this.feed.forget(sessions);
      if (names.has(this.session) || sessions.includes(this.session)) this.closeSession();
    },
    // Frames wait for the screen. If it cannot keep up, the oldest are left out and counted.
    stopDrawing() {
      if (this.drawing !== null) cancelAnimationFrame(this.drawing);
      if (this.drawingHidden !== null) clearTimeout(this.drawingHidden);
      this.drawing = this.drawingHidden = null;
    },
    draw() {
      if (document.hidden) this.drawingHidden ??= setTimeout(() => this.show(), HIDDEN_MS);
      else this.drawing ??= requestAnimationFrame(() => this.show());
    },
    show() {
      this.stopDrawing();
      const frames = this.pending.splice(0);
      let more = frames.reduce((sum, f) => sum + (f.entries?.length ?? 0), 0);
      for (const frame of frames) {
        if (frame.type === "system") {
          this.feed.add((frame.entries ?? []).map(asEvent));
          continue;
        }
        const size = frame.entries?.length ?? 0;
        if (more > WAITING_MAX) {
          more -= size;
          this.feed.receive({ ...frame, entries: [], skipped: (frame.skipped ?? 0) + size });
        } else this.feed.receive(frame);
        if (this.session) this.timeline?.grow((frame.entries ?? []).map(normal));
      }
    },
    attachSocket() {
      socketOfPage((socket) => {
        socket.on("connect", () => {
          if (this.socket === "down") this.feed.reconnected();
          this.socket = "up";
        });
        socket.on("disconnect", () => (this.socket = "down"));
        if (socket.connected) this.socket = "up";
        document.addEventListener(
          "visibilitychange",
          () => document.visibilityState === "visible" && !socket.connected && socket.connect(),
        );
        window.addEventListener("online", () => !socket.connected && socket.connect());
      });
    },
    /** @param {Entry} entry */
    open(entry) {
      this.stored = entry.stored;
      this.session = entry.session;
    },
    async closeSession() {
      this.session = "";
      await this.$nextTick();
      const opened = document.querySelector('[data-testid="session"]');
      if (opened instanceof HTMLElement) opened.focus();
    },
  },
});

// The language that the address names, for the links to other pages of staff.
function languageQuery() {
  const named = new URLSearchParams(location.search).get("lang");
  return named === "de" || named === "en" ? `?lang=${named}` : "";
}

/** @returns {Live} */
const blankLive = () => ({
  ...{ online: 0, rooms: [], value_on_screens_cents: 0, sessions: {}, counters: {}, lag: null },
  ...{ alerts: [], away: [], processes: [], at: Date.now() },
});

// The figures with those of a frame in place of the old ones.
/** @param {Live} live @param {Frame} frame */
function takeLive(live, frame) {
  Object.assign(live, frame, { at: Date.now() });
  for (const list of /** @type {const} */ (["rooms", "alerts", "away", "processes"]))
    if (!Array.isArray(live[list])) live[list] = [];
}

// An entry about the system, in the form of an event.
/** @param {unknown} entry */
function asEvent(entry) {
  const said = /** @type {Record<string, unknown>} */ (entry);
  return { ...said, event_type: "system", category: said.kind };
}
