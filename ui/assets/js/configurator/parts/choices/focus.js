// The element with the focus may vanish: a stepper at 0, a notice that was dismissed, a toast that
// was closed. Then the focus moves to a related element, and not back to the beginning of the page.
import { getCurrentInstance, nextTick, onBeforeUnmount } from "vue";

/** @param {string | null | undefined} category @returns {HTMLElement | null} */
export function choiceOf(category) {
  const stop = category && document.querySelector(`#category-${CSS.escape(category)} [role="radio"][tabindex="0"]`);
  return stop instanceof HTMLElement ? stop : document.getElementById("categories");
}

// Called in the setup of a part. `target` is called after the page has changed.
/** @param {() => HTMLElement | null} target */
export function handFocusOn(target) {
  const part = getCurrentInstance();
  onBeforeUnmount(() => {
    const root = part?.proxy?.$el;
    if (root instanceof Element && root.contains(document.activeElement)) nextTick(() => target()?.focus());
  });
}
