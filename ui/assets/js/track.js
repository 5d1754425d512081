// Interactions to the server, in order, each once, and never in the visitor's way.
//
//   track() ─▶ queue in localStorage, one per tab ─▶ POST, one batch at a time ─▶ settled, forgotten
//                                   └── pagehide: sendBeacon; what is not settled stays in the queue
//
// An event is settled when the server answered for it. Whatever may have arrived without an answer is
// sent again with the same event id, and counts once. What a closed tab left behind is sent by another
// tab of this browser, or by the next visit. A full queue keeps the oldest and gives new events a
// number all the same: the server counts the gap as lost.
import { uuid7 } from "./ids.js";
import { browserLanguage, within } from "./older.js";
import { retryAfterMs } from "./patience.js";
import { referrer } from "./referrer.js";
import { parsed, place, read, remove, write } from "./storage.js";
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
const encoder = new TextEncoder();
const bytesOf = (text) => encoder.encode(text).length;

// The events of one tab that wait, oldest first, and their copy in localStorage.
export function createQueue({ key, storage }) {
  const events = [];
  let bytes = 0;
  let timer = null;

  for (const event of parsed(read(storage, key))?.events ?? []) {
    if (event?.eventId && event.sessionId && event.interaction) take(event);
  }

  function take(event) {
    const size = bytesOf(JSON.stringify(event)) + 1;
    if (events.length >= EVENTS_MAX || bytes + size > QUEUE_BYTES_MAX) return false;
    events.push({ event, size });
    bytes += size;
    return true;
  }

  function persist() {
    clearTimeout(timer);
    timer = null;
    if (events.length) write(storage, key, JSON.stringify({ events: events.map((e) => e.event) }));
    else remove(storage, key);
  }

  // A long queue is not written anew for every event of a burst.
  function changed() {
    if (events.length <= PERSIST_AT_ONCE) persist();
    else timer ??= setTimeout(persist, PERSIST_AFTER_MS);
  }

  return {
    get length() {
      return events.length;
    },
    push(event) {
      const taken = take(event);
      if (taken) changed();
      return taken;
    },
    // The next events of one session, beginning with the `from`th; `size` in bytes.
    batch(from, { eventsMax, bytesMax }) {
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
    // These are answered for; in between the queue may have been dropped.
    settle(batch) {
      for (const event of batch) if (events[0]?.event === event) bytes -= events.shift().size;
      changed();
    },
    drop() {
      events.length = bytes = 0;
      persist();
    },
    persist,
  };
}

const body = (tab, events, visit) =>
  JSON.stringify({
    sessionId: events[0].sessionId,
    sentAt: Date.now(), // by this clock, which may be wrong: the server compares it with its own
    tab,
    visit,
    interactions: events.map(({ eventId, seq, interaction }) => ({ eventId, seq, interaction })),
  });

// Sends a queue until it is empty (0) or must wait (so many ms). One request at a time.
export function createSender({ fetch, visit, random = Math.random }) {
  let failures = 0;
  let eventsMax = BATCH_EVENTS;

  function pause(header) {
    failures += 1;
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10));
    return Math.max(1, retryAfterMs(header) + random() * ceiling);
  }

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
        eventsMax = Math.ceil(events.length / 2); // one of them is why: the others are not lost
      } else {
        queue.settle(events);
        eventsMax = BATCH_EVENTS;
      }
    }
    return 0;
  }

  return { deliver };
}

export function createTracker(sessionIdOf, options = {}) {
  const {
    allowed = () => true,
    storage = place("localStorage"),
    session = place("sessionStorage"),
    locks = globalThis.navigator?.locks,
    fetch = (...args) => window.fetch(...args),
    beacon = (...args) => navigator.sendBeacon?.(...args) ?? false,
    visit = visitOf,
    device = deviceInfo,
    random = Math.random,
  } = options;
  const tabs = createTabs({ locks, storage, session, prefix: PREFIX, random });
  const sender = createSender({ fetch, visit, random });
  const adopting = createSender({ fetch, visit, random });
  let claimed = null;
  let queue = null;
  let early = [];
  let busy = false;
  let timer = null;
  let due = Infinity;
  let waitUntil = 0;

  const ready = begin();

  async function begin() {
    if (globalThis.document?.prerendering) await new Promise((seen) => document.addEventListener("prerenderingchange", seen, { once: true }));
    if (!allowed()) return tabs.forget();
    claimed = await tabs.claim();
    queue = createQueue({ key: tabs.name(claimed.tab), storage });
    tabs.remember(claimed);
    for (const event of early.splice(0)) number(event);
    later(queue.length ? 0 : FLUSH_AFTER_MS);
    setTimeout(adopt, 2_000 + random() * 3_000);
  }

  function track(eventType, category, details = {}) {
    const sessionId = sessionIdOf();
    if (!sessionId || !category || !allowed()) return;
    const interaction = { eventType, category, deviceInfo: device() };
    for (const [key, value] of Object.entries(details)) if (value !== undefined && value !== null) interaction[key] = value;
    const event = { sessionId, eventId: uuid7(), interaction };
    if (!queue) return void early.push(event);
    number(event);
    later(queue.length >= FLUSH_EVENTS ? 0 : FLUSH_AFTER_MS);
  }

  // Also an event that finds no room takes a number.
  function number(event) {
    const seq = (claimed.seqs[event.sessionId] ?? 0) + 1;
    claimed.seqs[event.sessionId] = seq;
    tabs.remember(claimed);
    queue.push({ sessionId: event.sessionId, eventId: event.eventId, seq, interaction: event.interaction });
  }

  function later(ms) {
    const at = Math.max(Date.now() + ms, waitUntil);
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => {
      timer = null;
      flush();
    }, at - Date.now());
  }

  async function flush({ keepalive = false } = {}) {
    if (busy || !queue?.length || !allowed()) return;
    busy = true;
    try {
      const pause = await sender.deliver(claimed.tab, queue, { allowed, keepalive });
      waitUntil = pause ? Date.now() + pause : 0;
    } finally {
      busy = false;
    }
    if (queue.length) later(0);
  }

  // What closed tabs left behind. One tab at a time takes a queue over, as its owner.
  async function adopt() {
    if (allowed() && Date.now() >= waitUntil) {
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

  // The page is going: the browser sends what it takes. It may arrive twice and counts once.
  function leave() {
    if (!queue || !allowed()) return;
    queue.persist();
    for (let from = 0; from < queue.length; ) {
      const events = queue.batch(from, { eventsMax: BATCH_EVENTS, bytesMax: BEACON_BYTES });
      if (!beacon(URL_TRACK, new Blob([body(claimed.tab, events, visit())], { type: "application/json" }))) return;
      from += events.length;
    }
  }

  // The page went out of sight, perhaps for ever: what waits goes now.
  const hide = () => (Date.now() >= waitUntil ? flush({ keepalive: true }) : undefined);

  // The visitor decided anew.
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

const visitOf = () => ({ language: browserLanguage().slice(0, 16) || undefined, referrer: referrer() });
