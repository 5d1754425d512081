// The configurator: one component, which takes protocol frames through receive(text) and sends
// messages through $emit('message', text). room/room.js decides what the screen may claim.
import { defineComponent, onBeforeUnmount, onMounted, reactive, ref } from "vue";
import { createInquiry } from "../device/inquiry.js";
import { createOtherTabs } from "../device/other_tabs.js";
import { settle } from "../device/owner.js";
import { tellHeight } from "../shared/bar_height.js";
import { request } from "../shared/http.js";
import { createActions } from "./actions.js";
import { provideContext } from "./context.js";
import { createFrameLog, logFrame } from "./page/frame_log.js";
import { keepPlace } from "./page/kept_place.js";
import { createNotices } from "./notices/notices.js";
import { attachSocket, followPage } from "./page/page_events.js";
import { reloadAfter } from "./page/reload.js";
import { Category, Notice } from "./parts/choices/category.js";
import { ConsentBar, ConsentLink } from "./parts/consent.js";
import { DevDrawer } from "./parts/dev.js";
import { Ended } from "./parts/ended.js";
import { House } from "./parts/house/house.js";
import { Inquiry, Sent } from "./parts/inquiry.js";
import { PeopleButton, PeopleSheet } from "./parts/people/people.js";
import { Invite } from "./parts/people/sharing.js";
import { Breakdown, PriceBar } from "./parts/price/price_bar.js";
import { Printed } from "./parts/price/printed.js";
import { Reset } from "./parts/reset.js";
import { Restored } from "./parts/restored.js";
import { Sheet } from "./parts/sheet.js";
import { Status } from "./parts/status.js";
import { Toasts } from "./parts/toasts.js";
import { createReactions, watchRoom } from "./notices/reactions.js";
import { createRoom } from "./room/room.js";
import { createState, houseApiOf } from "./state.js";
import { createReaderTexts } from "./words/texts.js";
import { createVisit } from "./visit.js";
import { createWords } from "./words/words.js";

/**
 * @import { ServerMessage } from "../client/messages.js"
 * @import { Catalogue, Language } from "../shared/types.js"
 * @import { FrameLog, Hearing, Room, RoomState, Ui } from "./types.js"
 * @import { Visit } from "./visit.js"
 *
 * @typedef {{ frames: string, catalogue: string, texts: string, language: string, dev: boolean, consent: string }} Props
 */

const SHEETS = { people: "PeopleSheet", invite: "Invite", inquiry: "Inquiry", reset: "Reset", breakdown: "Breakdown" };
/** @type {readonly Language[]} */
const LANGUAGES = ["de", "en"];
const text = { type: String, required: /** @type {const} */ (true) };

