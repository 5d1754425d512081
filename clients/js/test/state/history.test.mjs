// The versions of the house: missing ones, another history after a restore, and messages of a newer server.
import assert from "node:assert/strict";
import test from "node:test";
import { HouseState } from "../../dist/index.js";
import { commit, joined, select, sent } from "./house.mjs";

test("a restored house says so, and ops name the epoch in which they were asked for (CL15, OP20)", () => {
  const { server, connection, house } = joined();
  assert.equal(house.view.restored, null);
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual([op.epoch, op.base_version], ["epoch-1", 0]);
  server.restore(0);
  house.receive({ ...server.snapshot(connection, null), restored_to: "2026-11-03T10:00:00Z" });
  assert.deepEqual(house.view.restored, { to: "2026-11-03T10:00:00Z" });
  assert.deepEqual(
    house.view.pending.map((each) => each.epoch),
    ["epoch-1"],
  );
  const [frame] = commit(server, connection, op);
  house.receive(frame);
  assert.deepEqual(house.view.selection.nest, { option: "o1" });
});

test("a house that comes with another epoch than an earlier client saw was restored (CL15)", () => {
  const { server, connection } = joined();
  const left = { op_id: "op-1", base_version: 3, epoch: "epoch-0", operation: select("nest", "o1"), guarded: false };
  const restored = (pending, recollection) => {
    const house = new HouseState("h", "CODE", pending, recollection);
    house.receive(server.snapshot(connection, null));
    return house.view.restored;
  };
  assert.deepEqual(restored([], { epoch: "epoch-0" }), { to: null });
  assert.deepEqual(restored([left], {}), { to: null }, "an op names the epoch in which it was asked for");
  assert.equal(restored([left], { epoch: "epoch-1" }), null, "it was said already");
  assert.equal(restored([], {}), null);
});

test("a gap and a newer position each ask for what is missing, once", () => {
  const { server, connection, house } = joined();
  const other = server.connect("other");
  other.joined = true;
  for (const option of ["a", "b"]) {
    other.up.push({ type: "op", op_id: option, id: option, base_version: 0, operation: select("nest", option) });
    server.handle(other);
  }
  connection.down.length = 0;
  const [join] = sent(house.receive(server.frame(2, true)));
  assert.deepEqual(join.since, { epoch: "epoch-1", version: 0 });
  assert.equal(house.view.version, 0);
  const position = { type: "position", configuration: "house", epoch: "epoch-1", version: 2 };
  assert.deepEqual(sent(house.receive(position)), []);
  for (const frame of commit(server, connection, join)) house.receive(frame);
  assert.equal(house.view.version, 2);
  assert.deepEqual(sent(house.receive(position)), []);
});

test("a gap that is found during a pause is closed after it", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = { type: "error", re: "op-1", op_id: "op-1", message: { de: "", en: "" }, retryable: true };
  house.receive({ ...refusal, code: "too_many_requests" });
  const position = { type: "position", configuration: "house", epoch: "epoch-1", version: 3 };
  assert.deepEqual(sent(house.receive(position)), []);
  assert.deepEqual(
    sent(house.waited()).map((each) => each.type),
    ["join"],
  );
});

test("an op of another history is not applied, whatever its number", () => {
  const { server, house } = joined();
  server.log.push({ op_id: "x", changes: [], selection: { nest: { option: "o1" } }, author: "o" });
  const [join] = sent(house.receive({ ...server.frame(1, true), epoch: "epoch-0" }));
  assert.equal(join.type, "join");
  assert.equal(house.view.version, 0);
});

test("an op without the whole state is applied by its changes", () => {
  const { server, house } = joined();
  const gone = { category: "nest", before: { option: "o0" }, after: null, cause: "asked" };
  const come = { category: "shell", before: null, after: { option: "s1" }, cause: "asked" };
  server.log.push({ op_id: "x", changes: [gone, come], selection: {}, author: "o" });
  house.receive(server.frame(1, false));
  assert.deepEqual(house.view.selection, { shell: { option: "s1" } });
  assert.equal(house.view.totalCents, 1);
});

test("the first join asks for known versions, which are reported and not applied again (CL1)", () => {
  const { server, connection } = joined();
  for (const option of ["a", "b", "c"]) {
    connection.up.push({ type: "op", op_id: option, id: option, base_version: 0, operation: select("nest", option) });
    server.handle(connection);
  }
  connection.down.length = 0;
  const house = new HouseState("h", "house", [], { recall: 2 });
  house.receive(server.snapshot(connection, null));
  const [join] = sent(house.connected());
  assert.deepEqual(join.since, { epoch: "epoch-1", version: 1 });
  connection.up.push(join);
  server.handle(connection);
  const told = house.receive(connection.down.shift());
  assert.deepEqual(
    told.filter((each) => each.do === "known").map((each) => each.op.version),
    [2, 3],
  );
  assert.ok(told.every((each) => each.do !== "applied"));
  house.disconnected();
  assert.equal(sent(house.connected())[0].since.version, 3, "asked for once");
});

test("unknown types and fields are ignored (CL6)", () => {
  const { server, house } = joined();
  const before = house.view;
  assert.deepEqual(house.receive({ type: "confetti", configuration: "house" }), []);
  assert.equal(house.view, before);
  server.log.push({ op_id: "x", changes: [], selection: { nest: { option: "o1", glow: 1 } }, author: "o" });
  house.receive({ ...server.frame(1, true), sparkle: true });
  assert.equal(house.view.selection.nest.option, "o1");
});
