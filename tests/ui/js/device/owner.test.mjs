// Things that a browser kept for a person are removed when another person, or nobody, uses it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isForgotten, settle } from "../../../../ui/assets/js/device/owner.js";
import { Storage } from "../world.mjs";

function annas() {
  const [local, session] = [new Storage(), new Storage()];
  settle("anna", [local, session]);
  session.setItem("nest-pending-house", JSON.stringify([{ op_id: "1" }, { op_id: "2" }]));
  session.setItem("nest-typed-name", "Anna Leitner");
  local.setItem("nest-inquiry:house:anna", JSON.stringify({ id: "3", name: "Anna", email: "", message: "", at: 1 }));
  return [local, session];
}

test("things of the same person stay", () => {
  const [local, session] = annas();
  assert.deepEqual(settle("anna", [local, session]), { removed: false, unsent: 0 });
  assert.equal(local.length, 2);
  assert.equal(session.length, 3);
});

test("nothing of a forgotten person stays, and the number of unsent things is returned", () => {
  const [local, session] = annas();
  assert.deepEqual(settle("", [local, session]), { removed: true, unsent: 3 });
  assert.equal(local.length + session.length, 0);
  assert.deepEqual(settle("", [local, session]), { removed: false, unsent: 0 });
});

test("another person begins with nothing", () => {
  const [local, session] = annas();
  assert.deepEqual(settle("bert", [local, session]), { removed: true, unsent: 3 });
  assert.deepEqual([...local.keys(), ...session.keys()], ["nest-owner", "nest-owner"]);
  assert.deepEqual(settle("bert", [local, session]), { removed: false, unsent: 0 });
});

test("a tab removes its own part after another one removed what they share", () => {
  const [, session] = annas();
  const local = new Storage();
  settle("bert", [local, new Storage()]);
  local.setItem("nest-inquiry:house:bert", JSON.stringify({ id: "4", name: "Bert", email: "", message: "", at: 1 }));
  assert.deepEqual(settle("bert", [local, session]), { removed: true, unsent: 2 });
  assert.deepEqual([local.length, session.length], [2, 1]);
});

test("a page hears that its person is gone", () => {
  for (const newValue of [null, "bert"]) assert.ok(isForgotten({ key: "nest-owner", newValue }, "anna"));
  assert.ok(!isForgotten({ key: "nest-owner", newValue: "anna" }, "anna"));
  assert.ok(!isForgotten({ key: "nest-inquiry:house:anna", newValue: null }, "anna"));
});

test("keys of other programs are left alone, and a storage may be missing", () => {
  const session = new Storage();
  session.setItem("nest-referrer", "https://example.org");
  assert.deepEqual(settle("", [null, session]), { removed: false, unsent: 0 });
  assert.equal(session.length, 1);
});
