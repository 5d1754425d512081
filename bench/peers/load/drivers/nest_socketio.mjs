// Our product over Socket.IO, with Socket.IO's own client.
import { io } from "socket.io-client";
import { View, op, opId } from "./nest_messages.mjs";
import { connected } from "./socketio.mjs";
import { pusher } from "./nest.mjs";

export async function enter({ url, room, index, seen, bytes, writes }) {
  const view = new View(seen);
  const socket = io(`${url}/configurator`, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    auth: { token: room.tokens[index % room.tokens.length], protocol: 1 },
  });
  socket.on("op", (frame) => view.ops(frame.version - 1, frame.version, [frame.op_id]));
  socket.on("ops", (frame) =>
    view.ops(
      frame.from,
      frame.to,
      frame.ops.map((each) => each.op_id),
    ),
  );
  socket.on("snapshot", (frame) => view.snapshot(frame.epoch, frame.version));
  socket.on("outcome", (frame) => view.outcome(frame.op_id, frame.outcome));
  socket.on("error", (frame) => {
    view.problems.push(frame.code);
    view.waiting.get(frame.op_id)?.();
  });

  async function join(since) {
    const welcome = new Promise((resolve) => {
      socket.once("welcome", resolve);
    });
    await connected(socket);
    await welcome;
    const { type, ...body } = { type: "join", configuration: room.id, ...since };
    const answer = new Promise((resolve) => {
      const take = (kind) => (frame) => {
        socket.off("ops", ops).off("snapshot", snapshot);
        resolve({ recovered: kind === "ops" && frame.recovered !== false });
      };
      const ops = take("ops");
      const snapshot = take("snapshot");
      socket.on("ops", ops).on("snapshot", snapshot);
    });
    socket.emit(type, body);
    return answer;
  }

  await join();
  view.snapshots = 0;
  const pushes = room.push && writes ? await pusher(url, room, bytes) : null;
  return {
    view,
    edit(writer, each) {
      if (pushes) return pushes(writer, each);
      const { type, ...body } = op(room, writer, each);
      socket.emit(type, body);
      return view.answered(opId(writer, each));
    },
    get net() {
      return socket.io.engine.transport.ws?._socket;
    },
    leave: () => socket.disconnect(),
    get closed() {
      return !socket.connected;
    },
    back() {
      const joined = join({ since: { epoch: view.epoch, version: view.version } });
      socket.connect();
      return joined;
    },
  };
}
