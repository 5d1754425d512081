// ShareDB with its own client and json0: one key of one document per writer.
import ShareDB from "sharedb/lib/client/index.js";
import WebSocket from "ws";
import { payload } from "../payload.mjs";

export async function enter({ url, room, seen, bytes }) {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  const connection = new ShareDB.Connection(socket);
  const house = connection.get("houses", room.id);
  await call((done) => house.subscribe(done));
  if (!house.type) await call((done) => house.create({}, done)).catch(() => {}); // somebody was faster
  house.on("op", (operations, own) => {
    if (!own) for (const { p, oi } of operations) seen(Number(p[0]), oi.n);
  });
  return {
    edit: (writer, number) =>
      call((done) => {
        house.submitOp([{ p: [String(writer)], od: house.data[writer], oi: payload(writer, number, bytes) }], done);
      }),
    get net() {
      return socket._socket;
    },
    leave: () => connection.close(),
    get closed() {
      return socket.readyState > WebSocket.OPEN;
    },
  };
}

const call = (act) =>
  new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
