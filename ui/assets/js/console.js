// The live console of /developers: a client of the protocol that shows everything it says and hears.
//
// Its house is made over REST by a person of its own, whose token stays in this module. A second
// window is this browser's own person, invited into the same house.
import { patiently } from "./patience.js";
import { createTexts, euroRounded } from "./format.js";
import { copyText, createFrames } from "./console/frames.js";
import { openSocketIo, openWebSocket, parsed } from "./console/link.js";
import { READY, brief, createHouse, follow } from "./console/ready.js";

const RETRY_FROM_MS = 500;
const RETRY_TO_MS = 30000;
const ENDING = new Set(["not_authenticated", "foreign_origin", "client_too_old"]);
const language = document.documentElement.lang;
const root = document.getElementById("console");
const part = (name) => document.getElementById(`console-${name}`);
const words = JSON.parse(root.dataset.texts);
const closings = JSON.parse(root.dataset.closings);
const t = createTexts(words, () => language);
const frames = createFrames({ list: part("log"), counter: part("count"), empty: part("empty"), t, language });

let house = createHouse();
let token = null;
let link = null;
let tries = 0;
let timer = null;
let leaving = false;
let rejoining = false;

// -- what is shown ---------------------------------------------------------------------------

function state(name, values = {}) {
  root.dataset.state = name;
  part("state").dataset.state = name;
  part("state-text").textContent = t(`console.state.${name}`, values);
  const joined = name === "open";
  for (const button of root.querySelectorAll("[data-ready]")) button.disabled = !joined;
  part("send").disabled = !joined;
  part("drop").hidden = !joined;
  part("connect").hidden = !["closed", "lost"].includes(name);
  part("start").hidden = Boolean(house.code);
  part("start").disabled = name === "opening";
  for (const radio of root.querySelectorAll("[name=transport]")) radio.disabled = ["opening", "connecting", "open"].includes(name);
}

function showHouse() {
  part("house").hidden = !house.code;
  part("code").textContent = house.code ?? "";
  part("version").textContent = house.version;
  part("total").textContent = house.cents === null ? "–" : euroRounded(house.cents, language);
  part("members").textContent = house.members;
}

function problem(text) {
  part("problem").textContent = text;
}

// -- the house -------------------------------------------------------------------------------

async function rest(path, body, { own = false } = {}) {
  const headers = { "Content-Type": "application/json", ...(own || !token ? {} : { Authorization: `Bearer ${token}` }) };
  frames.add({ way: "out", type: "POST", message: body, brief: path });
  const how = { method: "POST", headers, credentials: own ? "same-origin" : "omit", body: JSON.stringify(body) };
  const answer = await patiently(() => fetch(path, how));
  const told = await answer.json().catch(() => null);
  frames.add({ way: "in", type: String(answer.status), message: told ?? undefined, brief: path });
  if (answer.ok) return told;
  throw new Error(told?.error?.message?.[language] ?? String(answer.status));
}

async function begin() {
  state("opening");
  problem("");
  try {
    const made = await rest("/api/configurations", {});
    token = made.token;
    house = { ...createHouse(), code: made.code };
    showHouse();
    const { url } = await rest(`/api/configurations/${encodeURIComponent(house.code)}/share-links`, { role: "editor" });
    const invited = await rest("/api/share-links/redeem", { token: new URL(url, window.location.href).hash.slice(1) }, { own: true });
    part("second").href = `/c/${encodeURIComponent(invited.code)}`;
    part("second").hidden = false;
  } catch (failure) {
    problem(t("console.failed", { why: failure.message }));
    if (!house.code) return state("idle");
  }
  open();
}

// -- the connection --------------------------------------------------------------------------

async function open() {
  clearTimeout(timer);
  leaving = false;
  rejoining = false;
  const socketIo = root.querySelector("[name=transport]:checked").value === "socketio";
  state("connecting", { transport: socketIo ? "Socket.IO" : "WebSocket" });
  const on = {
    out: (message, text) => frames.add({ way: "out", type: typeOf(message), message, text, brief: brief(message, language) }),
    in: hear,
    open: () => join(),
    closed,
  };
  try {
    link = await (socketIo ? openSocketIo({ token, on, script: root.dataset.socketio }) : openWebSocket({ token, on }));
  } catch {
    problem(t("console.noSocketIo"));
    state("closed", { why: "" });
  }
}

