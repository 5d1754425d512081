// The connection of a page: one socket, which is opened, given up and closed by the rules for clients.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { attachSocket, followPage } from "../../../../../ui/assets/js/configurator/page/page_events.js";
import { reloadAfter } from "../../../../../ui/assets/js/configurator/page/reload.js";
import { newClock, opened, select, Tab } from "../room/tab.mjs";

let stop = () => {};
beforeEach(newClock);
afterEach(() => {
  stop();
  delete globalThis.window;
  delete globalThis.document;
});

// As Socket.IO's, as far as a page uses it.
class Socket {
  connected = false;
  attempts = 0;
  io = { opts: { transports: ["websocket"] }, engine: { close: () => this.lose() } };
  #heard = new Map();

  on(event, hear) {
    this.#heard.set(event, [...this.listeners(event), hear]);
  }
  off(event) {
    this.#heard.delete(event);
  }
  listeners(event) {
    return this.#heard.get(event) ?? [];
  }
  connect() {
    this.attempts += 1;
  }
  disconnect() {
    this.lose();
  }
  open() {
    this.connected = true;
    for (const hear of this.listeners("connect")) hear();
  }
  lose() {
    if (!this.connected) return;
    this.connected = false;
    for (const hear of this.listeners("disconnect")) hear();
  }
}

// A page at its socket; `visit.over` is that this browser has forgotten its person.
function openedPage({ prerendering = false } = {}) {
  const server = opened().server;
  const socket = new Socket();
  const tab = new Tab("me", server, () => 0.5, { giveUp: () => socket.io.engine.close() });
  globalThis.window = Object.assign(new EventTarget(), { socket });
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible", prerendering });
  const visit = { over: false, isOver: () => visit.over, stop: () => (visit.over = true) };
  visit.measure = { active() {}, back() {}, hide() {}, leave() {}, failed() {} };
  visit.tracker = { online() {} };
  const inquiry = { refresh() {}, heard() {} };
  attachSocket({ room: tab.room, inquiry });
  stop = followPage({ room: tab.room, state: {}, actions: {}, visit, inquiry, byRestore: async () => true });
  const connect = () => {
    tab.connection = server.connect(tab.name);
    tab.unanswered = null;
    socket.open();
  };
  return { server, socket, tab, connect };
}

const types = (messages) => messages.map((each) => each.type);

test("a page holds one connection, and opens another one only when that has ended (CL5)", () => {
  const { socket, tab, connect } = openedPage();
  connect();
  assert.deepEqual(types(tab.lost()), ["join"]);
  const wakes = () => {
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  };
  wakes();
  assert.equal(socket.attempts, 0);
  socket.lose();
  assert.equal(tab.state.socket, "down");
  wakes();
  assert.equal(socket.attempts, 3, "Socket.IO makes one attempt of these");
});

test("an op that was asked for without a connection is sent on the next one (CL3, CL5)", () => {
  const { socket, tab, connect } = openedPage();
  connect();
  tab.settle();
  socket.lose();
  const op = tab.ask(select("nest", "a"));
  connect();
  tab.settle();
  assert.deepEqual(tab.logged, [op]);
});

test("a page that its server has deleted opens no connection again, and stays in sight (CL5)", async () => {
  const { socket, connect } = openedPage();
  connect();
  window.dispatchEvent(new Event("signedout"));
  await Promise.resolve();
  assert.equal(socket.connected, false);
  document.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event("online"));
  assert.equal(socket.attempts, 0);
});

test("a page is loaded again after the time that its server named and a random part of two seconds (CL5)", () => {
  for (const [chance, earliest] of [
    [0, 10_500],
    [0.999, 11_998],
  ]) {
    let loaded = 0;
    reloadAfter(10_000, { random: () => chance, load: () => (loaded += 1) });
    mock.timers.tick(earliest - 1);
    assert.equal(loaded, 0);
    mock.timers.tick(2);
    assert.equal(loaded, 1);
  }
});

test("a connection that is silent for ten seconds is given up, and the op is sent on the next one (CL12)", () => {
  const { socket, tab, connect } = openedPage();
  connect();
  tab.settle();
  const op = tab.ask(select("nest", "a"));
  mock.timers.tick(9_999);
  assert.equal(socket.connected, true);
  assert.ok(tab.lost().every((each) => each.op_id === op));
  mock.timers.tick(1);
  assert.equal(socket.connected, false);
  connect();
  tab.settle();
  assert.deepEqual(tab.logged, [op]);
});

test("a connection on which something is heard, or nothing was asked, is not given up (CL12)", () => {
  const { server, socket, tab, connect } = openedPage();
  connect();
  tab.settle();
  mock.timers.tick(60_000);
  assert.equal(socket.connected, true, "nobody asked for anything");
  tab.ask(select("nest", "a"));
  tab.lost();
  for (let seconds = 0; seconds < 30; seconds += 2) {
    server.tellPositions();
    tab.take(tab.connection.down.shift());
    mock.timers.tick(2_000);
  }
  assert.equal(socket.connected, true, "the answer is late, and the connection works");
});

test("a page that is rendered ahead sends nothing before somebody sees it", () => {
  const { tab, connect } = openedPage({ prerendering: true });
  connect();
  assert.deepEqual(tab.lost(), []);
  document.prerendering = false;
  document.dispatchEvent(new Event("prerenderingchange"));
  assert.deepEqual(types(tab.lost()), ["join"]);
});
