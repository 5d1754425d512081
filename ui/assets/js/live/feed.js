// The time line of the live view.
//
// Lines that are being read do not move: new entries wait while the reader is scrolled down, has opened
// an entry, or has paused. None of them is lost. The server names the entry after which a
// frame begins (`since`) and the last one that it covers (`last_id`). If a frame does not begin at
// our last entry, entries are missing, and everything after it is asked for again. If more entries
// wait than this window keeps, the server is told to stop, and goes on from there later.
//
// Entries that are older than this window, or were left out, are in the history: pages of what is stored, under
// the same filters, merged by time. `whole` is the oldest entry behind which nothing is missing.
import { last } from "../shared/older_browsers.js";

/**
 * @import { Activity, Ask, Entry, Wish } from "./types.js"
 *
 * @typedef {object} FeedState
 * @property {Entry[]} entries
 * @property {Entry[]} waiting
 * @property {Entry[]} past
 * @property {boolean} paused
 * @property {boolean} held
 * @property {boolean} behind the server keeps entries that do not fit here
 * @property {number} missed the number of entries that the server keeps
 * @property {number} skipped
 * @property {boolean} gap
 * @property {string | null} opened
 * @property {"idle" | "busy" | "done" | "away"} history
 */

export const KEPT = 2000;
const SHOWN = 300;
const SHOWN_MAX = 3000;
const PAGE = 200;

/** @returns {FeedState} */
const blank = () => ({
  ...{ entries: [], waiting: [], past: [] },
  ...{ paused: false, held: false, behind: false, missed: 0, skipped: 0, gap: false },
  ...{ opened: null, history: "idle" },
});

/** @param {(state: FeedState) => FeedState} reactive @param {{ ask?: Ask }} [how] */
export function createFeed(reactive, { ask = () => {} } = {}) {
  const state = reactive(blank());
  const window = createWindow(state, ask);
  const history = createHistory(state, ask, window);
  return { state, ...window, ...history, KEPT };
}

// The newest entries. They come in frames, each of which begins where the one before it ended.
/** @param {FeedState} state @param {Ask} ask */
function createWindow(state, ask) {
  /** @type {Set<string>} */
  const known = new Set();
  /** @type {string | null} */
  let lastId = null;
  let asked = false;
  /** @type {Entry | null} */
  let whole = null;

  /** @param {Activity} frame */
  function receive({ entries, skipped = 0, gap = false, since = null, last_id = null }) {
    if (state.behind) return;
    if (since !== null && lastId !== null && since !== lastId) {
      if (!asked && later(since, lastId)) follow();
      return; // its entries come again, in their place
    }
    const fresh = Array.isArray(entries) ? entries : [];
    if (quiet() && state.waiting.length + fresh.length > KEPT) return fallBehind(fresh.length);
    asked = false;
    lastId = last_id ?? lastId;
    state.skipped += skipped || 0;
    state.gap ||= gap === true;
    add(fresh, skipped > 0 || gap === true);
  }

  /** @param {readonly unknown[]} raws @param {boolean} [broken] whether something is missing before them */
  function add(raws, broken = false) {
    /** @type {Entry[]} */
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
    // No entry is missing among those that are kept.
    if (whole && !known.has(whole.id)) whole = null;
  }

  /** @param {number} more */
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

  /** @param {boolean} on */
  function pause(on) {
    state.paused = on;
    if (on && !state.behind) fallBehind(0);
    else if (!on && !state.held) release();
  }

  /** @param {boolean} on */
  function hold(on) {
    state.held = on;
    if (!on && !state.paused) release();
  }

  // Remove the entries of erased sessions. Returns the clients' ids of these sessions.
  /** @param {readonly string[]} sessions */
  function forget(sessions) {
    const gone = new Set(sessions);
    /** @type {Set<string>} */
    const names = new Set();
    for (const list of /** @type {const} */ (["entries", "waiting", "past"])) {
      state[list] = state[list].filter((entry) => {
        if (!gone.has(String(entry.raw.session_id))) return true;
        names.add(entry.session);
        return false;
      });
    }
    return names;
  }

  // The socket is connected again. Frames sent in between may be lost, and the sender may be
  // another process now, which waits to be told where to go on.
  function reconnected() {
    if (state.behind) ask({ type: "pause" });
    else follow();
  }

  const held = () => state.waiting.length + state.missed;
  // The oldest entry behind which nothing is missing.
  const oldest = () => whole ?? last(state.entries) ?? last(state.waiting);

  return { receive, add, pause, hold, release, held, forget, reconnected, oldest };
}

