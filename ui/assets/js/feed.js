// The time line of the live view.
//
// What is being read does not move: while the reader is scrolled down, has opened an entry, or has
// paused, new entries wait. Nothing is lost by it. The server names the entry after which a frame
// begins (`since`) and the last one that it covers (`last_id`); a frame that does not begin where we
// are means that something is missing, and everything after our last entry is asked for again. When
// more wait than this window keeps, the server is told to stop, and goes on from there later.
//
// What is older than this window, or was left out, is in the history: pages of what is stored, under
// the same filters, merged by time. `whole` is the oldest entry behind which nothing is missing.
import { last } from "./older.js";

export const KEPT = 2000;
const SHOWN = 300;
const SHOWN_MAX = 3000;
const PAGE = 200;

export function createFeed(reactive, { ask = () => {} } = {}) {
  const state = reactive({
    entries: [],
    waiting: [],
    past: [],
    paused: false,
    held: false,
    behind: false, // the server holds back what does not fit here
    missed: 0, // so many it holds back
    skipped: 0,
    gap: false,
    opened: null,
    history: "idle", // idle, busy, done, away
  });
  const known = new Set();
  let lastId = null;
  let asked = false;
  let whole = null;
  let question = 0;
  let shown = SHOWN;

  // A frame of interactions; in old ones `since` and `last_id` are not said.
  function take({ entries, skipped = 0, gap = false, since = null, last_id = null }) {
    if (state.behind) return;
    if (since !== null && lastId !== null && since !== lastId) {
      if (!asked && later(since, lastId)) follow();
      return; // what it says comes again, in its place
    }
    const fresh = Array.isArray(entries) ? entries : [];
    if (quiet() && state.waiting.length + fresh.length > KEPT) return fallBehind(fresh.length);
    asked = false;
    lastId = last_id ?? lastId;
    state.skipped += skipped || 0;
    state.gap ||= gap === true;
    add(fresh, skipped > 0 || gap === true);
  }

  function add(raws, broken = false) {
    const fresh = [];
    for (const raw of raws) {
      const entry = normal(raw);
      if (known.has(entry.id)) continue;
      known.add(entry.id);
      fresh.push(entry);
    }
    if (broken) whole = fresh[0] ?? null;
    (quiet() ? state.waiting : state.entries).unshift(...fresh.reverse());
    cut();
  }

  const quiet = () => state.paused || state.held;

  function cut() {
    if (state.entries.length <= KEPT) return;
    for (const entry of state.entries.splice(KEPT)) known.delete(entry.id);
    if (whole && !known.has(whole.id)) whole = null; // nothing is missing in what is kept
  }

  function fallBehind(more) {
    state.behind = true;
    state.missed = more;
    ask({ type: "pause" });
  }

  function follow() {
    asked = true;
    ask({ type: "follow", after: lastId });
  }

  function release() {
    state.entries.unshift(...state.waiting.splice(0));
    cut();
    if (!state.behind) return;
    state.behind = false;
    state.missed = 0;
    follow();
  }

  function pause(on) {
    state.paused = on;
    if (on && !state.behind) fallBehind(0);
    else if (!on && !state.held) release();
  }

  function hold(on) {
    state.held = on;
    if (!on && !state.paused) release();
  }

  // Sessions that were erased: nothing of them stays here. Answers what their clients called them.
  function forget(sessions) {
    const gone = new Set(sessions);
    const names = new Set();
    for (const list of ["entries", "waiting", "past"]) {
      state[list] = state[list].filter((entry) => {
        if (!gone.has(entry.raw?.session_id)) return true;
        names.add(entry.session);
        return false;
      });
    }
    return names;
  }

  // The socket is there again. What was sent meanwhile may not have arrived, and whoever sends now may
  // be another process, which waits to be told where to go on.
  function reconnected() {
    if (state.behind) ask({ type: "pause" });
    else follow();
  }

  const held = () => state.waiting.length + state.missed;

  // -- history -----------------------------------------------------------------------------

  function searched() {
    state.past = [];
    state.history = "idle";
    question += 1;
    shown = SHOWN;
  }

  // The page of history behind what is here; once at a time.
  function older(wish) {
    if (state.history === "busy" || state.history === "done") return;
    state.history = "busy";
    question += 1;
    shown = Math.min(shown + PAGE, SHOWN_MAX);
    const from = last(state.past) ?? whole ?? last(state.entries) ?? last(state.waiting);
    const before = new Date(from?.at ?? Date.now()).toISOString();
    ask({ type: "history", re: question, before, ...(UUID.test(from?.id ?? "") ? { before_id: from.id } : {}), wish });
  }

  function answered({ re, entries }) {
    if (re !== question) return;
    if (!Array.isArray(entries)) return void (state.history = "away");
    state.past.push(...entries.map(normal));
    state.history = entries.length < PAGE ? "done" : "idle";
  }

  // `also`: what else is meant by the text.
  function filtered({ text, type, category, session, also = [] }) {
    const needles = [text.trim(), codeOf(text), ...also].filter(Boolean).map((n) => n.toLowerCase());
    const wanted = (e) => (!type || e.type === type) && (!category || e.category === category) && (!session || e.session === session) && (!needles.length || needles.some((n) => e.search.includes(n)));
    const out = [];
    for (const entry of state.entries) {
      if (!wanted(entry)) continue;
      out.push(entry);
      if (out.length >= shown) return newestFirst(out);
    }
    if (!state.past.length) return newestFirst(out);
    const here = new Set(out.map((e) => e.id));
    const all = [...out, ...state.past.filter((e) => !here.has(e.id))];
    return newestFirst(all).slice(0, SHOWN_MAX);
  }

  return { state, take, add, pause, hold, release, held, forget, reconnected, older, answered, searched, filtered, KEPT };
}

