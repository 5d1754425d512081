// Sends interactions to the server, in order, each once, without disturbing the visitor.
//
//   track() ─▶ queue in localStorage, one per tab ─▶ POST, one batch at a time ─▶ settled, forgotten
//                                   └── pagehide: sendBeacon; what is not settled stays in the queue
//
// An event is settled when the server has answered for it. An event that may have arrived without
// an answer is sent again with the same event id, and counts once. The events that a closed tab
// left are sent by another tab of this browser, or by the next visit. A full queue keeps the oldest
// events and still gives new ones a number: the server counts the gap as lost.
import { uuid7 } from "../client/ids.js";
import { browserLanguage, within } from "../shared/older_browsers.js";
import { retryAfterMs } from "../shared/retry.js";
import { referrer } from "./referrer.js";
import { parsed, place, read, remove, write } from "../shared/storage.js";
import { createTabs } from "./tabs.js";

export const URL_TRACK = "/api/sessions/track-interactions";
export const EVENTS_MAX = 5_000;
export const QUEUE_BYTES_MAX = 1_000_000;
export const BATCH_EVENTS = 200;
const BATCH_BYTES = 240_000;
const BEACON_BYTES = 60_000;
const FLUSH_EVENTS = 50;
const FLUSH_AFTER_MS = 1_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const ANSWER_WITHIN_MS = 15_000;
const ADOPT_EVERY_MS = 15_000;
const PERSIST_AFTER_MS = 250;
const PERSIST_AT_ONCE = 100;
const REFUSED = new Set([400, 413, 422]);
const PREFIX = "nest-track";

/**
 * @typedef {Record<string, unknown> & { eventType: string, category: string }} Told
 * @typedef {{ sessionId: string, eventId: string, seq: number, interaction: Told }} TrackedEvent
 * @typedef {ReturnType<typeof createQueue>} Queue
 * @typedef {ReturnType<typeof createTracker>} Tracker
 * @typedef {() => { language?: string, referrer?: string }} Visit
 * @import { Claimed } from "./tabs.js"
 */

const encoder = new TextEncoder();
/** @param {string} text */
const bytesOf = (text) => encoder.encode(text).length;

// The waiting events of one tab, oldest first, and their copy in localStorage.
/** @param {{ key: string, storage: Storage | null }} how */
export function createQueue({ key, storage }) {
  /** @type {{ event: TrackedEvent, size: number }[]} */
  const events = [];
  let bytes = 0;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;

  for (const event of parsed(read(storage, key))?.events ?? []) {
    if (event?.eventId && event.sessionId && event.interaction) enqueue(event);
  }

  /** @param {TrackedEvent} event */
  function enqueue(event) {
    const size = bytesOf(JSON.stringify(event)) + 1;
    if (events.length >= EVENTS_MAX || bytes + size > QUEUE_BYTES_MAX) return false;
    events.push({ event, size });
    bytes += size;
    return true;
  }

  function persist() {
    if (timer) clearTimeout(timer);
    timer = null;
    if (events.length) write(storage, key, JSON.stringify({ events: events.map((e) => e.event) }));
    else remove(storage, key);
  }

  // During a burst the whole queue is not written again for each event.
  function changed() {
    if (events.length <= PERSIST_AT_ONCE) persist();
    else timer ??= setTimeout(persist, PERSIST_AFTER_MS);
  }

  return {
    get length() {
      return events.length;
    },
    /** @param {TrackedEvent} event */
    push(event) {
      const queued = enqueue(event);
      if (queued) changed();
      return queued;
    },
    // The next events of one session, from number `from` on; `size` is in bytes.
    /** @param {number} from @param {{ eventsMax: number, bytesMax: number }} most */
    batch(from, { eventsMax, bytesMax }) {
      /** @type {TrackedEvent[]} */
      const out = [];
      let size = 0;
      for (let i = from; i < events.length && out.length < eventsMax; i += 1) {
        const { event, size: one } = events[i];
        if (out.length && (event.sessionId !== out[0].sessionId || size + one > bytesMax)) break;
        out.push(event);
        size += one;
      }
      return out;
    },
    // These events were answered for; the queue may have been dropped in between.
    /** @param {readonly TrackedEvent[]} batch */
    settle(batch) {
      for (const event of batch) if (events[0]?.event === event) bytes -= events.shift()?.size ?? 0;
      changed();
    },
    drop() {
      events.length = bytes = 0;
      persist();
    },
    persist,
  };
}

