// The ops that an earlier client left, which may have sent them.
import assert from "node:assert/strict";
import test from "node:test";
import { HouseState } from "../../dist/index.js";
import { SimulatedServer } from "../simulated.mjs";
import { commit, joined, select, sent } from "./house.mjs";

test("ops of an earlier client are sent again as they were", () => {
  const house = new HouseState("h", "CODE", [
    { op_id: "old", base_version: 0, operation: select("nest", "o5"), guarded: true },
  ]);
  const server = new SimulatedServer(() => 0.5);
  const connection = server.connect("me");
  const [join] = sent(house.connected());
  const [op] = sent(house.receive(server.snapshot(connection, join.id)));
  assert.deepEqual([op.op_id, op.base_version, op.guarded], ["old", 0, true]);
});

test("an op of an earlier client may have been sent: it is not withdrawn, and stays unchanged", () => {
  const { server, connection } = joined();
  const left = { op_id: "op-1", base_version: 0, operation: select("nest", "o1"), guarded: true };
  const house = new HouseState("h", "CODE", [left]);
  assert.equal(house.withdraw("op-1"), null);
  const [join] = sent(house.connected());
  const [op] = sent(house.receive(server.snapshot(connection, join.id)));
  assert.deepEqual([op.op_id, op.base_version], ["op-1", 0]);
});

test("ops of an earlier client are shown from the first snapshot on (CL7)", () => {
  const { server, connection } = joined();
  const left = [
    { op_id: "op-1", base_version: 0, operation: select("nest", "o1"), guarded: false },
    {
      op_id: "op-2",
      base_version: 0,
      operation: { kind: "set_quantity", category: "nest", quantity: 4 },
      guarded: false,
    },
  ];
  const house = new HouseState("h", "CODE", left);
  const [join] = sent(house.connected());
  const [op] = sent(house.receive(server.snapshot(connection, join.id)));
  assert.equal(op.op_id, "op-1");
  assert.deepEqual(house.view.shown.nest, { option: "o1", quantity: 4 });
  assert.deepEqual(house.view.asked, { nest: { option: "o1", quantity: 4 } });
});

test("an op without an epoch was kept by an older release: only a guard means its version (OP18)", () => {
  const { server, connection } = joined();
  const left = ["plain", "guarded"].map((op_id) => {
    return { op_id, base_version: 9, operation: select("nest", op_id), guarded: op_id === "guarded" };
  });
  const house = new HouseState("h", "CODE", left);
  const [join] = sent(house.connected());
  const [plain] = sent(house.receive(server.snapshot(connection, join.id)));
  const [guarded] = commit(server, connection, plain).flatMap((frame) => sent(house.receive(frame)));
  assert.deepEqual([plain.base_version, guarded.base_version], [0, 9]);
});
