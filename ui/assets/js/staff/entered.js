// Keeps the entries of a page: typed texts, choices, ticks, and details that somebody opened. Another
// process builds the page in its first state. Then the browser makes these entries again, with the events
// of a person's input, so that Python handles them as it did before.

const CONTROLS = "input:not([type=range]):not([readonly]), textarea, select, details";
const PATIENCE_MS = 10_000; // a section is shown when its data have arrived
const AGAIN_MS = 100;

/**
 * @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | HTMLDetailsElement} Control
 * @typedef {string | boolean} Value
 * @typedef {{ values: Map<string, Value>, focus: string | undefined }} Entered
 */

/** @param {Control} control */
function nameOf(control) {
  const text = control.closest("label")?.querySelector("span") ?? control.querySelector("summary");
  return `${control.tagName} ${control.getAttribute("aria-label") ?? text?.textContent ?? ""}`;
}

// The controls by name; of those with the same name, the second has another one, and so on.
/** @param {Element} page @returns {Map<string, Control>} */
function controlsOf(page) {
  const found = new Map();
  for (const control of /** @type {NodeListOf<Control>} */ (page.querySelectorAll(CONTROLS))) {
    let name = nameOf(control);
    while (found.has(name)) name += "'";
    found.set(name, control);
  }
  return found;
}

/** @param {Control} control @returns {Value} */
function valueOf(control) {
  if (control instanceof HTMLDetailsElement) return control.open;
  return control.type === "checkbox" ? /** @type {HTMLInputElement} */ (control).checked : control.value;
}

// Whether Python knows of this value. A list says what Python last told it (`data-told`, elements/select.js):
// it may show what somebody picked just before.
/** @param {Control} control @param {Value} value */
const isKnown = (control, value) => (control.dataset.told ?? valueOf(control)) === value;

// A list may get its options later.
/** @param {Control} control @param {Value} value */
function canHave(control, value) {
  if (control instanceof HTMLDetailsElement) return true;
  if (control instanceof HTMLSelectElement && ![...control.options].some((each) => each.value === value)) return false;
  return !control.disabled;
}

/** @param {Control} control @param {Value} value */
function enter(control, value) {
  if (control instanceof HTMLDetailsElement) control.open = value === true;
  else if (typeof value === "boolean") /** @type {HTMLInputElement} */ (control).checked = value;
  else control.value = value;
  for (const event of ["input", "change"]) control.dispatchEvent(new Event(event, { bubbles: true }));
}

/** @param {Element} page @returns {Entered} */
export function enteredInto(page) {
  const controls = [...controlsOf(page)];
  const focus = controls.find(([, control]) => control === document.activeElement);
  return { values: new Map(controls.map(([name, control]) => [name, valueOf(control)])), focus: focus?.[0] };
}

// Makes each missing entry again as soon as its control exists. A control that somebody uses meanwhile
// is left alone.
/** @param {Element} page @param {Entered} entered */
export function enterAgain(page, { values, focus }) {
  const done = new Set();
  /** @param {Event} event */
  const used = ({ isTrusted, target }) => {
    if (!isTrusted) return;
    for (const [name, control] of controlsOf(page)) if (control === target) done.add(name);
  };
  const enterAll = () => {
    for (const [name, control] of controlsOf(page)) {
      const value = values.get(name);
      if (value === undefined || done.has(name) || isKnown(control, value) || !canHave(control, value)) continue;
      enter(control, value);
      done.add(name);
      if (name === focus) control.focus({ preventScroll: true });
    }
  };
  page.addEventListener("input", used);
  const timer = setInterval(enterAll, AGAIN_MS);
  setTimeout(() => {
    clearInterval(timer);
    page.removeEventListener("input", used);
  }, PATIENCE_MS);
}
