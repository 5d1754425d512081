// What is said besides the choices: once for ears (the live region), and for eyes (the toast) where
// the place it is about is not on the screen.
import { last } from "./older.js";

const ANNOUNCE_AFTER_MS = 900;

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

  let toastTimer = null;
  function offerToShow(category, text, colour) {
    const section = category && document.getElementById(`category-${category}`);
    const box = section?.getBoundingClientRect();
    if (box && box.top > 60 && box.top < window.innerHeight - 200) return;
    showToast(section ? category : "", text, colour);
  }

  function showToast(category, text, colour) {
    ui.toast = { category, text, colour };
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => (ui.toast = null), 12000);
  }

  return { announce, offerToShow, showToast };
}
