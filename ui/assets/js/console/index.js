// The live console of /developers: a client of the protocol that shows all frames it sends and
// receives.
//
// Its house is made over REST by a new person, whose token stays in this module. A second window is
// the person of this browser, invited into the same house.
import { byId, find, textOf } from "../shared/dom.js";
import { patiently } from "../shared/retry.js";
import { createTexts, euroRounded } from "../shared/format.js";
import { copyText, createFrames } from "./frames.js";
import { openSocketIo, openWebSocket, parsed } from "./link.js";
import { READY, brief, createHouse, follow } from "./ready.js";

/**
 * @import { Entries, Language } from "../shared/types.js"
 * @import { Hearer, Link } from "./link.js"
 * @import { Message } from "./ready.js"
 */

const RETRY_FROM_MS = 500;
const RETRY_TO_MS = 30000;
/** @type {ReadonlySet<string | undefined>} */
const ENDING = new Set(["not_authenticated", "foreign_origin", "client_too_old"]);
const language = /** @type {Language} */ (document.documentElement.lang);
const root = byId("console", HTMLElement);
/** @param {string} name */
const part = (name) => byId(`console-${name}`, HTMLElement);
/** @param {string} name */
const button = (name) => byId(`console-${name}`, HTMLButtonElement);
const editor = byId("console-editor", HTMLTextAreaElement);
const words = /** @type {Entries} */ (JSON.parse(textOf(root, "texts")));
const closings = /** @type {Record<string, string>} */ (JSON.parse(textOf(root, "closings")));
const readyButtons = /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-ready]"));
const transports = /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("[name=transport]"));
const t = createTexts(words, () => language);
const frames = createFrames({ list: part("log"), counter: part("count"), empty: part("empty"), t, language });

let house = createHouse();
/** @type {string | null} */
let token = null;
/** @type {Link | null} */
let link = null;
let tries = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let leaving = false;
let rejoining = false;

// -- what is shown ---------------------------------------------------------------------------

/** @param {string} name @param {Record<string, unknown>} [values] @returns {void} */
function state(name, values = {}) {
  root.dataset.state = name;
  part("state").dataset.state = name;
  part("state-text").textContent = t(`console.state.${name}`, values);
  const joined = name === "open";
  for (const ready of readyButtons) ready.disabled = !joined;
  button("send").disabled = !joined;
  part("drop").hidden = !joined;
  part("connect").hidden = !["closed", "lost"].includes(name);
  part("start").hidden = Boolean(house.code);
  button("start").disabled = name === "opening";
  for (const radio of transports) radio.disabled = ["opening", "connecting", "open"].includes(name);
}

function showHouse() {
  part("house").hidden = !house.code;
  part("code").textContent = house.code;
  part("version").textContent = String(house.version);
  part("total").textContent = house.totalCents === null ? "–" : euroRounded(house.totalCents, language);
  part("members").textContent = String(house.memberCount);
}

/** @param {string} text @returns {void} */
function problem(text) {
  part("problem").textContent = text;
}

// -- the house -------------------------------------------------------------------------------

/** @param {string} path @param {object} body @param {{ own?: boolean }} [how] @returns {Promise<any>} */
async function rest(path, body, { own = false } = {}) {
  /** @type {Record<string, string>} */
  const headers = {
    "Content-Type": "application/json",
    ...(own || !token ? {} : { Authorization: `Bearer ${token}` }),
  };
  frames.add({ direction: "out", type: "POST", message: body, brief: path });
  /** @type {RequestInit} */
  const how = { method: "POST", headers, credentials: own ? "same-origin" : "omit", body: JSON.stringify(body) };
  const answer = await patiently(() => fetch(path, how));
  const told = await answer.json().catch(() => null);
  frames.add({ direction: "in", type: String(answer.status), message: told ?? undefined, brief: path });
  if (answer.ok) return told;
  throw new Error(told?.error?.message?.[language] ?? String(answer.status));
}

async function begin() {
  state("opening");
  problem("");
  try {
    const made = await rest("/api/configurations", {});
    token = made.token;
    house = createHouse(made.code);
    showHouse();
    const { url } = await rest(`/api/configurations/${encodeURIComponent(made.code)}/share-links`, { role: "editor" });
    const invited = await rest(
      "/api/share-links/redeem",
      { token: new URL(url, window.location.href).hash.slice(1) },
      { own: true },
    );
    const second = byId("console-second", HTMLAnchorElement);
    second.href = `/c/${encodeURIComponent(invited.code)}`;
    second.hidden = false;
  } catch (failure) {
    problem(t("console.failed", { why: failure instanceof Error ? failure.message : String(failure) }));
    if (!house.code) return state("idle");
  }
  open();
}

// -- the connection --------------------------------------------------------------------------

async function open() {
  clearTimeout(timer);
  leaving = false;
  rejoining = false;
  const socketIo = find(root, "[name=transport]:checked", HTMLInputElement).value === "socketio";
  state("connecting", { transport: socketIo ? "Socket.IO" : "WebSocket" });
  /** @type {Hearer} */
  const on = {
    out: (message, text) =>
      frames.add({ direction: "out", type: typeOf(message), message, text, brief: brief(message, language) }),
    in: hear,
    open: () => join(),
    closed,
  };
  try {
    link = await (socketIo
      ? openSocketIo({ token, on, script: textOf(root, "socketio") })
      : openWebSocket({ token, on }));
  } catch {
    problem(t("console.noSocketIo"));
    state("closed", { why: "" });
  }
}

