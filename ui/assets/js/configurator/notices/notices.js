// Messages beside the choices: for screen readers (the live region), and as a toast if the place
// that shows the same is not in sight.
//
// There are three kinds of toasts: "own", an answer to what was asked here; "over", somebody
// changed a choice made here; "news", what somebody else did. A refusal and "over" stay until they
// are closed or settled, one for each category; of the other kinds there is one toast each, which
// vanishes after a while, but not under a pointer or while it has the focus. News that comes while
// news is shown is added to it. A toast vanishes when it is not true any more, because a category
// in it was changed since.
import { nextTick } from "vue";
import { last } from "../../shared/older_browsers.js";

const ANNOUNCE_AFTER_MS = 900;
const TOAST_MS = 12000;
const HELD_MS = 4000;

/**
 * @import { Translate } from "../../shared/types.js"
 * @import { Toast, Ui } from "../types.js"
 *
 * @typedef {ReturnType<typeof createNotices>} Notices
 */

/** @param {{ ui: Ui, t: Translate }} how */
export function createNotices({ ui, t }) {
  return { announce: createAnnouncer(ui, t), ...createToasts(ui) };
}

/** @param {Ui} ui @param {Translate} t */
function createAnnouncer(ui, t) {
  /** @type {string[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | null} */
  let announceTimer = null;
  /** @param {string} text */
  return function announce(text) {
    waiting.push(text);
    if (announceTimer) return;
    announceTimer = setTimeout(() => {
      announceTimer = null;
      const spoken =
        waiting.length > 3 ? [t("announce.many", { count: waiting.length - 1 }), last(waiting) ?? ""] : waiting;
      ui.announcement = spoken.join(" ");
      waiting = [];
    }, ANNOUNCE_AFTER_MS);
  };
}

/** @param {Ui} ui */
function createToasts(ui) {
  // `where` is a selector of the element that shows the same: while it is in sight no toast is
  // shown, and a toast vanishes when it comes into sight. With `reach` the element is scrolled into
  // sight if it is on the screen already. A toast whose content depends on later changes is a
  // function; null means that nothing is left to tell.
  /**
   * @param {string | null} where
   * @param {Toast | (() => Toast | null)} toast
   * @param {{ reach?: boolean }} [how]
   */
  async function offer(where, toast, { reach = false } = {}) {
    await nextTick();
    requestAnimationFrame(() => {
      const place = where ? document.querySelector(where) : null;
      if (place && reach) bringUp(place);
      const shown = inSight(place) ? null : typeof toast === "function" ? toast() : toast;
      if (!shown) return;
      show(shown);
      if (place) whenInSight(place, () => close(shown.key));
    });
  }

  // {kind, key, title?, text, category?, about?, colour, stays?}; `about` are the categories in it.
  /** @param {Toast} toast */
  function show(toast) {
    /** @param {Toast} each */
    const replaced = (each) => each.kind === toast.kind && (!each.stays || speaksOf(each, toast.about ?? []));
    ui.toasts = [...ui.toasts.filter((each) => !replaced(each)), toast];
    if (!toast.stays) setTimeout(() => expire(toast.key), TOAST_MS);
  }

  /** @param {string} key */
  function expire(key) {
    const held = document.querySelector(`[data-toast="${CSS.escape(key)}"]:is(:hover, :focus-within)`);
    if (held) setTimeout(() => expire(key), HELD_MS);
    else close(key);
  }

  /** @param {string} key */
  function close(key) {
    ui.toasts = ui.toasts.filter((each) => each.key !== key);
  }

  /** @param {Toast} toast @param {readonly (string | null)[]} categories */
  const speaksOf = (toast, categories) => (toast.about ?? []).some((each) => categories.includes(each));

  // The news of a toast about these categories is shown elsewhere, or not true any more. A choice
  // that is lost in other categories by the same change is still lost.
  /** @param {Toast["kind"]} kind @param {readonly (string | null)[]} categories */
  function settle(kind, categories) {
    /** @param {Toast} toast */
    const left = (toast) => (toast.lost ?? []).filter((each) => !categories.includes(each.category));
    ui.toasts = ui.toasts.flatMap((each) => {
      if (each.kind !== kind || !speaksOf(each, categories)) return [each];
      if (!each.lost || !left(each).length) return [];
      return [{ ...each, lost: left(each), about: left(each).map((change) => change.category) }];
    });
  }

  /** @param {Toast["kind"]} kind */
  const all = (kind) => ui.toasts.filter((each) => each.kind === kind);
  /** @param {Toast["kind"]} kind */
  const shown = (kind) => ui.toasts.find((each) => each.kind === kind);

  return { offer, show, close, settle, all, shown };
}

/** @param {Element} place */
const repairsOf = (place) => place.querySelector(":scope > .text-button") ?? place;

// Scroll a notice that is partly on the screen, with its buttons, clear of bars and toasts.
/** @param {Element} place */
function bringUp(place) {
  const { top, bottom } = place.getBoundingClientRect();
  const [head, foot] = margins();
  if (bottom <= head || top >= window.innerHeight - foot) return;
  place.scrollIntoView({ block: "nearest" });
  repairsOf(place).scrollIntoView({ block: "nearest" });
}

// Toasts do not count: the question is asked by an element that a toast may cover.
/** @param {Element} place @param {() => void} then */
function whenInSight(place, then) {
  const [head, foot] = margins();
  const observer = new IntersectionObserver(
    (seen) => {
      if (!last(seen)?.isIntersecting) return;
      observer.disconnect();
      then();
    },
    { rootMargin: `-${head}px 0px -${foot}px`, threshold: 1 },
  );
  observer.observe(repairsOf(place));
}

// The heights of the bars above and below, in pixels.
function margins() {
  /** @param {string} selector */
  const height = (selector) => {
    const bar = document.querySelector(selector);
    return bar instanceof HTMLElement && getComputedStyle(bar).position === "fixed" ? bar.offsetHeight : 0;
  };
  return [
    parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0,
    height(".pricebar") + height(".consent"),
  ];
}

// Whether a person can see it: it is on the screen, and not covered (by the house, a bar, a sheet).
/** @param {Element | null} element */
function inSight(element) {
  const box = element?.getBoundingClientRect();
  if (!element || !box?.height) return false;
  return [box.top + 6, (box.top + box.bottom) / 2, box.bottom - 6].every((y) => {
    const there = document.elementFromPoint(box.left + Math.min(24, box.width / 2), y);
    return there !== null && (element.contains(there) || there.contains(element));
  });
}
