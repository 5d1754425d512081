// One connection of the console: WebSocket or Socket.IO behind the same four calls. It says what is
// so and nothing else: it never reconnects by itself, that is the console's decision.
const CLIENT = "developers/1";
const OPEN_WITHIN_MS = 8000;

// Opens; `on` has out(message), in(message, text), open(), closed({ code, reason }).
export function openWebSocket({ token, on }) {
  const socket = new WebSocket(`${window.location.origin.replace(/^http/, "ws")}/ws`, "nest.v1");
  const late = setTimeout(() => socket.close(), OPEN_WITHIN_MS);
  const say = (message) => sendText(JSON.stringify(message));
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

// The Socket.IO client is the one that our pages are served with; it is loaded when it is asked for.
export async function openSocketIo({ token, on, script }) {
  await load(script);
  const socket = window.io("/configurator", {
    path: "/socket.io/",
    transports: ["websocket"],
    auth: { token, protocol: 1 },
    reconnection: false,
    forceNew: true,
    timeout: OPEN_WITHIN_MS,
  });
  let over = false;
  const end = (code, reason) => {
    if (over) return;
    over = true;
    on.closed({ code, reason });
  };
  const say = (message) => {
    if (!socket.connected || typeof message?.type !== "string") return false;
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

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let loading = null;
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
