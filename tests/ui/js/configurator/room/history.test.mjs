// The versions of the house: missing ones, another history after a restore, and messages of a newer server.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Tab, newClock, opened, select } from "./tab.mjs";

beforeEach(newClock);

test("in another history unanswered ops are sent again, and guarded ones are refused", () => {
  const { server, tab } = opened();
  for (const option of ["a", "b", "c"]) tab.ask(select("nest", option));
  tab.settle();
  tab.drop();
  const [plain, guarded] = [tab.ask(select("nest", "d")), tab.ask(select("shell", "s"), { guarded: true })];
  assert.deepEqual(
    tab.state.pending.map((op) => op.base_version),
    [3, 3],
  );
  server.restore(1);
  tab.connect();
  for (let n = 0; n < 20; n += 1) {
    tab.settle();
    mock.timers.tick(2000);
  }
  assert.deepEqual(tab.logged.slice(1), [plain]);
  assert.deepEqual(tab.refused, [guarded]);
  assert.deepEqual(tab.state.selection, server.selectionAt(2));
  assert.deepEqual(
    tab.state.changes.map((entry) => entry.version),
    [2],
    "what the old history had is not listed",
  );
});

test("a restored backup is reported once, also by a page that loads again (CL15)", () => {
  const { server, tab } = opened();
  tab.ask(select("nest", "a"));
  tab.settle();
  assert.equal(tab.state.restored, null);
  server.restore(0);
  server.tellPositions();
  tab.settle();
  assert.deepEqual(tab.state.restored, { to: null });
  tab.room.dismiss("restored");
  tab.reload();
  assert.equal(tab.state.restored, null, "said already");
  tab.connect();
  tab.ask(select("nest", "b"));
  tab.settle();
  assert.deepEqual(tab.state.restored, null);
  server.restore(0);
  tab.reload();
  assert.deepEqual(tab.state.restored, { to: null }, "the page before had seen another history");
});

test("an op names the epoch in which it was asked for (CL15, OP20)", () => {
  const { tab } = opened();
  tab.ask(select("nest", "a"));
  assert.deepEqual(
    tab.lost().map(({ epoch, base_version }) => [epoch, base_version]),
    [["epoch-1", 0]],
  );
});

test("a missing version is asked for, and nothing is applied before it has arrived (CL2)", () => {
  const { server, tab } = opened();
  const other = new Tab("other", server);
  other.connect();
  other.settle();
  for (const option of ["a", "b"]) {
    other.ask(select("nest", option));
    other.settle();
  }
  tab.connection.down.shift(); // the first of the two is lost
  tab.take(tab.connection.down.shift());
  assert.equal(tab.state.version, 0);
  const [join] = tab.connection.up;
  assert.deepEqual([join.type, join.since], ["join", { epoch: "epoch-1", version: 0 }]);
  tab.settle();
  assert.deepEqual(
    tab.state.changes.map((entry) => entry.version),
    [2, 1],
  );
});

test("unknown types and fields are ignored (CL6)", () => {
  const { server, tab } = opened();
  const before = { ...tab.state };
  tab.take({ type: "confetti", configuration: "house" });
  assert.deepEqual({ ...tab.state }, before);
  tab.ask(select("nest", "a"));
  server.handle(tab.connection);
  tab.take({ ...tab.connection.down.shift(), sparkle: true });
  assert.deepEqual(tab.shown.nest, { option: "a" });
});