/** @param {Message | undefined} message */
const typeOf = (message) => (typeof message?.type === "string" ? message.type : message?.connect ? "connect" : "?");

function join() {
  rejoining = Boolean(house.epoch);
  // Socket.IO tells `connect` before its own call has returned.
  queueMicrotask(() => link?.say(READY.join(house)));
}

/** @param {Message | undefined} message @param {string} text */
function hear(message, text) {
  frames.add({ direction: "in", type: typeOf(message), message, text, brief: brief(message, language) });
  if (!message) return;
  if (message.type === "error" && message.re === "join") problem(message.message[language]);
  const before = house.version;
  const missed =
    message.configuration && house.configuration && message.configuration !== house.configuration
      ? null
      : follow(house, message);
  if (message.re === "join" && (message.type === "snapshot" || message.type === "ops")) entered(message, before);
  if (message.type === "left" && message.code)
    frames.add({ direction: "note", type: t("console.note.left"), brief: message.code });
  if (missed && root.dataset.state === "open" && !rejoining) {
    rejoining = true;
    link?.say(READY.join(house));
  }
  if (["outcome", "error"].includes(message.type))
    part("said").textContent = `${message.type}: ${brief(message, language)}`;
  showHouse();
}

/** @param {Message} message @param {number} before */
function entered(message, before) {
  tries = 0;
  const again = rejoining;
  rejoining = false;
  state("open", { transport: link?.name });
  if (again) {
    const note = message.recovered
      ? t("console.note.recovered", { count: house.version - before, from: before, to: house.version })
      : t("console.note.fresh", { to: house.version });
    frames.add({ direction: "note", type: t("console.note.back"), brief: note });
    part("recovered").textContent = note;
    part("recovered").dataset.recovered = String(message.recovered);
  }
}

/** @param {{ code: number | null, reason: string }} end @returns {void} */
function closed({ code, reason }) {
  link = null;
  const meant = code === null ? undefined : closings[code];
  const why = [code, meant ?? reason].filter(Boolean).join(" ");
  frames.add({ direction: "note", type: t("console.note.closed"), brief: why });
  if (leaving || ENDING.has(meant)) return state("closed", { why });
  tries += 1;
  const pause = Math.round(RETRY_FROM_MS / 2 + Math.random() * Math.min(RETRY_TO_MS, RETRY_FROM_MS * 2 ** tries));
  state("lost", { why, seconds: Math.max(1, Math.round(pause / 1000)) });
  timer = setTimeout(open, pause);
}

// -- saying ----------------------------------------------------------------------------------

/** @param {Message} message */
function say(message) {
  if (message.type === "op") {
    house.asked += 1;
    if (message.id !== "bad") house.lastOpId = message.op_id;
  }
  link?.say(message);
}

/** @returns {void} */
function sendEditor() {
  const text = editor.value;
  const message = parsed(text);
  const object = message && typeof message === "object" && typeof message.type === "string";
  if (!object && link?.name === "Socket.IO") return problem(t("console.needsType"));
  problem(object ? "" : t("console.sentAsIs"));
  if (message?.type === "op" && typeof message.op_id === "string") house.lastOpId = message.op_id;
  link?.sendText(object ? JSON.stringify(message) : text);
}

for (const ready of readyButtons) {
  ready.addEventListener("click", () => {
    const message = READY[textOf(ready, "ready")](house);
    editor.value = JSON.stringify(message, null, 2);
    problem("");
    say(message);
  });
}
part("start").addEventListener("click", begin);
part("send").addEventListener("click", sendEditor);
editor.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !button("send").disabled) sendEditor();
});
part("drop").addEventListener("click", () => {
  leaving = true;
  link?.close();
});
part("connect").addEventListener("click", open);
part("token").addEventListener("click", () => copyText(part("token"), token ?? "", t));
part("copy").addEventListener("click", () => copyText(part("copy"), frames.asText(), t));
part("clear").addEventListener("click", () => frames.clear());
const wanted = byId("console-filter", HTMLInputElement);
wanted.addEventListener("input", () => frames.filter(wanted.value));
part("pause").addEventListener("click", () => {
  const on = part("pause").getAttribute("aria-pressed") !== "true";
  part("pause").setAttribute("aria-pressed", String(on));
  frames.pause(on);
});
window.addEventListener("online", () => root.dataset.state === "lost" && open());

// -- the page around it ----------------------------------------------------------------------

// A link to an entry opens it.
function openEntry() {
  const entry = document.getElementById(window.location.hash.slice(1));
  if (!(entry instanceof HTMLDetailsElement)) return;
  entry.open = true;
  entry.scrollIntoView();
}

for (const toEntry of document.querySelectorAll('main a[href^="#"]'))
  toEntry.addEventListener("click", () => setTimeout(openEntry));
window.addEventListener("hashchange", openEntry);
for (const copy of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copies]"))) {
  copy.hidden = false;
  copy.addEventListener("click", () => copyText(copy, byId(textOf(copy, "copies"), HTMLElement).textContent ?? "", t));
}
find(root, ".console-live", HTMLElement).hidden = false;
state("idle");
showHouse();
openEntry();
