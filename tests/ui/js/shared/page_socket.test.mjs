// A page stays while no process answers, and is loaded again if its process does not know it.
import assert from "node:assert/strict";
import test from "node:test";
import { stay } from "../../../../ui/assets/js/shared/page_socket.js";

// As socket.io's, as far as it is used; `told` is what NiceGUI's own listener hears.
function socketOf(transports) {
  const told = [];
  let listeners = [(error) => told.push(error.message)];
  const socket = {
    io: { opts: { transports } },
    listeners: () => [...listeners],
    off: () => (listeners = []),
    on: (_event, listener) => listeners.push(listener),
    fail: (message) => listeners.forEach((listener) => listener(new Error(message))),
  };
  return { socket, told };
}

test("without polling no timeout reaches the script that would load the page again", () => {
  const { socket, told } = socketOf(["websocket"]);
  stay(socket);
  socket.fail("timeout");
  socket.fail("timeout");
  assert.deepEqual(told, []);
});

test("the first timeout changes to polling, and no further one does anything", () => {
  const { socket, told } = socketOf(["websocket", "polling"]);
  stay(socket);
  socket.fail("timeout");
  socket.fail("timeout");
  assert.deepEqual(told, ["timeout"]);
});

test("a process that does not know the page still has it loaded again", () => {
  const { socket, told } = socketOf(["websocket", "polling"]);
  stay(socket);
  socket.fail("Implicit handshake failed");
  assert.deepEqual(told, ["Implicit handshake failed"]);
});
