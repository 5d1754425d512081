// What is said besides the choices: once for ears (the live region), and for eyes (a toast) where
// the place that says it is not in sight.
//
// There are three toasts at most, one of each kind: "own", an answer to what was asked here; "over",
// somebody changed what was chosen here; "news", what somebody else did. A refusal and "over" stay
// until they are closed or settled; the others go after a while, but not from under a pointer or the
// keyboard. News that comes while news is shown is added to it.
import { nextTick } from "vue";
import { last } from "./older.js";

const ANNOUNCE_AFTER_MS = 900;
const TOAST_MS = 12000;
const HELD_MS = 4000;

export function createNotices({ ui, t }) {
  let waiting = [];
  let announceTimer = null;
  function announce(text) {
    waiting.push(text);
    if (announceTimer) return;
    announceTimer = setTimeout(() => {
      announceTimer = null;
      const spoken = waiting.length > 3 ? [t("announce.many", { count: waiting.length - 1 }), last(waiting)] : waiting;
      ui.announcement = spoken.join(" ");
      waiting = [];
    }, ANNOUNCE_AFTER_MS);
  }

  // `where` is a selector of what says the same: with that in sight nothing is shown. A toast that
  // depends on those that are shown is a function.
  async function offer(where, toast) {
    await nextTick();
    requestAnimationFrame(() => {
      if (!where || !inSight(document.querySelector(where))) show(typeof toast === "function" ? toast() : toast);
    });
  }

  // {kind, key, title?, text, category?, colour, stays?}
  function show(toast) {
    ui.toasts = [...ui.toasts.filter((each) => each.kind !== toast.kind), toast];
    if (!toast.stays) setTimeout(() => expire(toast.key), TOAST_MS);
  }

  function expire(key) {
    const held = document.querySelector(`[data-toast="${CSS.escape(key)}"]:is(:hover, :focus-within)`);
    if (held) setTimeout(() => expire(key), HELD_MS);
    else close(key);
  }

  function close(key) {
    ui.toasts = ui.toasts.filter((each) => each.key !== key);
  }

  const shown = (kind) => ui.toasts.find((each) => each.kind === kind);

  return { announce, offer, show, close, shown };
}

// Whether a person sees it: on the screen, and nothing above it (the house, a bar, a sheet).
function inSight(element) {
  const box = element?.getBoundingClientRect();
  if (!box?.height) return false;
  return [box.top + 6, (box.top + box.bottom) / 2, box.bottom - 6].every((y) => {
    const there = document.elementFromPoint(box.left + Math.min(24, box.width / 2), y);
    return there !== null && (element.contains(there) || there.contains(element));
  });
}