const typeOf = (message) => (typeof message?.type === "string" ? message.type : message?.connect ? "connect" : "?");

function join() {
  rejoining = Boolean(house.epoch);
  // Socket.IO tells `connect` before its own call has returned.
  queueMicrotask(() => link.say(READY.join(house)));
}

function hear(message, text) {
  frames.add({ way: "in", type: typeOf(message), message, text, brief: brief(message, language) });
  if (!message) return;
  if (message.type === "error" && message.re === "join") problem(message.message[language]);
  const before = house.version;
  const missed = message.configuration && house.id && message.configuration !== house.id ? null : follow(house, message);
  if (message.re === "join" && (message.type === "snapshot" || message.type === "ops")) entered(message, before);
  if (message.type === "left" && message.code) frames.add({ way: "note", type: t("console.note.left"), brief: message.code });
  if (missed && root.dataset.state === "open" && !rejoining) {
    rejoining = true;
    link.say(READY.join(house));
  }
  if (["outcome", "error"].includes(message.type)) part("said").textContent = `${message.type}: ${brief(message, language)}`;
  showHouse();
}

function entered(message, before) {
  tries = 0;
  const again = rejoining;
  rejoining = false;
  state("open", { transport: link.name });
  if (again) {
    const note = message.recovered ? t("console.note.recovered", { count: house.version - before, from: before, to: house.version }) : t("console.note.fresh", { to: house.version });
    frames.add({ way: "note", type: t("console.note.back"), brief: note });
    part("recovered").textContent = note;
    part("recovered").dataset.recovered = String(message.recovered);
  }
}

function closed({ code, reason }) {
  link = null;
  const why = [code, closings[code] ?? reason].filter(Boolean).join(" ");
  frames.add({ way: "note", type: t("console.note.closed"), brief: why });
  if (leaving || ENDING.has(closings[code])) return state("closed", { why });
  tries += 1;
  const pause = Math.round(RETRY_FROM_MS / 2 + Math.random() * Math.min(RETRY_TO_MS, RETRY_FROM_MS * 2 ** tries));
  state("lost", { why, seconds: Math.max(1, Math.round(pause / 1000)) });
  timer = setTimeout(open, pause);
}

// -- saying ----------------------------------------------------------------------------------

function say(message) {
  if (message.type === "op") {
    house.asked += 1;
    if (message.id !== "bad") house.lastOpId = message.op_id;
  }
  link?.say(message);
}

function sendEditor() {
  const text = part("editor").value;
  const message = parsed(text);
  const object = message && typeof message === "object" && typeof message.type === "string";
  if (!object && link?.name === "Socket.IO") return problem(t("console.needsType"));
  problem(object ? "" : t("console.sentAsIs"));
  if (message?.type === "op" && typeof message.op_id === "string") house.lastOpId = message.op_id;
  link?.sendText(object ? JSON.stringify(message) : text);
}

for (const button of root.querySelectorAll("[data-ready]")) {
  button.addEventListener("click", () => {
    const message = READY[button.dataset.ready](house);
    part("editor").value = JSON.stringify(message, null, 2);
    problem("");
    say(message);
  });
}
part("start").addEventListener("click", begin);
part("send").addEventListener("click", sendEditor);
part("editor").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !part("send").disabled) sendEditor();
});
part("drop").addEventListener("click", () => {
  leaving = true;
  link?.close();
});
part("connect").addEventListener("click", open);
part("token").addEventListener("click", () => copyText(part("token"), token, t));
part("copy").addEventListener("click", () => copyText(part("copy"), frames.asText(), t));
part("clear").addEventListener("click", () => frames.clear());
part("filter").addEventListener("input", (event) => frames.filter(event.target.value));
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
  if (entry?.tagName !== "DETAILS") return;
  entry.open = true;
  entry.scrollIntoView();
}

for (const link of document.querySelectorAll('main a[href^="#"]')) link.addEventListener("click", () => setTimeout(openEntry));
window.addEventListener("hashchange", openEntry);
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", () => copyText(button, document.getElementById(button.dataset.copies).textContent, t));
}
root.querySelector(".console-live").hidden = false;
state("idle");
showHouse();
openEntry();
