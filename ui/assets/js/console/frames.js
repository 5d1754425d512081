// The list of frames in both directions. Tokens are shortened before a frame is kept, so neither
// the screen nor the clipboard has them.
import { clockTime } from "../shared/format.js";
import { jsonTree } from "./json.js";

/**
 * @import { Language, Translate } from "../shared/types.js"
 *
 * @typedef {"out" | "in" | "note"} Direction
 * @typedef {{ direction: Direction, type: string, message?: unknown, text?: string, brief?: string }} Said
 * @typedef {object} Entry
 * @property {number} number
 * @property {Direction} direction
 * @property {string} type
 * @property {unknown} shown
 * @property {string} written
 * @property {string} brief
 * @property {Date} at
 * @property {number} bytes
 * @property {string} search
 */

const KEPT = 400;
/** @type {Record<Direction, string>} */
const ARROWS = { out: "→", in: "←", note: "·" };

/** @param {unknown} value @returns {unknown} */
export function shortened(value) {
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value === "string") return value.replace(/(\/join#).+/, "$1…");
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === "token" && typeof each === "string" ? `${each.slice(0, 4)}…` : shortened(each),
    ]),
  );
}

/** @typedef {{ t: Translate, language: Language }} Reader */

/**
 * @param {Reader & { list: HTMLElement, counter: HTMLElement, empty: HTMLElement }} how
 */
export function createFrames({ list, counter, empty, t, language }) {
  /** @type {Entry[]} */
  let entries = [];
  /** @type {Entry[]} */
  let waiting = [];
  let paused = false;
  let number = 0;
  let wanted = "";

  // `text` is set only for a frame that is no JSON.
  /** @param {Said} said */
  function add(said) {
    number += 1;
    const entry = entryOf(said, number);
    if (paused) waiting.push(entry);
    else show([entry]);
    count();
  }

  /** @param {readonly Entry[]} fresh */
  function show(fresh) {
    entries.push(...fresh);
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 48;
    for (const entry of fresh) {
      const item = rowOf(entry, { t, language });
      item.hidden = !fits(entry);
      list.append(item);
    }
    while (entries.length > KEPT) {
      entries.shift();
      list.firstElementChild?.remove();
    }
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** @param {Entry} entry */
  const fits = (entry) => !wanted || entry.search.includes(wanted);

  /** @param {string} text */
  function filter(text) {
    wanted = text.trim().toLowerCase();
    const items = /** @type {HTMLCollectionOf<HTMLElement>} */ (list.children);
    entries.forEach((entry, at) => (items[at].hidden = !fits(entry)));
    count();
  }

  /** @param {boolean} on */
  function pause(on) {
    paused = on;
    if (!on) show(waiting.splice(0));
    count();
  }

  function clear() {
    entries = [];
    waiting = [];
    list.replaceChildren();
    count();
  }

  function count() {
    const seen = entries.filter(fits).length;
    const all = entries.length;
    let text = wanted ? t("console.countSome", { seen, all }) : t("console.count", { all });
    if (waiting.length) text += ` · ${t("console.countWaiting", { count: waiting.length })}`;
    counter.textContent = text;
    empty.hidden = seen > 0;
    empty.textContent = all ? t("console.noMatch") : t("console.empty");
  }

  // The shown frames, one on each line, as a terminal would print them.
  function asText() {
    return entries
      .filter(fits)
      .map(
        (e) =>
          `${e.at.toISOString()} ${ARROWS[e.direction]} ${e.direction === "note" ? e.type : ""}${e.written || e.brief}`,
      )
      .join("\n");
  }

  count();
  return { add, filter, pause, clear, asText };
}

/** @param {Said} said @param {number} number @returns {Entry} */
function entryOf({ direction, type, message, text, brief = "" }, number) {
  const shown = shortened(message);
  const written = shown === undefined ? String(text ?? "") : JSON.stringify(shown);
  const bytes = new TextEncoder().encode(text ?? written).length;
  const search = `${type} ${brief} ${written}`.toLowerCase();
  return { number, direction, type, shown, written, brief, at: new Date(), bytes, search };
}

/** @param {Entry} entry @param {Reader} reader */
function rowOf(entry, { t, language }) {
  const item = document.createElement("li");
  item.className = `frame ${entry.direction}`;
  item.dataset.type = entry.type;
  item.dataset.direction = entry.direction;
  const fold = document.createElement("details");
  const head = document.createElement("summary");
  const direction = part("frame-direction", ARROWS[entry.direction]);
  direction.setAttribute("aria-hidden", "true");
  const time = `${clockTime(entry.at.getTime(), language)}:${entry.at.toISOString().slice(17, 23)}`;
  const said = part("sr-only", t(`console.direction.${entry.direction}`));
  head.append(
    part("frame-time", time),
    direction,
    said,
    part("frame-type", entry.type),
    part("frame-brief", entry.brief),
  );
  if (entry.direction !== "note") head.append(part("frame-bytes", `${entry.bytes} B`));
  fold.append(head);
  fold.addEventListener("toggle", () => {
    if (fold.open && fold.childElementCount === 1) fold.append(bodyOf(entry, t));
  });
  item.append(fold);
  return item;
}

// The frame itself, formatted when its row is first opened.
/** @param {Entry} entry @param {Translate} t */
function bodyOf({ shown, written }, t) {
  const body = document.createElement("div");
  body.className = "frame-body";
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "text-button";
  copy.textContent = t("console.copy");
  const text = shown === undefined ? written : JSON.stringify(shown, null, 2);
  copy.addEventListener("click", () => copyText(copy, text, t));
  body.append(shown === undefined ? part("frame-text", written) : jsonTree(shown), copy);
  return body;
}

/** @param {HTMLElement} button @param {string} text @param {Translate} t */
export async function copyText(button, text, t) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = t("console.copied");
  } catch {
    button.textContent = t("console.copyFailed");
  }
  setTimeout(() => (button.textContent = before), 1600);
}

/** @param {string} name @param {string} text */
function part(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
