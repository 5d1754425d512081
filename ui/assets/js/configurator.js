// The configurator: one component, fed by protocol frames through receive(text), asking through
// $emit('message', text). See room.js for what may be claimed when.
import { computed, reactive, watch } from "vue";
import { tellHeight } from "./bars.js";
import { createClosed } from "./closed.js";
import { calendarDay, clockTime, difference, euro, euroRounded } from "./format.js";
import { Category, Notice } from "./parts/category.js";
import { ConsentBar, ConsentLink, createConsent } from "./parts/consent.js";
import { DevDrawer } from "./parts/dev.js";
import { Reset } from "./parts/dialogs.js";
import { Ended } from "./parts/ended.js";
import { Restored } from "./parts/restored.js";
import { House } from "./parts/house.js";
import { Inquiry, Sent } from "./parts/inquiry.js";
import { PeopleButton, PeopleSheet } from "./parts/people.js";
import { Breakdown, PriceBar } from "./parts/pricebar.js";
import { Printed } from "./parts/printed.js";
import { Invite } from "./parts/sharing.js";
import { Sheet } from "./parts/sheet.js";
import { Status } from "./parts/status.js";
import { Toasts } from "./parts/toasts.js";
import { askedChoices } from "./pending.js";
import { createRoom, statusOf } from "./room.js";
import { mayMeasure } from "./consent.js";
import { sessionKey } from "./ids.js";
import { takesBack, typing } from "./keys.js";
import { createMeasure } from "./measure.js";
import { initialsOf } from "./names.js";
import { createNotices } from "./notices.js";
import { isForgotten, settle } from "./owner.js";
import { createSentences } from "./sentences.js";
import { socketOfPage } from "./socket.js";
import { createTelling } from "./telling.js";
import { createTracker } from "./track.js";
import { request } from "./http.js";
import { createInquiry } from "./inquiry.js";
import { last } from "./older.js";
import { createSiblings } from "./siblings.js";
import { parsed, place, read, write } from "./storage.js";

const VIEWS = ["exterior", "interior", "pv", "fenster"];
const PLAIN = ["nest", "pvanlage", "planungspaket", "grundstueckscheck"];
const PRESENCE_EVERY_MS = 250;
const REFUSED_AGAIN_MS = 5000;

