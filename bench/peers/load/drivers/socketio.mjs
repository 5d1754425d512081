// Socket.IO with its own client, WebSocket only; also for python-socketio.
import { io } from "socket.io-client";
import { payload } from "../payload.mjs";

export async function enter({ url, room, seen, bytes }) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, auth: { room: room.id } });
  let numbers = [];
  socket.on("edit", (edit) => {
    numbers.push([edit.w, edit.n]);
    seen(edit.w, edit.n);
  });
  await connected(socket);
  return {
    edit: (writer, number) =>
      new Promise((resolve) => {
        socket.emit("edit", payload(writer, number, bytes), resolve);
      }),
    get net() {
      return socket.io.engine.transport.ws?._socket;
    },
    leave: () => socket.disconnect(),
    get closed() {
      return !socket.connected;
    },
    async back({ missed }) {
      numbers = [];
      socket.connect();
      await connected(socket);
      while (socket.recovered && numbers.length < missed())
        await new Promise((resolve) => {
          socket.once("edit", resolve);
        });
      return { recovered: socket.recovered };
    },
  };
}

export const connected = (socket) =>
  new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
