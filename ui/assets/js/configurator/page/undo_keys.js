// The keys of undo and redo: Ctrl or Cmd with Z; with Shift, or Ctrl+Y, for redo.
//
// The letter that the key writes counts, so the key is where QWERTZ, AZERTY and Dvorak have it. If
// a key writes no Latin letter (я, ζ, ז, ㅋ), or its letter is unknown, its place counts.
const OTHER_SCRIPT = /^(?!\p{Script=Latin})[\p{L}\p{M}]$/u;
const UNKNOWN = new Set(["Process", "Unidentified", undefined, ""]);
const TEXT_FIELDS =
  "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]";
const PLACE = /^Key([A-Z])$/;

/** @typedef {Pick<KeyboardEvent, "key" | "code" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "isComposing">} Press */

/** @param {Press} press */
function letterOf({ key, code }) {
  const placed = UNKNOWN.has(key) || OTHER_SCRIPT.test(key);
  return (placed ? (PLACE.exec(code ?? "")?.[1] ?? "") : key).toLowerCase();
}

/** @param {Press} event @returns {"undo" | "redo" | null} */
export function takesBack(event) {
  if (event.altKey || event.isComposing || Boolean(event.ctrlKey) === Boolean(event.metaKey)) return null;
  const letter = letterOf(event);
  if (letter === "z") return event.shiftKey ? "redo" : "undo";
  return letter === "y" && event.ctrlKey && !event.shiftKey ? "redo" : null;
}

// In a text field the keys undo typing.
/** @param {EventTarget | null} target */
export const typing = (target) => Boolean(/** @type {Element | null} */ (target)?.closest?.(TEXT_FIELDS));
