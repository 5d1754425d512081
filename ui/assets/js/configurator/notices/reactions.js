// The reactions of the screen when something happens in the room.
import { watch } from "vue";
import { createTelling } from "./change_notices.js";

/**
 * @import { Notices } from "./notices.js"
 * @import { State } from "../state.js"
 * @import { Texts } from "../words/texts.js"
 * @import { Hearing, RoomState, Toast, Ui } from "../types.js"
 * @import { Visit } from "../visit.js"
 * @import { Words } from "../words/words.js"
 *
 * @typedef {{
 *   room: RoomState,
 *   ui: Ui,
 *   state: State,
 *   texts: Texts,
 *   words: Words,
 *   notices: Notices,
 *   visit: Visit,
 * }} Needs
 */

/** @param {Needs} needs @returns {Hearing} */
export function createReactions({ room, texts, words, notices, visit: { measure } }) {
  const { t, say } = texts;
  const { announce } = notices;
  const tell = createTelling({ room, notices, texts, words });
  const colour = () => room.me?.colour ?? 0;

  /** @param {string} kind @param {string} text */
  function sayOwn(kind, text) {
    announce(text);
    notices.show({ kind: "own", key: `${kind}-${Date.now()}`, text, colour: colour() });
  }

  return {
    change(entry) {
      tell(entry);
      measure.saved(entry);
    },
    refused(refusal) {
      measure.refused(refusal);
      const title = words.refusalTitle(refusal);
      const text = refusal.reasons.map((reason) => say(reason.text)).join(" ");
      announce(`${title} ${text}`);
      const { key, category } = refusal;
      if (refusal.outcome === "conflict") notices.settle("over", [category]); // it says the same, with repairs
      /** @type {Toast} */
      const toast = {
        ...{ kind: "own", key, title, text, category: words.known(category) },
        ...{ about: [category], colour: colour(), stays: true },
      };
      const holds = () => (room.refusals.some((each) => each.key === key) ? toast : null);
      notices.offer(`[data-notice="${key}"]`, holds, { reach: true });
    },
    nothing: (reason) => sayOwn("nothing", say(reason.text)),
    full: (most) => sayOwn("full", t("pending.full", { count: most })),
  };
}

/** @param {Needs} needs */
export function watchRoom({ room, ui, state, texts: { t }, notices, visit: { measure } }) {
  // A toast about a refusal vanishes with the refusal: settled, dismissed, or replaced.
  watch(
    () => room.refusals.map((refusal) => refusal.key),
    (now, before) => before.filter((key) => !now.includes(key)).forEach(notices.close),
  );
  watch(
    () => ui.language,
    () => (ui.announcement = ""),
  );
  watch(() => room.you, measure.join, { immediate: true });

  // Saving is not announced; only that a change is not saved, and later that it is.
  let wasBad = false;
  watch(
    () => state.status.name,
    (now) => {
      /** @param {string} name */
      const bad = (name) => ["offline", "retrying", "gone"].includes(name);
      if (bad(now)) notices.announce(t("status." + now, { count: state.status.count }));
      else if (now === "saved" && wasBad) notices.announce(t("status.saved"));
      wasBad = bad(now) || (wasBad && now !== "saved");
    },
  );
}
