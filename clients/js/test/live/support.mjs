// Shared by the tests on real servers. tests/clients/test_js_client.py starts the servers and passes their
// addresses.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";

import { connect, websocketTransport } from "../../dist/index.js";

export const ONE = process.env.NEST_ONE;
export const TWO = process.env.NEST_TWO;
export const ONE_PID = Number(process.env.NEST_ONE_PID);
assert.ok(ONE && TWO, "run me by tests/clients/test_js_client.py");

const { WebSocket: WsWebSocket } = await import("ws");

/** Every way to the server that a program in Node has. */
export const TRANSPORTS = {
  websocket: "websocket",
  "websocket of ws": websocketTransport(WsWebSocket),
  socketio: "socketio",
};

export async function call(method, path, { token, body, base = ONE } = {}) {
  const answer = await fetch(base + path, {
    method,
    headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(content)}`);
  return content;
}

/** A new house and the token of its owner. */
export async function newHouse() {
  const { code, id, token } = await call("POST", "/api/configurations", { body: {} });
  return { code, id, token };
}

/** The committed ops of a house. */
export async function log({ id, token }, base = TWO) {
  return (await call("GET", `/api/configurations/${id}/ops?since=0`, { token, base })).ops;
}

/** A client that is closed when the test ends. */
export async function connected(t, options) {
  const client = await connect(options);
  t.after(() => client.close());
  return client;
}

/** Resolves with the first true result, looked for on every change. */
export function until(house, condition, why) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`not within 40 s: ${why}; ${JSON.stringify({ ...house.state, derived: null })}`));
    }, 40_000);
    const look = () => {
      const found = condition(house.state);
      if (!found) return;
      clearTimeout(late);
      endings.forEach((end) => end());
      resolve(found);
    };
    const endings = [house.on("change", look), house.on("status", look), house.on("presence", look)];
    look();
  });
}

export function settledWithin(promise, why, ms = 40_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${why}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A TCP proxy: the one address that a client knows, whatever is behind it. */
export class Proxy {
  #sockets = new Set();
  #server = net.createServer((near) => this.#pass(near));

  constructor(target) {
    this.target = target;
  }

  async listen(t) {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    t.after(() => {
      this.cut();
      this.#server.close();
    });
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  /** Ends every connection; with `target` null new ones are refused, too. */
  cut(target = this.target) {
    this.target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What is open goes silent in both directions, as when a cable is pulled. */
  freeze() {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  #pass(near) {
    if (this.target === null) return near.destroy();
    const far = net.connect(Number(new URL(this.target).port), "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      this.#sockets.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
