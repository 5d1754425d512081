// Ops without an outcome: in which order they are sent, when they are sent again, and how they end.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { PENDING_MAX } from "../../../../../ui/assets/js/client/queue.js";
import { statusOf } from "../../../../../ui/assets/js/configurator/room/room_state.js";
import { KEY, SEEN, newClock, opened, refusal, select } from "./tab.mjs";

beforeEach(newClock);

test("the first of two clicks is refused for a while, and the second stays the last (CL9)", () => {
  const { server, tab } = opened();
  const first = tab.ask(select("nest", "first"));
  const second = tab.ask(select("nest", "second"));
  assert.deepEqual(
    tab.lost().map((each) => each.op_id),
    [first],
  );
  tab.take(refusal(first, "not_saved", { retry_after_ms: 500 }));
  assert.equal(statusOf(tab.state).name, "retrying");
  mock.timers.tick(499);
  assert.deepEqual(tab.lost(), [], "everything waits as long as the server asked");
  mock.timers.tick(2000);
  tab.settle();
  assert.deepEqual(tab.logged, [first, second]);
  assert.deepEqual(tab.shown.nest, { option: "second" });
  assert.deepEqual(tab.state.pending, []);
  assert.deepEqual(server.selectionAt(server.version).nest, { option: "second" });
});

test("a store that was away for long is used again within seconds of its return (CL9)", () => {
  const { tab } = opened();
  const clicks = ["a", "b", "c"].map((option) => tab.ask(select("nest", option)));
  for (let tries = 0; tries < 12; tries += 1) {
    const [sent] = tab.lost();
    assert.equal(sent?.op_id, clicks[0], "also after many refusals it is asked for again within 3 s");
    tab.take(refusal(clicks[0], "not_saved", { retry_after_ms: 1000 }));
    mock.timers.tick(3000);
  }
  tab.settle();
  assert.deepEqual(tab.logged, clicks);
});

test("the queue is bounded: an op that does not fit is reported, and none is dropped (CL10)", async () => {
  const { tab, server } = opened();
  tab.drop();
  for (let n = 0; n < PENDING_MAX + 3; n += 1) tab.ask(select("nest", `o${n}`));
  await Promise.resolve();
  assert.equal(tab.full, 3);
  assert.equal(tab.asked.length, PENDING_MAX);
  assert.equal(JSON.parse(tab.storage.getItem(KEY)).length, PENDING_MAX);
  tab.connect();
  tab.settle();
  assert.deepEqual(
    tab.logged,
    tab.asked.map((each) => each.opId),
  );
  assert.deepEqual(server.selectionAt(server.version).nest, { option: `o${PENDING_MAX - 1}` });
  assert.deepEqual(tab.storage.keys(), [SEEN]);
});

test("an op or a join whose answer is lost is sent again, the op with the same id (CL3)", () => {
  const { tab } = opened();
  const op = tab.ask(select("nest", "a"));
  const [sent] = tab.lost();
  mock.timers.tick(6500);
  mock.timers.tick(2500);
  assert.deepEqual(tab.lost(), [sent]);
  tab.drop();
  tab.connect();
  assert.deepEqual(
    tab.lost().map((each) => each.type),
    ["join"],
  );
  mock.timers.tick(6500);
  tab.settle();
  assert.deepEqual(tab.logged, [op]);
  assert.deepEqual(tab.state.pending, []);
});

test("a pause that the server asked for outlives the connection (CL9)", () => {
  const { tab } = opened();
  const op = tab.ask(select("nest", "a"));
  tab.lost();
  tab.take(refusal(op, "too_many_requests", { retry_after_ms: 5000 }));
  tab.drop();
  tab.connect();
  tab.settle();
  assert.equal(tab.server.version, 0);
  mock.timers.tick(6000);
  tab.settle();
  assert.deepEqual(tab.logged, [op]);
});

test("an outcome that is ahead of its change ends nothing before the change is there (CL7)", () => {
  const { server, tab } = opened();
  const op = tab.ask(select("nest", "a"));
  server.handle(tab.connection);
  const [change, outcome] = tab.connection.down.splice(0);
  tab.take(outcome);
  assert.deepEqual([tab.shown.nest, tab.state.selection.nest], [{ option: "a" }, { option: "o0" }]);
  assert.notEqual(statusOf(tab.state).name, "saved", "(CL4)");
  tab.take(change);
  assert.deepEqual([tab.state.pending, tab.shown.nest], [[], { option: "a" }]);
  assert.deepEqual(
    tab.changes.map((entry) => [entry.key, entry.askedHere]),
    [[op, true]],
  );
  tab.settle();
  tab.ask(select("nest", "b"));
  server.handle(tab.connection);
  tab.take(tab.connection.down.splice(0).find((frame) => frame.type === "outcome"));
  tab.take(server.snapshot(tab.connection, null));
  assert.deepEqual([tab.state.pending, tab.shown.nest], [[], { option: "b" }], "a snapshot has the change too");
});

test("an op that will never be carried out is reported, and the next one is sent (CL11)", () => {
  const { tab } = opened();
  const [bad, good] = [tab.ask(select("nest", "a")), tab.ask(select("nest", "b"))];
  tab.lost();
  tab.take(refusal(bad, "op_id_reused", { retryable: false }));
  assert.deepEqual(tab.refused, [bad]);
  tab.settle();
  assert.deepEqual(tab.logged, [good]);
});

test("the next op is based on the version of the own last one", () => {
  const { tab } = opened();
  tab.ask(select("nest", "a"));
  tab.ask({ kind: "clear", category: "nest" }, { guarded: true });
  tab.server.handle(tab.connection);
  while (tab.connection.down.length) tab.take(tab.connection.down.shift());
  assert.equal(tab.lost()[0].base_version, 1);
});
