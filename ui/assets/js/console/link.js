// One connection of the console: WebSocket or Socket.IO behind the same four calls. It only
// reports: it never reconnects by itself, which is the console's decision.
/**
 * @import { Message } from "./ready.js"
 *
 * @typedef {object} Hearer what a connection tells
 * @property {(message: Message | undefined, text?: string) => void} out
 * @property {(message: Message | undefined, text: string) => void} in
 * @property {() => void} open
 * @property {(end: { code: number | null, reason: string }) => void} closed
 *
 * @typedef {object} Link
 * @property {string} name
 * @property {(message: Message) => boolean} say
 * @property {(text: string) => boolean} sendText
 * @property {() => void} close
 *
 * @typedef {object} Io what we use of a client of Socket.IO
 * @property {boolean} connected
 * @property {(event: string, hear: (said: any) => void) => void} on
 * @property {(hear: (type: string, message: Message) => void) => void} onAny
 * @property {(event: string, message: Message) => void} emit
 * @property {() => void} disconnect
 */

const CLIENT = "developers/1";
const OPEN_WITHIN_MS = 8000;

/** @param {{ token: string | null, on: Hearer }} how @returns {Link} */
export function openWebSocket({ token, on }) {
  const socket = new WebSocket(`${window.location.origin.replace(/^http/, "ws")}/ws`, "nest.v1");
  const late = setTimeout(() => socket.close(), OPEN_WITHIN_MS);
  /** @param {Message} message */
  const say = (message) => sendText(JSON.stringify(message));
  /** @param {string} text */
  const sendText = (text) => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    on.out(parsed(text), text);
    socket.send(text);
    return true;
  };
  socket.addEventListener("open", () => {
    clearTimeout(late);
    say({ type: "hello", protocol: 1, token, client: CLIENT });
    on.open();
  });
  socket.addEventListener("message", ({ data }) => on.in(parsed(data), String(data)));
  socket.addEventListener("close", ({ code, reason }) => {
    clearTimeout(late);
    on.closed({ code, reason });
  });
  return { say, sendText, close: () => socket.close(1000), name: "WebSocket" };
}

// The Socket.IO client is the one that our pages are served with; it is loaded when it is needed.
/** @param {{ token: string | null, on: Hearer, script: string }} how @returns {Promise<Link>} */
export async function openSocketIo({ token, on, script }) {
  await load(script);
  const { io } = /** @type {{ io: (address: string, how: object) => Io }} */ (/** @type {unknown} */ (window));
  const socket = io("/configurator", {
    path: "/socket.io/",
    transports: ["websocket"],
    auth: { token, protocol: 1 },
    reconnection: false,
    forceNew: true,
    timeout: OPEN_WITHIN_MS,
  });
  let over = false;
  /** @param {number | null} code @param {string} reason */
  const end = (code, reason) => {
    if (over) return;
    over = true;
    on.closed({ code, reason });
  };
  /** @param {Message | undefined} message */
  const say = (message) => {
    if (!message || !socket.connected || typeof message.type !== "string") return false;
    on.out(message, JSON.stringify(message));
    socket.emit(message.type, message);
    return true;
  };
  socket.on("connect", () => {
    on.out({ connect: "/configurator", auth: { token, protocol: 1 } });
    on.open();
  });
  socket.onAny((type, message) => on.in(message, JSON.stringify(message)));
  socket.on("connect_error", (problem) => end(null, String(problem?.message ?? problem)));
  socket.on("disconnect", (reason) => end(null, reason));
  return { say, sendText: (text) => say(parsed(text)), close: () => socket.disconnect(), name: "Socket.IO" };
}

/** @param {string} text @returns {Message | undefined} */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @type {Promise<unknown> | null} */
let loading = null;
/** @param {string} address */
function load(address) {
  loading ??= new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.addEventListener("load", resolve);
    element.addEventListener("error", () => {
      loading = null;
      element.remove();
      reject(new Error("script"));
    });
    document.head.append(element);
  });
  return loading;
}
