// The members of the house, their roles, and the end of a membership.
import assert from "node:assert/strict";
import test from "node:test";
import { HouseEnded } from "../../dist/index.js";
import { commit, joined, select, sent } from "./house.mjs";

test("a client that is not in the house any more, or behind it, joins again and sends its ops again", () => {
  const { server, connection, house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = { type: "error", re: "op-1", op_id: "op-1", message: { de: "", en: "" }, retryable: false };
  const enter = ([join]) => {
    assert.equal(join.type, "join");
    return sent(house.receive(server.snapshot(connection, join.id)));
  };
  assert.equal(house.receive({ ...refusal, code: "not_joined" })[0].do, "wait");
  assert.equal(enter(sent(house.waited()))[0].op_id, "op-1");
  assert.equal(enter(sent(house.receive({ ...refusal, code: "version_unknown" })))[0].op_id, "op-1");
  const [failed] = house.receive({ ...refusal, code: "version_unknown" });
  assert.equal(failed.do, "fail", "twice behind: this version is of a history that is gone");
});

test("an op that is refused because access has ended ends the house, once for all ops (CL11)", () => {
  for (const code of ["access_revoked", "not_found", "not_authenticated"]) {
    const { house } = joined();
    house.submit("op-1", select("nest", "o1"));
    house.submit("op-2", select("nest", "o2"));
    const refusal = {
      type: "error",
      re: "op-1",
      op_id: "op-1",
      code,
      message: { de: "Aus", en: "Over" },
      retryable: false,
    };
    const failed = house.receive(refusal).filter((each) => each.do === "fail");
    assert.deepEqual(
      failed.map((each) => each.op.op_id),
      ["op-1", "op-2"],
    );
    const { ended } = house.view;
    assert.ok(ended instanceof HouseEnded && failed.every((each) => each.error === ended));
    assert.deepEqual([ended.code, ended.opIds, ended.refused.text.en], [code, ["op-1", "op-2"], "Over"]);
  }
});

test("the end of access is reported, with every op that is left", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const effects = house.receive({ type: "left", configuration: "house", code: "access_revoked" });
  const [fail] = effects.filter((each) => each.do === "fail");
  assert.ok(fail.error instanceof HouseEnded);
  assert.deepEqual(fail.error.opIds, ["op-1"]);
  assert.equal(fail.error.code, "access_revoked");
  assert.throws(() => house.submit("op-2", select("nest", "o2")), HouseEnded);
});

test("a role that changes during the visit is shown", () => {
  const { house } = joined();
  const member = { connection: "c", person: "me", name: "", initials: "", colour: 0, role: "viewer" };
  house.receive({ type: "presence", configuration: "house", members: [member], member_count: 1 });
  assert.equal(house.view.you.role, "viewer");
});

test("can_undo and can_redo follow from the reader's own ops, outcomes and answers", () => {
  const { server, connection, house } = joined();
  const can = () => [house.view.you.can_undo, house.view.you.can_redo];
  assert.deepEqual(can(), [null, null]);
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const [frame, outcome] = commit(server, connection, op);
  house.receive(frame);
  assert.deepEqual(can(), [true, false], "an own op says so before its outcome");
  house.receive({ ...outcome, can_undo: true, can_redo: true });
  assert.deepEqual(can(), [true, true]);
  const elsewhere = { ...frame, op_id: "x", version: 2, operation_kind: "undo" };
  house.receive({ ...elsewhere, author: { ...frame.author, id: "other" } });
  assert.deepEqual(can(), [true, true], "somebody else's op says nothing");
  house.submit("op-2", { kind: "undo" });
  const reasons = [{ code: "nothing_to_undo", text: { de: "", en: "" } }];
  house.receive({ ...outcome, op_id: "op-2", outcome: "rejected", version: 2, reasons });
  assert.deepEqual(can(), [false, true]);
  house.receive({ ...elsewhere, version: 3, operation_kind: "redo" });
  assert.deepEqual(can(), [true, true], "this person did it in another tab");
  server.restore(0);
  house.receive(server.snapshot(connection, null));
  assert.deepEqual(can(), [null, null], "that was another history");
});
