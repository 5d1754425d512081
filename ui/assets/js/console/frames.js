// The list of what was said in both directions. Tokens are shortened before anything is kept, so
// neither the screen nor the clipboard has them.
import { clockTime } from "../format.js";
import { jsonTree } from "./json.js";

const KEPT = 400;
const ARROWS = { out: "→", in: "←", note: "·" };

export function shortened(value) {
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value === "string") return value.replace(/(\/join#).+/, "$1…");
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, key === "token" && typeof each === "string" ? `${each.slice(0, 4)}…` : shortened(each)]),
  );
}

export function createFrames({ list, counter, empty, t, language }) {
  let entries = [];
  let waiting = [];
  let paused = false;
  let number = 0;
  let wanted = "";

  // `way`: out, in or note; `text` only for what is no JSON.
  function add({ way, type, message, text, brief }) {
    number += 1;
    const shown = shortened(message);
    const written = shown === undefined ? String(text ?? "") : JSON.stringify(shown);
    const entry = { number, way, type, shown, written, brief: brief ?? "", at: new Date(), bytes: new TextEncoder().encode(text ?? written).length };
    entry.search = `${type} ${entry.brief} ${written}`.toLowerCase();
    if (paused) waiting.push(entry);
    else show([entry]);
    count();
  }

  function show(fresh) {
    entries.push(...fresh);
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 48;
    for (const entry of fresh) list.append(row(entry));
    while (entries.length > KEPT) {
      entries.shift();
      list.firstElementChild.remove();
    }
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  function row(entry) {
    const item = document.createElement("li");
    item.className = `frame ${entry.way}`;
    item.dataset.type = entry.type;
    item.dataset.way = entry.way;
    item.hidden = !fits(entry);
    const fold = document.createElement("details");
    const head = document.createElement("summary");
    const way = part("frame-way", ARROWS[entry.way]);
    way.setAttribute("aria-hidden", "true");
    const time = part("frame-time", `${clockTime(entry.at, language)}:${entry.at.toISOString().slice(17, 23)}`);
    head.append(time, way, part("sr-only", t(`console.way.${entry.way}`)), part("frame-type", entry.type), part("frame-brief", entry.brief));
    if (entry.way !== "note") head.append(part("frame-bytes", `${entry.bytes} B`));
    fold.append(head);
    fold.addEventListener("toggle", () => {
      if (!fold.open || fold.childElementCount > 1) return;
      const body = document.createElement("div");
      body.className = "frame-body";
      const copy = document.createElement("button");
      copy.type = "button";
      copy.className = "text-button";
      copy.textContent = t("console.copy");
      copy.addEventListener("click", () => copyText(copy, entry.shown === undefined ? entry.written : JSON.stringify(entry.shown, null, 2), t));
      body.append(entry.shown === undefined ? part("frame-text", entry.written) : jsonTree(entry.shown), copy);
      fold.append(body);
    });
    item.append(fold);
    return item;
  }

  const fits = (entry) => !wanted || entry.search.includes(wanted);

  function filter(text) {
    wanted = text.trim().toLowerCase();
    entries.forEach((entry, at) => (list.children[at].hidden = !fits(entry)));
    count();
  }

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
    counter.textContent = wanted ? t("console.countSome", { seen, all: entries.length }) : t("console.count", { all: entries.length });
    if (waiting.length) counter.textContent += ` · ${t("console.countWaiting", { count: waiting.length })}`;
    empty.hidden = seen > 0;
    empty.textContent = entries.length ? t("console.noMatch") : t("console.empty");
  }

  // What is shown, one frame a line, as a terminal would print it.
  function asText() {
    return entries
      .filter(fits)
      .map((e) => `${e.at.toISOString()} ${ARROWS[e.way]} ${e.way === "note" ? e.type : ""}${e.written || e.brief}`)
      .join("\n");
  }

  count();
  return { add, filter, pause, clear, asText };
}

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

function part(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}
