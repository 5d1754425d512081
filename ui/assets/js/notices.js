// What is said besides the choices: once for ears (the live region), and for eyes (a toast) where
// the place that says it is not in sight.
//
// There are three kinds of toasts: "own", an answer to what was asked here; "over", somebody changed
// what was chosen here; "news", what somebody else did. A refusal and "over" stay until they are closed
// or settled, one for each category; of the others there is one of each kind, which goes after a while,
// but not from under a pointer or the keyboard. News that comes while news is shown is added to it.
// A toast that no longer holds goes: a category it is about was changed since.
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

  // `where` is a selector of what says the same: with that in sight nothing is shown, and what is
  // shown goes when that comes into sight. With `reach` it is brought there if it is on the screen
  // already. A toast that depends on what holds by then is a function; null: nothing holds.
  async function offer(where, toast, { reach = false } = {}) {
    await nextTick();
    requestAnimationFrame(() => {
      const place = where && document.querySelector(where);
      if (place && reach) bringUp(place);
      const shown = inSight(place) ? null : typeof toast === "function" ? toast() : toast;
      if (!shown) return;
      show(shown);
      if (place) whenInSight(place, () => close(shown.key));
    });
  }

  // {kind, key, title?, text, category?, about?, colour, stays?}; `about`: the categories it speaks of.
  function show(toast) {
    const replaced = (each) => each.kind === toast.kind && (!each.stays || speaksOf(each, toast.about ?? []));
    ui.toasts = [...ui.toasts.filter((each) => !replaced(each)), toast];
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

  const speaksOf = (toast, categories) => (toast.about ?? []).some((each) => categories.includes(each));

  // What a toast says of these categories is said elsewhere, or holds no more. What was lost in other
  // categories by the same change is still lost.
  function settle(kind, categories) {
    const left = (toast) => toast.lost.filter((each) => !categories.includes(each.category));
    ui.toasts = ui.toasts.flatMap((each) => {
      if (each.kind !== kind || !speaksOf(each, categories)) return [each];
      if (!each.lost || !left(each).length) return [];
      return [{ ...each, lost: left(each), about: left(each).map((change) => change.category) }];
    });
  }

  const all = (kind) => ui.toasts.filter((each) => each.kind === kind);
  const shown = (kind) => ui.toasts.find((each) => each.kind === kind);

  return { announce, offer, show, close, settle, all, shown };
}

const wayOut = (place) => place.querySelector(":scope > .text-button") ?? place;

// Brings a notice that is partly on the screen there with its buttons, clear of bars and toasts.
function bringUp(place) {
  const { top, bottom } = place.getBoundingClientRect();
  const [head, foot] = margins();
  if (bottom <= head || top >= window.innerHeight - foot) return;
  place.scrollIntoView({ block: "nearest" });
  wayOut(place).scrollIntoView({ block: "nearest" });
}

// Toasts do not count: this is asked by one that may lie on it.
function whenInSight(place, then) {
  const [head, foot] = margins();
  const observer = new IntersectionObserver(
    (seen) => {
      if (!last(seen).isIntersecting) return;
      observer.disconnect();
      then();
    },
    { rootMargin: `-${head}px 0px -${foot}px`, threshold: 1 },
  );
  observer.observe(wayOut(place));
}

// How much of the screen the bars take, above and below.
function margins() {
  const height = (selector) => {
    const bar = document.querySelector(selector);
    return bar && getComputedStyle(bar).position === "fixed" ? bar.offsetHeight : 0;
  };
  return [parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0, height(".pricebar") + height(".consent")];
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
