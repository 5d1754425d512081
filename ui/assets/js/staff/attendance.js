// Whether a person is at a page of an admin. An unused session ends, so the page tells, at most
// once a minute, that a person is there; requests that it makes by itself are marked, and do not
// count.
const MINUTE_MS = 60_000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchmove"];

let seenAt = -Infinity;
let toldAt = -Infinity;

// The headers of a request by a page: whether a person may have asked for it.
/** @returns {Record<string, string>} */
export const asker = () => (performance.now() - seenAt < MINUTE_MS ? {} : { "x-nest-unattended": "1" });

function seen() {
  seenAt = performance.now();
  if (seenAt - toldAt < MINUTE_MS) return;
  toldAt = seenAt;
  fetch("/api/admin/sessions", { credentials: "same-origin" }).catch(() => (toldAt = -Infinity));
}

// Tell signs of a person from now on.
export function attend() {
  for (const sign of SIGNS) window.addEventListener(sign, seen, { capture: true, passive: true });
}
