// Whether a person is at a page of an admin. A session that nobody uses ends, so the page tells that
// somebody is there, at most once a minute; what it asks by itself says so, and counts for nothing.
const MINUTE_MS = 60_000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchmove"];

let seenAt = -Infinity;
let toldAt = -Infinity;

// The headers of a request that a page makes: whether a person may have asked for it.
export const asker = () => (performance.now() - seenAt < MINUTE_MS ? {} : { "x-nest-unattended": "1" });

function seen() {
  seenAt = performance.now();
  if (seenAt - toldAt < MINUTE_MS) return;
  toldAt = seenAt;
  fetch("/api/admin/sessions", { credentials: "same-origin" }).catch(() => (toldAt = -Infinity));
}

// From now on signs of a person are told.
export function attend() {
  for (const sign of SIGNS) window.addEventListener(sign, seen, { capture: true, passive: true });
}