// By the time that each line shows: what comes late has its place among what happened with it.
const newestFirst = (entries) => entries.sort((a, b) => b.at - a.at);

// The code of a house in any spelling, as `configurator/house_code.py` reads it; "" when it is none.
export function codeOf(text) {
  const plain = text.normalize("NFKC").toUpperCase().replace(/[\p{Cc}\p{Cf}\p{Mn}\p{Pc}\p{Pd}\p{Z}.,:;/·•⁃−]/gu, "");
  const code = plain.replace(/O/g, "0").replace(/[IL]/g, "1").replace(/U/g, "V");
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code) ? code : "";
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function later(one, other) {
  const [a, b] = [one, other].map((id) => id.split("-").map(Number));
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}

const word = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

// Entries are what strangers sent: every field may be missing, wrong or hostile. Only text is made.
export function normal(raw) {
  const entry = raw && typeof raw === "object" ? raw : { value: raw };
  const inner = entry.interaction && typeof entry.interaction === "object" ? entry.interaction : entry;
  const pick = (...names) => {
    for (const name of names) {
      if (inner[name] !== undefined && inner[name] !== null) return word(inner[name]);
      if (entry[name] !== undefined && entry[name] !== null) return word(entry[name]);
    }
    return "";
  };
  const cents = (...names) => {
    const value = Number(pick(...names) || NaN);
    return Number.isFinite(value) ? value : null;
  };
  const at = Date.parse(pick("at", "received_at", "receivedAt", "timestamp"));
  const text = JSON.stringify(entry);
  return Object.freeze({
    id: pick("event_id", "eventId", "interactionId", "id") || text,
    at: Number.isFinite(at) ? at : Date.now(),
    type: pick("event_type", "eventType", "type"),
    category: pick("category"),
    element: pick("element_id", "elementId"),
    value: pick("selection_value", "selectionValue"),
    previous: pick("previous_value", "previousValue"),
    spent: pick("time_spent_ms", "time_spent", "timeSpent"),
    total: cents("total_cents", "totalCents"),
    change: cents("change_cents", "changeCents"),
    version: pick("version"),
    device: pick("device_type"),
    source: pick("source"),
    bot: pick("bot") === "false" ? "" : pick("bot"),
    subject: pick("subject"),
    session: pick("session", "session_id", "sessionId"),
    stored: pick("session_id"),
    code: pick("configuration_code", "configurationCode", "code"),
    search: text.toLowerCase(),
    raw: entry,
  });
}
