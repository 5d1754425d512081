// Hocuspocus with its own provider: one key of one map per writer; one socket per member.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import WebSocket from "ws";
import * as Y from "yjs";
import { payload } from "../payload.mjs";

class PlainSocket extends WebSocket {
  constructor(url) {
    super(url, { perMessageDeflate: false });
  }
}

export async function enter({ url, room, seen, bytes }) {
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: url.replace("http", "ws"),
    WebSocketPolyfill: PlainSocket,
    messageReconnectTimeout: 3_600_000,
  });
  const document = new Y.Doc();
  const map = document.getMap("house");
  map.observe((event, { local }) => {
    if (!local) for (const key of event.keysChanged) seen(Number(key), map.get(key).n);
  });
  const waiting = [];
  const provider = new HocuspocusProvider({ websocketProvider, name: room.id, document, awareness: null });
  provider.on("unsyncedChanges", ({ number }) => {
    if (number === 0) waiting.splice(0).forEach((resolve) => resolve());
  });
  provider.attach();
  await new Promise((resolve) => {
    provider.on("synced", resolve);
  });
  return {
    edit(writer, number) {
      const answered = new Promise((resolve) => {
        waiting.push(resolve);
      });
      map.set(String(writer), payload(writer, number, bytes));
      return answered;
    },
    value: (writer) => map.get(String(writer))?.n,
    get net() {
      return websocketProvider.webSocket?._socket;
    },
    leave() {
      provider.destroy();
      websocketProvider.destroy();
    },
    get closed() {
      return websocketProvider.webSocket?.readyState !== WebSocket.OPEN;
    },
  };
}
