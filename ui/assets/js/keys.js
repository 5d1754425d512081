// Which press of keys takes something back: Ctrl or Cmd with Z, with Shift or Ctrl+Y for the way back.
//
// The letter that the key writes counts, so that it is where QWERTZ, AZERTY and Dvorak have it. Where
// a key writes no Latin letter (я, ζ, ז, ㅋ) or what it writes is not known, its place counts.
const OTHER_SCRIPT = /^(?!\p{Script=Latin})[\p{L}\p{M}]$/u;
const UNKNOWN = new Set(["Process", "Unidentified", undefined, ""]);
const PLACE = /^Key([A-Z])$/;

function letterOf({ key, code }) {
  const placed = UNKNOWN.has(key) || OTHER_SCRIPT.test(key);
  return (placed ? (PLACE.exec(code ?? "")?.[1] ?? "") : key).toLowerCase();
}

export function takesBack(event) {
  if (event.altKey || event.isComposing || Boolean(event.ctrlKey) === Boolean(event.metaKey)) return null;
  const letter = letterOf(event);
  if (letter === "z") return event.shiftKey ? "redo" : "undo";
  return letter === "y" && event.ctrlKey && !event.shiftKey ? "redo" : null;
}

// In a field for text the keys take back what was typed there.
export const typing = (target) => Boolean(target?.closest?.("input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]"));