/** @param {number} tab @param {readonly TrackedEvent[]} events @param {ReturnType<Visit>} visit */
const body = (tab, events, visit) =>
  JSON.stringify({
    sessionId: events[0].sessionId,
    sentAt: Date.now(), // by this clock, which may be wrong: the server compares it with its own
    tab,
    visit,
    interactions: events.map(({ eventId, seq, interaction }) => ({ eventId, seq, interaction })),
  });

// Send a queue until it is empty (returns 0) or must wait (returns the ms). One request at a time.
/** @param {{ fetch: typeof window.fetch, visit: Visit, random?: () => number }} how */
export function createSender({ fetch, visit, random = Math.random }) {
  let failures = 0;
  let eventsMax = BATCH_EVENTS;

  /** @param {string | null} header */
  function pause(header) {
    failures += 1;
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10));
    return Math.max(1, retryAfterMs(header) + random() * ceiling);
  }

  /** @param {number} tab @param {Queue} queue @param {{ allowed: () => boolean, keepalive?: boolean }} how */
  async function deliver(tab, queue, { allowed, keepalive = false }) {
    while (queue.length && allowed()) {
      const events = queue.batch(0, { eventsMax, bytesMax: keepalive ? BEACON_BYTES : BATCH_BYTES });
      const patience = within(ANSWER_WITHIN_MS);
      let answer;
      try {
        const asked = fetch(URL_TRACK, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: body(tab, events, visit()),
          credentials: "same-origin",
          keepalive,
          // A request that outlives its page must not end with the page's signal.
          signal: keepalive ? undefined : patience.signal,
        });
        answer = await Promise.race([asked, patience.over]);
      } catch {
        return pause(null);
      } finally {
        patience.done();
      }
      if (answer.ok) {
        failures = 0;
        eventsMax = BATCH_EVENTS;
        queue.settle(events);
      } else if (!REFUSED.has(answer.status)) {
        return pause(answer.headers.get("Retry-After"));
      } else if (events.length > 1) {
        // One of the events is refused; the others must not be lost.
        eventsMax = Math.ceil(events.length / 2);
      } else {
        queue.settle(events);
        eventsMax = BATCH_EVENTS;
      }
    }
    return 0;
  }

  return { deliver };
}

/**
 * @param {() => string | null} sessionIdOf
 * @param {{
 *   allowed?: () => boolean,
 *   storage?: Storage | null,
 *   session?: Storage | null,
 *   locks?: LockManager | null,
 *   fetch?: typeof window.fetch,
 *   beacon?: (url: string, body: Blob) => boolean,
 *   visit?: Visit,
 *   device?: () => object,
 *   random?: () => number,
 * }} [options]
 */
