// Our product over the raw WebSocket. A reader does not parse frames as a whole, but searches them for what it needs.
import { once } from "node:events";
import WebSocket from "ws";
import { payload } from "../payload.mjs";
import { View, op, opId } from "./nest_messages.mjs";

const OP_ID = '"op_id":"';
const number = (text, key) => Number(new RegExp(`"${key}":(\\d+)`).exec(text)[1]);
const word = (text, key) => new RegExp(`"${key}":"([^"]*)"`).exec(text)?.[1];

function* opIds(data) {
  for (let at = data.indexOf(OP_ID); at >= 0; at = data.indexOf(OP_ID, at + 36))
    yield data.latin1Slice(at + 9, at + 45);
}

export async function enter({ url, room, index, seen, bytes, writes }) {
  const token = room.tokens[index % room.tokens.length];
  const view = new View(seen);
  let entered = null;
  let socket = null;

  function read(data) {
    const head = data.latin1Slice(0, Math.min(400, data.length));
    switch (word(head, "type")) {
      case "op":
        view.ops(number(head, "version") - 1, number(head, "version"), [opIds(data).next().value]);
        break;
      case "ops":
        view.ops(number(head, "from"), number(head, "to"), opIds(data));
        if (entered) entered({ recovered: word(head, "re") === "join" });
        break;
      case "snapshot":
        view.snapshot(word(head, "epoch"), number(head, "version"));
        entered?.({ recovered: false });
        break;
      case "outcome":
        view.outcome(word(head, "op_id"), word(head, "outcome"));
        break;
      case "error":
        view.problems.push(word(head, "code"));
        view.waiting.get(word(head, "op_id"))?.();
        break;
      default:
    }
  }

  async function join(since) {
    socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { perMessageDeflate: false });
    socket.on("message", read);
    socket.on("error", () => {});
    const answer = new Promise((resolve, reject) => {
      entered = (found) => {
        entered = null;
        resolve(found);
      };
      socket.once("close", (code) => reject(new Error(`closed while joining: ${code} ${view.problems}`)));
    });
    answer.catch(() => {});
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "hello", protocol: 1, token }));
    socket.send(JSON.stringify({ type: "join", id: "join", configuration: room.id, ...since }));
    return answer;
  }

  await join();
  view.snapshots = 0;
  const pushes = room.push && writes ? await pusher(url, room, bytes) : null;
  return {
    view,
    edit(writer, each) {
      if (pushes) return pushes(writer, each);
      socket.send(JSON.stringify(op(room, writer, each)));
      return view.answered(opId(writer, each));
    },
    get net() {
      return socket._socket;
    },
    leave: () => socket.terminate(),
    get closed() {
      return socket.readyState > WebSocket.OPEN;
    },
    back: () => join({ since: { epoch: view.epoch, version: view.version } }),
  };
}

/** Fan-out alone: frames are made by the server of bench/product/fanout.py, without rules or commit. */
export async function pusher(url, room, bytes) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/bench/push?room=${room.id}&kind=${room.push}`, {
    perMessageDeflate: false,
  });
  const waiting = new Map();
  socket.on("message", (data) => {
    const { ack } = JSON.parse(data);
    waiting.get(ack)?.();
    waiting.delete(ack);
  });
  await once(socket, "open");
  return (writer, each) => {
    const id = opId(writer, each);
    socket.send(JSON.stringify({ id, ...payload(writer, each, bytes) }));
    return new Promise((resolve) => {
      waiting.set(id, resolve);
    });
  };
}
