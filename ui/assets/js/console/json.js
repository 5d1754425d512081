// JSON that can be folded. It is built from text nodes only: the content of a frame stays text.
const OPEN_CHARACTERS = 220; // a nested object that is shorter is open at once

/** @param {unknown} value */
export function jsonTree(value) {
  const tree = document.createElement("div");
  tree.className = "json";
  tree.append(node(null, value, true, true));
  return tree;
}

/**
 * @param {string | null} key
 * @param {unknown} value
 * @param {boolean} last
 * @param {boolean} [outermost]
 * @returns {HTMLElement}
 */
function node(key, value, last, outermost = false) {
  const line = document.createElement("div");
  line.className = "json-line";
  if (value === null || typeof value !== "object") {
    line.append(...label(key), leaf(value), last ? "" : ",");
    return line;
  }
  const many = Array.isArray(value);
  /** @type {[string | null, unknown][]} */
  const entries = many ? value.map((each) => [null, each]) : Object.entries(value);
  const [opening, closing] = many ? "[]" : "{}";
  if (!entries.length) {
    line.append(...label(key), opening + closing, last ? "" : ",");
    return line;
  }
  const fold = document.createElement("details");
  const head = document.createElement("summary");
  const count = span("json-count", ` ${entries.length} ${closing}`);
  head.append(...label(key), opening, count);
  fold.append(head);
  fold.open = outermost || JSON.stringify(value).length < OPEN_CHARACTERS;
  const fill = () => {
    if (fold.childElementCount > 1) return;
    const inner = document.createElement("div");
    inner.className = "json-inner";
    entries.forEach(([name, each], at) => inner.append(node(name, each, at === entries.length - 1)));
    fold.append(inner, span("json-end", closing + (last ? "" : ",")));
  };
  if (fold.open) fill();
  fold.addEventListener("toggle", () => fold.open && fill());
  return fold;
}

/** @param {string | null} key @returns {(HTMLElement | string)[]} */
function label(key) {
  return key === null ? [] : [span("json-key", JSON.stringify(key)), ": "];
}

/** @param {unknown} value */
function leaf(value) {
  const kind = value === null ? "null" : typeof value;
  return span(`json-${kind}`, JSON.stringify(value));
}

/** @param {string} name @param {string} text */
function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