export function createTracker(sessionIdOf, options = {}) {
  const {
    allowed = () => true,
    storage = place("localStorage"),
    session = place("sessionStorage"),
    locks = globalThis.navigator?.locks,
    fetch = (url, how) => window.fetch(url, how),
    beacon = (url, said) => navigator.sendBeacon?.(url, said) ?? false,
    visit = visitOf,
    device = deviceInfo,
    random = Math.random,
  } = options;
  const tabs = createTabs({ locks, storage, session, prefix: PREFIX, random });
  const sender = createSender({ fetch, visit, random });
  const adopting = createSender({ fetch, visit, random });
  /** @type {Claimed | null} */
  let claimed = null;
  /** @type {Queue | null} */
  let queue = null;
  /** @type {Omit<TrackedEvent, "seq">[]} */
  let early = [];
  let busy = false;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  let due = Infinity;
  let waitUntil = 0;

  const ready = begin();

  async function begin() {
    if (globalThis.document?.prerendering)
      await new Promise((seen) => document.addEventListener("prerenderingchange", seen, { once: true }));
    if (!allowed()) return tabs.forget();
    claimed = await tabs.claim();
    queue = createQueue({ key: tabs.name(claimed.tab), storage });
    tabs.remember(claimed);
    for (const event of early.splice(0)) number(claimed, queue, event);
    later(queue.length ? 0 : FLUSH_AFTER_MS);
    setTimeout(adopt, 2_000 + random() * 3_000);
  }

  /** @param {string} eventType @param {string} category @param {Record<string, unknown>} [details] */
  function track(eventType, category, details = {}) {
    const sessionId = sessionIdOf();
    if (!sessionId || !category || !allowed()) return;
    /** @type {Told} */
    const interaction = { eventType, category, deviceInfo: device() };
    for (const [key, value] of Object.entries(details))
      if (value !== undefined && value !== null) interaction[key] = value;
    const event = { sessionId, eventId: uuid7(), interaction };
    if (!claimed || !queue) return void early.push(event);
    number(claimed, queue, event);
    later(queue.length >= FLUSH_EVENTS ? 0 : FLUSH_AFTER_MS);
  }

  // An event for which there is no space takes a number, too.
  /** @param {Claimed} own @param {Queue} into @param {Omit<TrackedEvent, "seq">} event */
  function number(own, into, event) {
    const seq = (own.seqs[event.sessionId] ?? 0) + 1;
    own.seqs[event.sessionId] = seq;
    tabs.remember(own);
    into.push({ sessionId: event.sessionId, eventId: event.eventId, seq, interaction: event.interaction });
  }

  /** @param {number} ms */
  function later(ms) {
    const at = Math.max(Date.now() + ms, waitUntil);
    if (timer && due <= at) return;
    if (timer) clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      timer = null;
      flush();
    }, at - Date.now());
  }

  async function flush({ keepalive = false } = {}) {
    if (busy || !claimed || !queue?.length || !allowed()) return;
    busy = true;
    try {
      const pause = await sender.deliver(claimed.tab, queue, { allowed, keepalive });
      waitUntil = pause ? Date.now() + pause : 0;
    } finally {
      busy = false;
    }
    if (queue.length) later(0);
  }

  // Send the queues that closed tabs left. One tab at a time takes a queue over, as its owner.
  async function adopt() {
    if (claimed && allowed() && Date.now() >= waitUntil) {
      for (const tab of tabs.others(claimed.tab)) {
        await tabs.owning(tab, async () => {
          const left = createQueue({ key: tabs.name(tab), storage });
          if (left.length) await adopting.deliver(tab, left, { allowed });
          else left.persist();
        });
      }
    }
    setTimeout(adopt, ADOPT_EVERY_MS * (0.75 + random() * 0.5));
  }

  // The page ends: the browser sends what it accepts. An event that arrives twice counts once.
  function leave() {
    if (!claimed || !queue || !allowed()) return;
    queue.persist();
    for (let from = 0; from < queue.length;) {
      const events = queue.batch(from, { eventsMax: BATCH_EVENTS, bytesMax: BEACON_BYTES });
      if (!beacon(URL_TRACK, new Blob([body(claimed.tab, events, visit())], { type: "application/json" }))) return;
      from += events.length;
    }
  }

  // The page went out of sight, and may not return: send the waiting events now.
  const hide = () => (Date.now() >= waitUntil ? flush({ keepalive: true }) : undefined);

  // The visitor has changed their decision.
  async function decided() {
    if (allowed()) {
      if (!queue) await begin();
      return;
    }
    early = [];
    queue?.drop();
    tabs.forget();
    if (claimed) claimed.seqs = {};
  }

  function online() {
    waitUntil = 0;
    later(random() * FLUSH_AFTER_MS);
  }

  return { track, leave, hide, online, decided, ready, waiting: () => queue?.length ?? early.length };
}

function deviceInfo() {
  const width = window.innerWidth;
  const type = width < 700 ? "mobile" : width < 1100 ? "tablet" : "desktop";
  return { type, width, height: window.innerHeight };
}

/** @type {Visit} */
const visitOf = () => ({ language: browserLanguage().slice(0, 16) || undefined, referrer: referrer() });
