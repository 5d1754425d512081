// Ops without an outcome: in which order they are sent, what is shown meanwhile, and how they end.
import assert from "node:assert/strict";
import test from "node:test";
import { PENDING_MAX, QueueFull, Refused } from "../../dist/index.js";
import { commit, joined, select, sent, settled } from "./house.mjs";

test("an op is shown at once, and its effect is its outcome, so there is no gap between them (CL7)", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual(house.view.selection.nest, { option: "o0" });
  const [frame, outcome] = commit(server, connection, op);
  const [settle] = house.receive(frame).filter((each) => each.do === "settle");
  const { op_id, outcome: said, version } = settle.outcome;
  assert.deepEqual([op_id, said, version], ["op-1", "committed", 1]);
  assert.equal(settle.op.op_id, "op-1");
  assert.deepEqual(house.view.selection.nest, { option: "o1" });
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual([house.view.pending, house.view.asked], [[], {}]);
  assert.deepEqual(settled(house.receive(outcome)), []);
  assert.deepEqual(settled(house.receive(outcome)), []);
});

test("the outcome that follows an op's effect is never that of another op with its id", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const [frame, outcome] = commit(server, connection, op);
  assert.deepEqual(settled(house.receive(frame)), ["op-1"]);
  const [again] = sent(house.submit("op-1", select("nest", "o2")));
  assert.deepEqual(settled(house.receive(outcome)), []);
  const refused = { type: "error", code: "op_id_reused", op_id: again.op_id, re: again.id, retryable: false };
  const [failed] = house.receive(refused).filter((each) => each.do === "fail");
  assert.equal(failed.error.code, "op_id_reused");
});

test("an outcome that is ahead of its effect waits for it", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const [frame, outcome] = commit(server, connection, op);
  const early = house.receive(outcome);
  assert.deepEqual(settled(early), []);
  assert.ok(early.some((each) => each.do === "expect"));
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual(settled(house.receive(frame)), ["op-1"]);
});

test("somebody else's change of the same category does not show before the own outcome", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const other = server.connect("other");
  other.joined = true;
  other.up.push({ type: "op", op_id: "x", id: "x", base_version: 0, operation: select("nest", "o9") });
  server.handle(other);
  for (const frame of connection.down.splice(0)) house.receive(frame);
  assert.deepEqual(house.view.selection.nest, { option: "o9" });
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  for (const frame of commit(server, connection, op)) house.receive(frame);
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
});

test("one op is on its way at a time, and it is sent again unchanged", () => {
  const { server, connection, house } = joined();
  const [first] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual(sent(house.submit("op-2", select("nest", "o2"))), []);
  assert.deepEqual(house.view.shown.nest, { option: "o2" });
  house.disconnected();
  const [join] = sent(house.connected());
  const [again] = commit(server, connection, join).flatMap((frame) => sent(house.receive(frame)));
  assert.deepEqual(again, first);
  const [second] = commit(server, connection, again).flatMap((frame) => sent(house.receive(frame)));
  assert.equal(second.op_id, "op-2");
  assert.equal(second.base_version, 1, "it was asked for by somebody who saw op-1");
});

test("an op that will never be carried out fails; one that is only too much at once waits", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = (code, retryable, more) => ({
    type: "error",
    re: "op-1",
    op_id: "op-1",
    code,
    message: { de: "", en: "" },
    retryable,
    ...more,
  });
  const waits = house.receive(refusal("too_many_requests", true, { retry_after_ms: 700 }));
  assert.deepEqual(waits[0], { do: "wait", tries: 0, atLeastMs: 700 });
  assert.ok(house.view.retrying);
  const [again] = sent(house.waited());
  assert.equal(again.op_id, "op-1");
  const [failed] = house.receive(refusal("read_only", false));
  assert.equal(failed.do, "fail");
  assert.ok(failed.error instanceof Refused);
  assert.deepEqual(house.view.pending, []);
  assert.deepEqual(house.view.shown, house.view.selection);
});

test("the effect that the server gave an op replaces the guess as soon as it arrives", () => {
  const { server, house } = joined();
  const [op] = sent(house.submit("op-1", { kind: "set_quantity", category: "nest", quantity: 14 }));
  assert.deepEqual(house.view.shown.nest, { option: "o0", quantity: 14 });
  server.log.push({ op_id: op.op_id, changes: [], selection: { nest: { option: "o0", quantity: 8 } }, author: "me" });
  house.receive(server.frame(1, true));
  assert.deepEqual(house.view.shown.nest, { option: "o0", quantity: 8 });
  assert.deepEqual(house.view.pending, []);
});

test("a pause that the server asked for outlives a connection, one of our own does not (CL9)", () => {
  const { server, connection, house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = {
    type: "error",
    re: "op-1",
    op_id: "op-1",
    code: "not_saved",
    message: { de: "", en: "" },
    retryable: true,
  };
  const again = () => {
    house.disconnected();
    const [join] = sent(house.connected());
    return sent(house.receive(server.snapshot(connection, join.id))).map((each) => each.op_id);
  };
  house.receive(refusal);
  assert.deepEqual(again(), ["op-1"]);
  house.receive({ ...refusal, retry_after_ms: 900 });
  assert.deepEqual([again(), house.waiting], [[], true]);
  assert.deepEqual(
    sent(house.waited()).map((each) => each.op_id),
    ["op-1"],
  );
});

test("the queue is bounded (CL10)", () => {
  const { house } = joined();
  house.disconnected();
  for (let n = 0; n < PENDING_MAX; n += 1) house.submit(`op-${n}`, select("nest", `o${n}`));
  assert.throws(() => house.submit("one more", select("nest", "o")), QueueFull);
});

test("an op that was never sent is withdrawn, one that was sent is not (CL14)", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  house.submit("op-2", select("nest", "o2"));
  house.submit("op-3", select("roof", "o3"));
  assert.equal(house.withdraw("op-1"), null, "it is on its way");
  assert.deepEqual(sent(house.withdraw("op-2")), []);
  assert.deepEqual(house.view.shown, { nest: { option: "o1" }, roof: { option: "o3" } });
  assert.deepEqual(
    house.view.pending.map((each) => each.op_id),
    ["op-1", "op-3"],
  );
  assert.equal(house.withdraw("op-2"), null, "it is not here any more");
  house.disconnected();
  assert.equal(house.withdraw("op-1"), null, "it may be stored");
  assert.notEqual(house.withdraw("op-3"), null);
  assert.deepEqual(
    house.view.pending.map((each) => each.op_id),
    ["op-1"],
  );
});