export default defineComponent({
  components: {
    Category,
    Notice,
    ConsentBar,
    ConsentLink,
    DevDrawer,
    Ended,
    Inquiry,
    Invite,
    Reset,
    House,
    PeopleButton,
    Sent,
    PeopleSheet,
    Breakdown,
    PriceBar,
    Printed,
    Restored,
    Sheet,
    Status,
    Toasts,
  },
  props: { frames: text, catalogue: text, texts: text, language: text, dev: Boolean, consent: text },
  emits: ["message"],
  template: /* HTML */ `
    <div class="nest">
      <a class="skip" href="#categories" @click.prevent="skip">{{ texts.t("skip") }}</a>
      <header class="topbar" ref="topbar">
        <a class="brand" href="/" :aria-label="texts.t('brand.home')">NEST</a>
        <h1 class="house-title">
          <span>{{ texts.t("house.title") }}</span> <span class="code" v-if="room.code">{{ room.code }}</span>
        </h1>
        <Status />
        <span class="spring"></span>
        <PeopleButton v-if="room.derived" />
        <div class="languages" role="group" :aria-label="texts.t('language')">
          <button
            v-for="l in languages"
            :key="l"
            type="button"
            :lang="l"
            :aria-pressed="String(l === ui.language)"
            :aria-label="l === 'de' ? 'Deutsch' : 'English'"
            @click="setLanguage(l)"
          >
            {{ l.toUpperCase() }}
          </button>
        </div>
        <button
          v-if="room.derived && state.mayShare"
          type="button"
          class="button invite"
          aria-haspopup="dialog"
          @click="actions.open('invite')"
        >
          {{ texts.t("invite.button") }}
        </button>
      </header>
      <main v-if="room.gone" class="message-page">
        <h2>{{ state.gone?.title }}</h2>
        <p>{{ state.gone?.text }}</p>
        <p><a class="button primary" href="/">{{ texts.t("gone.home") }}</a></p>
      </main>
      <main v-else-if="!room.derived" class="layout skeleton" aria-busy="true">
        <section class="stage"><div class="picture loading"></div></section>
        <section class="choices">
          <p class="sr-only">{{ texts.t("loading") }}</p>
          <div class="ghost" v-for="n in 5" :key="n"></div>
        </section>
      </main>
      <main v-else class="layout" ref="layout">
        <House />
        <section class="choices" id="categories" tabindex="-1" :aria-label="texts.t('categories')">
          <Restored v-if="room.restored" />
          <Ended v-if="room.ended" />
          <p v-else-if="!state.mayEdit" class="notice readonly">
            <strong>{{ state.closed?.title }}</strong> {{ state.closed?.text }}
          </p>
          <Sent v-if="state.mayShare" />
          <Notice v-for="r in generalRefusals" :key="r.key" :refusal="r" />
          <Category v-for="(c, i) in state.catalogue.categories" :key="c.id" :category="c" :number="i + 1" />
          <div class="choices-foot">
            <button
              v-if="state.mayEdit"
              type="button"
              class="text-button"
              aria-haspopup="dialog"
              @click="actions.open('reset')"
            >
              {{ texts.t("reset.button") }}
            </button>
            <ConsentLink />
            <p class="footnote">
              <a href="/imprint">{{ texts.t("legal.imprint") }}</a> ·
              <a href="/privacy">{{ texts.t("legal.privacy") }}</a>
            </p>
            <p class="footnote">{{ words.financingText(room.derived.price.financing) }} {{ texts.t("vat") }}</p>
            <div class="languages foot" role="group" :aria-label="texts.t('language')">
              <button
                v-for="l in languages"
                :key="l"
                type="button"
                :lang="l"
                :aria-pressed="String(l === ui.language)"
                @click="setLanguage(l)"
              >
                {{ l === "de" ? "Deutsch" : "English" }}
              </button>
            </div>
          </div>
        </section>
      </main>
      <Toasts v-if="!room.gone" @show="actions.show" />
      <ConsentBar />
      <PriceBar v-if="room.derived && !room.gone" />
      <Sheet v-if="ui.sheet && room.derived" :key="ui.sheet" :name="ui.sheet" :title="texts.t(ui.sheet + '.title')">
        <component :is="sheetComponent" />
      </Sheet>
      <DevDrawer v-if="dev && room.derived" />
      <Printed v-if="room.derived && !room.gone" />
      <p class="sr-only" aria-live="polite" data-testid="announcement">{{ ui.announcement }}</p>
    </div>
  `,
  setup(props, { emit }) {
    const catalogue = /** @type {Catalogue} */ (JSON.parse(props.catalogue));
    const ui = createUi(props.language, catalogue);
    const texts = createReaderTexts(JSON.parse(props.texts), () => ui.language);
    const words = createWords(catalogue, texts);
    const devLog = createFrameLog();
    const { room, hear } = openRoom(props, devLog, (said) => emit("message", said));
    const visit = createVisit({ room, ui, mode: props.consent });
    const inquiry = inquiryOf(room.state, visit);
    const notices = createNotices({ ui, t: texts.t });
    const { consent } = visit;
    const { state, byRestore } = createState({ room: room.state, ui, catalogue, texts, consent, inquiry, devLog });
    const { unsent: unsentElsewhere } = createOtherTabs({ waiting: () => room.state.pending.length });
    const actions = createActions({ room, ui, state, catalogue, visit, notices, inquiry, unsentElsewhere });
    provideContext({ texts, words, actions, state });

    keepPlace(ui, room.state.configuration, catalogue.views, () => inquiry.written() && state.mayShare);
    const needs = { room: room.state, ui, state, texts, words, notices, visit };
    Object.assign(hear, createReactions(needs));
    watchRoom(needs);
    const elements = useElements();
    onMounted(() => {
      // Only for an admin who watches.
      if (room.state.you?.role === "admin") import("../staff/attendance.js").then(({ attend }) => attend());
      attachSocket({ room, inquiry });
    });
    /** @type {() => void} */
    let stop;
    onMounted(() => (stop = followPage({ room, state, actions, visit, inquiry, byRestore })));
    onBeforeUnmount(() => stop());
    return {
      ...elements,
      languages: LANGUAGES,
      texts,
      words,
      actions,
      state,
      ui,
      room: room.state,
      receiveFrame: room.receive,
    };
  },
  computed: {
    generalRefusals() {
      return this.room.refusals.filter((r) => this.words.known(r.category) === null);
    },
    /** @returns {string | null} */
    sheetComponent() {
      return this.ui.sheet && SHEETS[this.ui.sheet];
    },
  },
  mounted() {
    this.setTitle();
  },
  methods: {
    // Called by the server with one frame as text.
    /** @param {string} frame */
    receive(frame) {
      this.receiveFrame(JSON.parse(frame));
    },
    /** @param {Language} language */
    setLanguage(language) {
      this.ui.language = language;
      document.cookie = `nest_language=${language}; path=/; max-age=31536000; samesite=lax`;
      document.documentElement.lang = language;
      this.setTitle();
    },
    setTitle() {
      document.title = `${this.texts.t("house.title")} ${this.room.code ?? ""} – NEST-Haus`;
    },
    skip() {
      document.getElementById("categories")?.focus();
    },
  },
});