export default {
  components: { Category, Notice, ConsentBar, ConsentLink, DevDrawer, Ended, Inquiry, Invite, Reset, House, PeopleButton, Sent, PeopleSheet, Breakdown, PriceBar, Printed, Restored, Sheet, Status, Toasts },
  props: { frames: String, catalogue: String, texts: String, language: String, dev: Boolean, consent: String },
  emits: ["message"],
  template: `
    <div class="nest">
      <a class="skip" href="#categories" @click.prevent="skip">{{ screen.t("skip") }}</a>
      <header class="topbar" ref="topbar">
        <a class="brand" href="/" :aria-label="screen.t('brand.home')">NEST</a>
        <h1 class="house-title"><span>{{ screen.t("house.title") }}</span> <span class="code" v-if="room.code">{{ room.code }}</span></h1>
        <Status />
        <span class="spring"></span>
        <PeopleButton v-if="room.derived" />
        <div class="languages" role="group" :aria-label="screen.t('language')">
          <button v-for="l in ['de', 'en']" :key="l" type="button" :lang="l" :aria-pressed="String(l === ui.language)" :aria-label="l === 'de' ? 'Deutsch' : 'English'" @click="setLanguage(l)">{{ l.toUpperCase() }}</button>
        </div>
        <button v-if="room.derived && screen.mayShare.value" type="button" class="button invite" aria-haspopup="dialog" @click="screen.open('invite')">{{ screen.t("invite.button") }}</button>
      </header>
      <main v-if="room.gone" class="message-page"><h2>{{ screen.gone.value.title }}</h2><p>{{ screen.gone.value.text }}</p><p><a class="button primary" href="/">{{ screen.t("gone.home") }}</a></p></main>
      <main v-else-if="!room.derived" class="layout skeleton" aria-busy="true"><section class="stage"><div class="picture loading"></div></section><section class="choices"><p class="sr-only">{{ screen.t("loading") }}</p><div class="ghost" v-for="n in 5" :key="n"></div></section></main>
      <main v-else class="layout" ref="layout">
        <House />
        <section class="choices" id="categories" tabindex="-1" :aria-label="screen.t('categories')">
          <Restored v-if="room.restored" />
          <Ended v-if="room.ended" />
          <p v-else-if="!screen.mayEdit.value" class="notice readonly"><strong>{{ screen.closed.value.title }}</strong> {{ screen.closed.value.text }}</p>
          <Sent v-if="screen.mayShare.value" />
          <Notice v-for="r in generalRefusals" :key="r.key" :refusal="r" />
          <Category v-for="(c, i) in catalogueParsed.categories" :key="c.id" :category="c" :number="i + 1" />
          <div class="choices-foot">
            <button v-if="screen.mayEdit.value" type="button" class="text-button" aria-haspopup="dialog" @click="screen.open('reset')">{{ screen.t("reset.button") }}</button>
            <ConsentLink />
            <p class="footnote"><a href="/imprint">{{ screen.t("legal.imprint") }}</a> · <a href="/privacy">{{ screen.t("legal.privacy") }}</a></p>
            <p class="footnote">{{ screen.financingText.value }} {{ screen.t("vat") }}</p>
            <div class="languages foot" role="group" :aria-label="screen.t('language')">
              <button v-for="l in ['de', 'en']" :key="l" type="button" :lang="l" :aria-pressed="String(l === ui.language)" @click="setLanguage(l)">{{ l === "de" ? "Deutsch" : "English" }}</button>
            </div>
          </div>
        </section>
      </main>
      <Toasts v-if="!room.gone" @show="showToast" />
      <ConsentBar />
      <PriceBar v-if="room.derived && !room.gone" />
      <Sheet v-if="ui.sheet && room.derived" :key="ui.sheet" :name="ui.sheet" :title="screen.t(ui.sheet + '.title')">
        <component :is="sheetComponent" />
      </Sheet>
      <DevDrawer v-if="dev && room.derived" />
      <Printed v-if="room.derived && !room.gone" :categories="catalogueParsed.categories" />
      <p class="sr-only" aria-live="polite" data-testid="announcement">{{ ui.announcement }}</p>
    </div>`,
  setup(props, { emit }) {
    const catalogueParsed = JSON.parse(props.catalogue);
    const ui = reactive({ language: props.language, view: "exterior", sheet: null, announcement: "", toasts: [], category: null });
    const devLog = reactive({ frames: [], answers: [] });
    const hear = { change: () => {}, nothing: () => {}, refused: () => {}, full: () => {} };
    const frames = JSON.parse(props.frames);
    const you = frames.find((frame) => frame.you)?.you;
    if (you && you.role !== "admin") settle(you.person);
    const room = createRoom({
      frames,
      reactive,
      onChange: (entry) => hear.change(entry),
      onNothing: (reason) => hear.nothing(reason),
      onRefused: (refusal) => hear.refused(refusal),
      onFull: (most) => hear.full(most),
      emit: (text) => emit("message", text),
      reload: (afterMs) => setTimeout(() => window.location.reload(), afterMs + 500 + Math.random() * 1500),
      onFrame: props.dev ? (way, frame) => logFrame(devLog, way, frame) : undefined,
    });
    const screen = createScreen({ props, catalogue: catalogueParsed, ui, room, devLog, hear });
    return { catalogueParsed, ui, engine: room, room: room.state, screen };
  },
  provide() {
    return { screen: this.screen };
  },
  computed: {
    generalRefusals() {
      const known = new Set(this.catalogueParsed.categories.map((c) => c.id));
      return this.room.refusals.filter((r) => !known.has(r.category));
    },
    sheetComponent() {
      return { people: "PeopleSheet", invite: "Invite", inquiry: "Inquiry", reset: "Reset", breakdown: "Breakdown" }[this.ui.sheet];
    },
  },
  mounted() {
    // Of an admin who looks on only: nobody else needs it.
    if (this.room.you?.role === "admin") import("nest-screens/attended.js").then(({ attend }) => attend());
    this.leaveListeners = [tellHeight(this.$refs.topbar, "--head")];
    const listen = (target, name, handler, options) => {
      target.addEventListener(name, handler, options);
      this.leaveListeners.push(() => target.removeEventListener(name, handler, options));
    };
    this.attachSocket();
    this.clock = setInterval(() => (this.room.clock = Date.now()), 400);
    listen(window, "online", () => {
      this.room.online = true;
      this.screen.tracker.online();
      wake();
    });
    listen(window, "offline", () => (this.room.online = false));
    listen(document, "visibilitychange", () => {
      if (document.visibilityState === "hidden") return this.screen.measure.hide();
      this.screen.measure.back();
      wake();
    });
    listen(window, "error", (event) => this.screen.measure.failed(event.message));
    listen(window, "pagehide", () => {
      this.screen.measure.leave();
      this.engine.send({ type: "leave", configuration: this.room.configuration });
    });
    listen(window, "storage", (event) => (isForgotten(event, this.room.you?.person) ? this.screen.forgotten() : this.screen.inquiry.heard(event)));
    listen(window, "signedout", this.screen.forgotten);
    listen(window, "pageshow", (event) => event.persisted && wake());
    listen(window, "scroll", () => this.shrinkHouse(), { passive: true });
    listen(window, "keydown", (event) => this.takeBackByKey(event));
    for (const sign of ["pointerdown", "pointermove", "keydown", "scroll"]) listen(window, sign, this.screen.measure.active, { passive: true });
    this.setTitle();
  },
  beforeUnmount() {
    clearInterval(this.clock);
    this.leaveListeners.forEach((stop) => stop());
  },
  methods: {
    // Called by the server with one frame as text.
    receive(text) {
      this.engine.receive(JSON.parse(text));
    },
    // What the browser shows before somebody goes there says nothing: nobody is here yet.
    attachSocket() {
      if (document.prerendering) return document.addEventListener("prerenderingchange", () => this.attachSocket(), { once: true });
      socketOfPage((socket) => {
        socket.on("connect", () => {
          this.engine.connected();
          this.screen.inquiry.refresh();
        });
        socket.on("disconnect", () => this.engine.disconnected());
        if (!socket.connected) return;
        this.engine.connected();
        this.screen.inquiry.refresh();
      });
    },
    // Not while somebody types: there the keys undo what was typed.
    takeBackByKey(event) {
      const kind = takesBack(event);
      if (!kind || !this.screen.mayEdit.value || this.ui.sheet || typing(event.target)) return;
      event.preventDefault();
      if (!event.repeat) this.screen.takeBack(kind);
    },
    shrinkHouse() {
      if (this.scrollFrame) return;
      this.scrollFrame = requestAnimationFrame(() => {
        this.scrollFrame = 0;
        this.$refs.layout?.style.setProperty("--scrolled", `${Math.min(window.scrollY, 2000)}px`);
      });
    },
    setLanguage(language) {
      this.ui.language = language;
      document.cookie = `nest_language=${language}; path=/; max-age=31536000; samesite=lax`;
      document.documentElement.lang = language;
      this.setTitle();
    },
    setTitle() {
      document.title = `${this.screen.t("house.title")} ${this.room.code ?? ""} – NEST-Haus`;
    },
    skip() {
      document.getElementById("categories")?.focus();
    },
    showToast(toast) {
      this.screen.closeToast(toast.key);
      this.show(toast.category);
    },
    show(category) {
      const section = document.getElementById(category ? `category-${category}` : "categories");
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      section?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
      section?.querySelector('[role="radio"][tabindex="0"]')?.focus({ preventScroll: true });
    },
  },
};

