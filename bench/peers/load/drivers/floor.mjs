// Raw WebSockets that pass JSON on: the cost of a server that does nothing else.
import { once } from "node:events";
import WebSocket from "ws";
import { payload } from "../payload.mjs";

export async function enter({ url, room, seen, bytes }) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?room=${room.id}`, { perMessageDeflate: false });
  const waiting = new Map();
  socket.on("message", (data) => {
    const edit = JSON.parse(data);
    if (edit.ack === undefined) return seen(edit.w, edit.n);
    waiting.get(edit.ack)?.();
    waiting.delete(edit.ack);
  });
  socket.on("error", () => {});
  await once(socket, "open");
  return {
    edit(writer, number) {
      socket.send(JSON.stringify(payload(writer, number, bytes)));
      return new Promise((resolve) => {
        waiting.set(number, resolve);
      });
    },
    get net() {
      return socket._socket;
    },
    leave: () => socket.terminate(),
    get closed() {
      return socket.readyState > WebSocket.OPEN;
    },
  };
}