/** @param {string} language @param {Catalogue} catalogue @returns {Ui} */
function createUi(language, catalogue) {
  return reactive({
    language: /** @type {Language} */ (language),
    view: catalogue.views[0].id,
    sheet: null,
    announcement: "",
    toasts: [],
    category: null,
  });
}

// The room, made of the frames in the page. `hear` is filled when all listeners exist.
/** @param {Props} props @param {FrameLog} devLog @param {(text: string) => void} emit */
function openRoom(props, devLog, emit) {
  const frames = /** @type {ServerMessage[]} */ (JSON.parse(props.frames));
  const you = frames.map((frame) => ("you" in frame ? frame.you : null)).find(Boolean);
  if (you && you.role !== "admin") settle(you.person);
  /** @type {Hearing} */
  const hear = { change: () => {}, nothing: () => {}, refused: () => {}, full: () => {} };
  /** @type {Room} */
  const room = createRoom({
    frames,
    reactive,
    emit,
    onChange: (entry) => hear.change(entry),
    onNothing: (reason) => hear.nothing(reason),
    onRefused: (refusal) => hear.refused(refusal),
    onFull: (most) => hear.full(most),
    reload: reloadAfter,
    giveUp: () => window.socket?.io.engine.close(),
    onFrame: props.dev ? (direction, frame) => logFrame(devLog, direction, frame) : undefined,
  });
  return { room, hear };
}

/** @param {RoomState} room @param {Visit} visit */
function inquiryOf(room, { tracker }) {
  const inquiries = `${houseApiOf(room.configuration)}/inquiries`;
  return createInquiry({
    configuration: room.configuration ?? "",
    person: room.you?.person,
    post: (asked) => request("POST", inquiries, room.sessionId ? { ...asked, session_id: room.sessionId } : asked),
    get: () => request("GET", inquiries),
    version: () => room.version,
    changed: () => tracker.track("inquiry", "inquiry", { elementId: "sent" }),
    reactive,
  });
}

// The head, whose height other elements keep clear of, and the layout, in which the house shrinks
// while scrolling.
function useElements() {
  const topbar = ref(/** @type {HTMLElement | null} */ (null));
  const layout = ref(/** @type {HTMLElement | null} */ (null));
  /** @type {(() => void)[]} */
  const stops = [];
  let frame = 0;

  function shrinkHouse() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      layout.value?.style.setProperty("--scrolled", `${Math.min(window.scrollY, 2000)}px`);
    });
  }

  onMounted(() => {
    if (topbar.value) stops.push(tellHeight(topbar.value, "--head"));
    window.addEventListener("scroll", shrinkHouse, { passive: true });
    stops.push(() => window.removeEventListener("scroll", shrinkHouse));
  });
  onBeforeUnmount(() => stops.forEach((stop) => stop()));
  return { topbar, layout };
}
