// Interactions to the server: a small queue that survives a reload, one request at a time, in
// order, retried with the same event id until it is stored or refused. Never disturbs the person.
import { uuid7 } from "./ids.js";

const URL_TRACK = "/api/sessions/track-interaction";
const KEPT = 200;
const STORAGE_KEY = "nest-interactions";

export function createTracker(sessionIdOf, storage = window.sessionStorage) {
  let queue = load();
  let busy = false;
  let failures = 0;
  let timer = null;

  function load() {
    try {
      const kept = JSON.parse(storage.getItem(STORAGE_KEY) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  function keep() {
    try {
      storage.setItem(STORAGE_KEY, JSON.stringify(queue));
    } catch {
      // without storage the queue lives as long as the page
    }
  }

  function deviceInfo() {
    const width = window.innerWidth;
    const type = width < 700 ? "mobile" : width < 1100 ? "tablet" : "desktop";
    return { type, width, height: window.innerHeight };
  }

  function track(eventType, category, details = {}) {
    const sessionId = sessionIdOf();
    if (!sessionId || !category) return;
    const interaction = { eventType, category, deviceInfo: deviceInfo() };
    for (const [key, value] of Object.entries(details)) if (value !== undefined && value !== null) interaction[key] = value;
    queue.push({ sessionId, eventId: uuid7(), interaction });
    if (queue.length > KEPT) queue = queue.slice(-KEPT);
    keep();
    flush();
  }

  async function flush() {
    if (busy || !queue.length || timer) return;
    busy = true;
    const entry = queue[0];
    try {
      const answer = await fetch(URL_TRACK, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(entry),
        keepalive: true,
        credentials: "same-origin",
      });
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Error(String(answer.status));
      failures = 0;
      queue = queue.filter((other) => other.eventId !== entry.eventId);
      keep();
    } catch {
      failures += 1;
      const pause = Math.min(30000, 500 * 2 ** Math.min(failures, 6)) * (0.75 + Math.random() * 0.5);
      timer = setTimeout(() => {
        timer = null;
        flush();
      }, pause);
    } finally {
      busy = false;
    }
    if (queue.length && !timer) flush();
  }

  // On leaving: hand everything to the browser. What arrives twice is one event (same event id).
  function leave() {
    for (const entry of queue) {
      const body = new Blob([JSON.stringify(entry)], { type: "application/json" });
      if (!navigator.sendBeacon?.(URL_TRACK, body)) break;
    }
  }

  flush();
  return { track, leave, waiting: () => queue.length };
}