// The older entries, in pages.
/** @param {FeedState} state @param {Ask} ask @param {Pick<ReturnType<typeof createWindow>, "oldest">} window */
function createHistory(state, ask, { oldest }) {
  let question = 0;
  let shown = SHOWN;

  function searched() {
    state.past = [];
    state.history = "idle";
    question += 1;
    shown = SHOWN;
  }

  // Ask for the page of history before the oldest entry; one at a time.
  /** @param {Wish} wish */
  function older(wish) {
    if (state.history === "busy" || state.history === "done") return;
    state.history = "busy";
    question += 1;
    shown = Math.min(shown + PAGE, SHOWN_MAX);
    const from = last(state.past) ?? oldest();
    const before = new Date(from?.at ?? Date.now()).toISOString();
    const beforeId = from && UUID.test(from.id) ? { before_id: from.id } : {};
    ask({ type: "history", re: question, before, ...beforeId, wish });
  }

  /** @param {{ re?: number, entries?: readonly unknown[] | null }} page */
  function answered({ re, entries }) {
    if (re !== question) return;
    if (!Array.isArray(entries)) return void (state.history = "away");
    state.past.push(...entries.map(normal));
    state.history = entries.length < PAGE ? "done" : "idle";
  }

  // `also` has other meanings of the text.
  /** @param {Wish} wish @returns {Entry[]} */
  function filtered({ text, type, category, session, also = [] }) {
    const needles = [text.trim(), codeOf(text), ...also].filter(Boolean).map((n) => n.toLowerCase());
    /** @param {Entry} e */
    const wanted = (e) =>
      (!type || e.type === type) &&
      (!category || e.category === category) &&
      (!session || e.session === session) &&
      (!needles.length || needles.some((n) => e.search.includes(n)));
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

  return { older, answered, searched, filtered };
}

// Sorted by the time that each line shows: a late entry stands among those of its time.
/** @param {Entry[]} entries */
const newestFirst = (entries) => entries.sort((a, b) => b.at - a.at);

// The code of a house in any spelling, as `configurator/house_code.py` reads it; "" if it is none.
/** @param {string} text */
export function codeOf(text) {
  const plain = text
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\p{Cc}\p{Cf}\p{Mn}\p{Pc}\p{Pd}\p{Z}.,:;/·•⁃−]/gu, "");
  const code = plain.replace(/O/g, "0").replace(/[IL]/g, "1").replace(/U/g, "V");
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code) ? code : "";
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param {string} one @param {string} other ids of the stream */
function later(one, other) {
  const [a, b] = [one, other].map((id) => id.split("-").map(Number));
  return a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
}

/** @param {unknown} value */
const word = (value) =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/** @param {unknown} value @returns {Record<string, unknown> | null} */
const fieldsOf = (value) =>
  value && typeof value === "object" ? /** @type {Record<string, unknown>} */ (value) : null;

// Entries come from strangers: every field may be missing, wrong or hostile. They become text only.
/** @param {unknown} raw */
export function normal(raw) {
  const entry = fieldsOf(raw) ?? { value: raw };
  const inner = fieldsOf(entry.interaction) ?? entry;
  /** @param {string[]} names */
  const pick = (...names) => {
    for (const name of names) {
      if (inner[name] !== undefined && inner[name] !== null) return word(inner[name]);
      if (entry[name] !== undefined && entry[name] !== null) return word(entry[name]);
    }
    return "";
  };
  /** @param {string[]} names */
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
