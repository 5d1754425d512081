// What has the focus may go away: a stepper at 0, a notice that was understood, a toast that was
// closed. Then the focus goes to what belongs to it, and not back to the beginning of the page.
import { nextTick } from "vue";

export const choiceOf = (category) => (category && document.querySelector(`#category-${CSS.escape(category)} [role="radio"][tabindex="0"]`)) || document.getElementById("categories");

// `target` is called as a method of the part, after the page has changed.
export function handsFocusOn(target) {
  return {
    beforeUnmount() {
      if (this.$el.contains(document.activeElement)) nextTick(() => target.call(this)?.focus());
    },
  };
}
