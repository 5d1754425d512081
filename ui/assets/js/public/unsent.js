// Tells on a page how many unsaved things were removed.
import { byId, textOf } from "../shared/dom.js";

/** @param {number} count */
export function sayUnsent(count) {
  const place = byId("unsent", HTMLElement);
  place.hidden = !count;
  place.textContent = count ? textOf(place, "said").replace("{count}", String(count)) : "";
}