function wake() {
  const socket = window.socket;
  if (socket && !socket.connected) socket.connect();
}

function logFrame(log, way, frame) {
  const text = JSON.stringify(frame, null, 1);
  const now = performance.now();
  const entry = { n: (last(log.frames)?.n ?? 0) + 1, way, type: frame.type, text, bytes: JSON.stringify(frame).length, time: new Date().toISOString().slice(11, 23), at: now, op: frame.op_id ?? null, took: null };
  if (way === "in" && frame.type === "op") {
    const asked = log.frames.find((f) => f.way === "out" && f.op === frame.op_id);
    if (asked) {
      entry.took = Math.round(now - asked.at);
      log.answers.push(entry.took);
    }
  }
  log.frames.push(entry);
  if (log.frames.length > 50) log.frames.shift();
}

// Everything the parts ask for: texts, names, money, actions.
function createScreen({ props, catalogue, ui, room, devLog, hear }) {
  const state = room.state;
  const categories = new Map(catalogue.categories.map((c) => [c.id, c]));
  const language = () => ui.language;
  const sentences = createSentences({ catalogue, texts: JSON.parse(props.texts), language });
  const { t, say, categoryName, optionName, choiceText, refusalTitle } = sentences;
  let over = false; // this browser has forgotten its person
  const tracker = createTracker(() => state.sessionId, { allowed: () => !over && mayMeasure(props.consent) });
  const measure = createMeasure({ tracker, state, ui });
  const consent = createConsent({ mode: props.consent, reactive, changed: decided });
  // No session was kept of a visitor who had not decided: one begins with their word.
  function decided() {
    if (mayMeasure(props.consent) && !state.sessionId) room.send({ type: "hello", protocol: 1, session_id: sessionKey() });
    tracker.decided();
  }
  const notices = createNotices({ ui, t });
  const { announce } = notices;
  const houseApi = `/api/configurations/${encodeURIComponent(state.configuration)}`;
  const inquiries = `${houseApi}/inquiries`;
  const inquiry = createInquiry({
    configuration: state.configuration,
    person: state.you?.person,
    post: (asked) => request("POST", inquiries, state.sessionId ? { ...asked, session_id: state.sessionId } : asked),
    get: () => request("GET", inquiries),
    version: () => state.version,
    changed: () => tracker.track("inquiry", "inquiry", { elementId: "sent" }),
    reactive,
  });
  const siblings = createSiblings({ waiting: () => state.pending.length });
  const status = computed(() => statusOf(state));
  const asked = computed(() => (state.ended ? {} : askedChoices(state.pending)));
  const mayEdit = computed(() => !["viewer", "admin"].includes(state.you?.role) && !state.gone && !state.ended);
  // Invitations and inquiries are in the owner's name; the server refuses them to guests.
  const owns = computed(() => !["viewer", "admin", "editor"].includes(state.you?.role));
  const mayShare = computed(() => mayEdit.value && owns.value);
  let presenceTimer = null;

  // Where somebody was, for when this tab is loaded again, which a restart of the server does too.
  const kept = place("sessionStorage");
  const placeKey = `nest-place-${state.configuration}`;
  const was = parsed(read(kept, placeKey));
  if (VIEWS.includes(was?.view)) ui.view = was.view;
  if (was?.sheet === "inquiry" && inquiry.written() && mayShare.value) ui.sheet = was.sheet;
  watch(
    () => [ui.view, ui.sheet],
    ([view, sheet]) => write(kept, placeKey, JSON.stringify({ view, sheet })),
  );

  const withInitials = (person) => ({ ...person, person: person.id, initials: person.initials ?? initialsOf(person.name) });
  const people = computed(() => {
    const byPerson = new Map();
    for (const member of state.members) {
      const known = byPerson.get(member.person);
      if (!known || (member.category && !known.category)) byPerson.set(member.person, { ...member, me: member.person === state.you?.person });
    }
    if (state.me && !byPerson.has(state.me.id)) byPerson.set(state.me.id, { ...withInitials(state.me), me: true, role: state.you?.role });
    return [...byPerson.values()].sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
  });
  const unnamed = computed(() => Math.max(0, state.memberCount - state.members.length));
  const takingBack = computed(() => state.pending.find((p) => ["undo", "redo"].includes(p.operation.kind))?.operation.kind ?? null);

  function takeBack(kind) {
    if (!mayEdit.value || state[kind === "undo" ? "canUndo" : "canRedo"] === false) return;
    room.submit({ kind });
  }

  const { closed, gone, byRestore } = createClosed({ state, mayEdit, t, say, language });
  let refusedAt = 0;

  // Said to whoever tries it nevertheless, wherever on the page that is; not for every tap.
  function refuseHere() {
    if (Date.now() - refusedAt < REFUSED_AGAIN_MS) return;
    refusedAt = Date.now();
    announce(`${closed.value.title} ${closed.value.text}`);
    if (ui.toasts.some((each) => each.key === "ended")) return; // it says the same
    notices.show({ kind: "own", key: `closed-${refusedAt}`, ...closed.value, colour: state.me?.colour ?? 0 });
  }

  function look(view) {
    if (ui.view === view) return;
    ui.view = view;
    measure.view(view);
    sendPresence();
  }

  function lookAtCategory(category) {
    const view = categories.get(category)?.view;
    if (view && VIEWS.includes(view)) ui.view = view;
  }

  function sendPresence() {
    clearTimeout(presenceTimer);
    presenceTimer = setTimeout(() => {
      const message = { type: "presence", configuration: state.configuration, view: ui.view };
      if (ui.category) message.category = ui.category;
      room.send(message);
    }, PRESENCE_EVERY_MS);
  }

  function visit(category) {
    const moved = ui.category !== category;
    measure.visit(category);
    if (moved) sendPresence();
  }

  // Nothing more is kept in this browser.
  function stop() {
    over = true;
    tracker.decided();
  }

  // The page that comes says what was lost. After a restore this one says it, and leaves in sight what
  // nobody else has any more.
  async function forgotten() {
    if (state.you?.role === "admin") return;
    stop();
    window.socket?.disconnect(); // the server knows this page no longer, and would have it load again
    if (await byRestore()) return;
    window.location.replace(`/signed-out?house=${encodeURIComponent(state.code)}`);
  }

  const screen = {
    ...sentences,
    stop,
    forgotten,
    ui,
    room: state,
    houseApi,
    devLog,
    views: VIEWS,
    plain: PLAIN,
    status,
    asked,
    mayEdit,
    owns,
    mayShare,
    closed,
    gone,
    refuseHere,
    people,
    unnamed,
    takingBack,
    takeBack,
    rejoin: () => (over ? window.location.reload() : room.join()),
    tracker,
    measure,
    consent,
    inquiry,
    siblings,
    withInitials,
    look,
    visit,
    track: tracker.track,
    euro: (cents) => euro(cents, language()),
    euroRounded: (cents) => euroRounded(cents, language()),
    difference: (cents) => difference(cents, language()),
    time: (ms) => clockTime(ms, language()),
    date: (ms) => calendarDay(ms, language()),
    lineAmount({ amount_cents: cents }) {
      if (cents === null || cents === undefined) return t("price.onRequest");
      return cents === 0 ? t("price.included") : euro(cents, language());
    },
    open: (sheet) => (ui.sheet = sheet),
    close: () => (ui.sheet = null),
    dismiss: room.dismiss,
    offerToast: notices.offer,
    closeToast: notices.close,
    introduce: (name) => room.request({ type: "introduce", name }),
    roleName: (role) => (role ? t("role." + role) : ""),
    whereIs: (p) => (p.category ? t("people.at", { category: categoryName(p.category) }) : t("people.somewhere")),
    clicked(category, elementId) {
      measure.click(category.id, elementId);
      lookAtCategory(category.id);
      visit(category.id);
      sendPresence();
    },
    submit(operation, how) {
      return room.submit(operation, how);
    },
    repair(refusal, repair) {
      room.dismiss(refusal.key);
      room.submit(repair.operation);
    },
    pictureAlt() {
      const shows = catalogue.views.find((v) => v.id === ui.view)?.shows ?? [];
      const parts = shows
        .filter((id) => id !== catalogue.size_category && state.selection[id])
        .map((id) => `${categoryName(id)}: ${choiceText(id, state.selection[id])}`);
      const nest = state.selection[catalogue.size_category];
      const size = nest ? optionName(catalogue.size_category, nest.option) : "NEST";
      return t("stage.alt." + ui.view, { size, details: parts.join("; ") || t("category.none") });
    },
    financingText: computed(() => {
      const financing = state.derived?.price.financing;
      if (!financing) return "";
      const rate = new Intl.NumberFormat(language() === "de" ? "de-AT" : "en-IE", { minimumFractionDigits: 1 }).format(financing.rate_percent);
      return t("financing", { months: financing.months, rate, amount: euroRounded(financing.monthly_cents, language()) });
    }),
  };

  const known = (category) => (categories.has(category) ? category : null);
  const tell = createTelling({ state, ui, notices, sentences, known });
  hear.change = (entry) => {
    tell(entry);
    measure.saved(entry);
  };
  hear.refused = (refusal) => {
    measure.refused(refusal);
    const title = refusalTitle(refusal);
    const text = refusal.reasons.map((reason) => say(reason.text)).join(" ");
    announce(`${title} ${text}`);
    const { key, category } = refusal;
    if (refusal.outcome === "conflict") notices.settle("over", [category]); // it says the same, with the way out
    const toast = { kind: "own", key, title, text, category: known(category), about: [category], colour: state.me?.colour ?? 0, stays: true };
    notices.offer(`[data-notice="${key}"]`, () => (state.refusals.some((each) => each.key === key) ? toast : null), { reach: true });
  };
  hear.nothing = (reason) => {
    announce(say(reason.text));
    notices.show({ kind: "own", key: `nothing-${Date.now()}`, text: say(reason.text), colour: state.me?.colour ?? 0 });
  };
  hear.full = (most) => {
    announce(t("pending.full", { count: most }));
    notices.show({ kind: "own", key: `full-${Date.now()}`, text: t("pending.full", { count: most }), colour: state.me?.colour ?? 0 });
  };
  // A toast about a refusal goes with it: settled, dismissed, or replaced.
  watch(
    () => state.refusals.map((refusal) => refusal.key),
    (now, before) => before.filter((key) => !now.includes(key)).forEach(notices.close),
  );
  watch(
    () => ui.language,
    () => (ui.announcement = ""),
  );
  watch(() => state.you, measure.join, { immediate: true });

  // Saving is quiet; that something is not saved, and that it is again, is said.
  watch(
    () => status.value.name,
    (now) => {
      const bad = (name) => ["offline", "retrying", "gone"].includes(name);
      if (bad(now)) announce(t("status." + now, { count: status.value.count }));
      else if (now === "saved" && wasBad) announce(t("status.saved"));
      wasBad = bad(now) || (wasBad && now !== "saved");
    },
  );

  let wasBad = false;

  return screen;
}
