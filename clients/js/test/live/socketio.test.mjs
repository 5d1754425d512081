// Programs on the official Socket.IO client alone, with its own buffer and its own retries.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { io } from "socket.io-client";

import { Client, socketioTransport, uuid7 } from "../../dist/index.js";
import { log, newHouse, ONE, Proxy, settledWithin } from "./support.mjs";

const SIZES = ["nest100", "nest120", "nest140", "nest160"];

function op(configuration, number) {
  const operation = { kind: "select", category: "nest", option: SIZES[number % SIZES.length] };
  return { configuration, op_id: uuid7(), base_version: 0, operation };
}

async function proxied(t, options) {
  const proxy = await new Proxy(ONE).listen(t);
  const socket = io(`${proxy.url}/configurator`, {
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 50,
    ...options,
  });
  t.after(() => socket.disconnect());
  return { proxy, socket };
}

for (const transports of [["websocket"], ["polling", "websocket"]]) {
  test(`what waits in the buffer is stored (TR13), ${transports}`, { timeout: 60_000 }, async (t) => {
    const house = await newHouse();
    const { proxy, socket } = await proxied(t, { transports, auth: { token: house.token } });
    const ops = Array.from({ length: 12 }, (_, number) => op(house.code, number));
    const before = ops.slice(0, 4).map((each) => socket.emitWithAck("op", each));
    const first = await settledWithin(Promise.all(before), "emitted before the first connect");
    assert.deepEqual(
      first.map((reply) => reply.outcome),
      Array(4).fill("committed"),
    );

    proxy.cut(null);
    await once(socket, "disconnect");
    const offline = ops.slice(4).map((each) => socket.emitWithAck("op", each));
    proxy.cut(ONE);
    const replies = await settledWithin(Promise.all(offline), "emitted while offline");
    assert.deepEqual(
      replies.map((reply) => reply.outcome),
      Array(8).fill("committed"),
    );
    assert.deepEqual(
      (await log(house)).map((each) => each.op_id),
      ops.map((each) => each.op_id),
    );
    assert.notEqual(socket.recovered, true);
  });
}

test("retries carry out every op once, in order (TR13)", { timeout: 60_000 }, async (t) => {
  const house = await newHouse();
  const retries = { retries: 1000, ackTimeout: 5_000, transports: ["websocket"] };
  const { proxy, socket } = await proxied(t, { auth: { token: house.token }, ...retries });
  const ops = Array.from({ length: 30 }, (_, number) => op(house.id, number));
  const asked = ops.map((each) => socket.emitWithAck("op", each));
  for (const at of [3, 10, 20]) {
    await settledWithin(asked[at], `op ${at}`);
    proxy.cut(at === 20 ? null : ONE);
  }
  proxy.cut(ONE);
  const replies = await settledWithin(Promise.all(asked), "all of them");
  assert.deepEqual(
    replies.map((reply) => reply.outcome),
    Array(30).fill("committed"),
  );
  assert.deepEqual(
    (await log(house)).map((each) => each.op_id),
    ops.map((each) => each.op_id),
  );
});

test("connect_error says what to do (TR15)", { timeout: 60_000 }, async (t) => {
  const house = await newHouse();
  const wrong = [
    [ONE, {}, "namespace_unknown", /Connect to \/configurator/],
    [`${ONE}/random`, {}, "namespace_unknown", /Connect to \/configurator/],
    [`${ONE}/c/${house.code}?as=guest`, {}, "namespace_unknown", /Connect to \/configurator/],
    [`${ONE}/configurator`, {}, "not_authenticated", /Send your token/],
    [`${ONE}/configurator`, { auth: {}, transports: ["polling"] }, "not_authenticated", /Send your token/],
    [`${ONE}/configurator`, { auth: { token: "nobody-knows-this-token" } }, "not_authenticated", /Send your token/],
    [
      `${ONE}/configurator`,
      { auth: { token: "nobody-knows-this-token" }, transports: ["polling"] },
      "not_authenticated",
      /Send your token/,
    ],
    [
      `${ONE}/configurator`,
      { auth: { token: house.token, protocol: 0 }, transports: ["polling"] },
      "client_too_old",
      /an older version of the protocol/,
    ],
    [`${ONE}/configurator`, { auth: { token: "short" } }, "malformed_message", /token/],
  ];
  for (const [url, options, code, sentence] of wrong) {
    const socket = io(url, { forceNew: true, transports: ["websocket"], ...options });
    t.after(() => socket.disconnect());
    const heard = [];
    socket.on("disconnect", (reason) => heard.push(reason));
    const [problem] = await settledWithin(once(socket, "connect_error"), `${url} is refused`);
    assert.match(problem.message, sentence);
    assert.equal(problem.data.code, code);
    assert.equal(socket.connected, false);
    assert.deepEqual(heard, [], "it was never in, so it does not leave");
  }
});

test("a newer client is told why it has to wait (CN5, TR15)", { timeout: 60_000 }, async (t) => {
  const { token } = await newHouse();
  const newer = (url, options) => io(url, { ...options, auth: { ...options.auth, protocol: 2 } });
  const told = await settledWithin(
    new Promise((resolve) => {
      const tell = ({ what, message }) => what === "connection" && message.includes("again in") && resolve(message);
      const client = new Client({ url: ONE, token, transport: socketioTransport(newer), log: tell });
      t.after(() => client.close());
    }),
    "it has trouble",
  );
  assert.match(told, /^This server does not speak that version of the protocol yet/);
});
