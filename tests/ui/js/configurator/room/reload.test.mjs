// A page that loads again: what the tab kept, and what the new page goes on with.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { KEY, SEEN, Tab, newClock, opened, select } from "./tab.mjs";

beforeEach(newClock);

test("a reload goes on with the waiting ops, in order, but only for the same person (CL3)", () => {
  const { tab, server } = opened();
  const asked = ["a", "b", "c"].map((option) => tab.ask(select("nest", option)));
  tab.server.handle(tab.connection); // the first one is saved, the answer is lost
  tab.reload();
  assert.deepEqual(
    tab.state.pending.map((op) => op.op_id),
    asked,
  );
  tab.connect();
  tab.settle();
  assert.deepEqual(tab.logged, asked);
  tab.drop();
  tab.ask(select("nest", "d"));
  tab.name = "somebody else";
  tab.load();
  assert.deepEqual(tab.state.pending, []);
  assert.equal(server.version, 3);
});

test("a duplicated tab sends the same ops again, and each counts once (OP4)", () => {
  const { tab, server } = opened();
  tab.drop();
  const asked = ["a", "b"].map((option) => tab.ask(select("nest", option)));
  const twin = new Tab("me", server);
  for (const key of tab.storage.keys()) twin.storage.setItem(key, tab.storage.getItem(key));
  twin.load();
  twin.connect();
  twin.settle();
  tab.connect();
  tab.ask(select("nest", "c"));
  tab.settle();
  twin.settle();
  assert.deepEqual(tab.logged.slice(0, 2), asked);
  assert.equal(server.version, 3);
  for (const each of [tab, twin]) assert.deepEqual([each.state.pending, each.state.version], [[], 3]);
  for (const each of [tab, twin]) assert.deepEqual(each.storage.keys(), [SEEN]);
});

test("an op in an older form, kept by an earlier release, is sent as one (OP18)", () => {
  const { server, tab } = opened();
  tab.reload();
  const op = { op_id: "old", base_version: 7, guarded: false, operation: select("nest", "a"), since: 1, person: "me" };
  tab.storage.setItem(KEY, JSON.stringify([op]));
  tab.load();
  assert.deepEqual(tab.shown.nest, { option: "a" });
  tab.connect();
  tab.settle();
  assert.deepEqual(
    server.log.map((each) => each.op_id),
    ["old"],
  );
  assert.deepEqual(tab.state.pending, []);
});

test("after a reload the latest changes are known, with author and time (A15)", () => {
  const { tab, server } = opened();
  const other = new Tab("other", server);
  other.connect();
  other.settle();
  for (let n = 0; n < 14; n += 1) {
    const who = n % 2 ? tab : other;
    who.ask(select("nest", `o${n}`));
    for (const each of [who, tab, other]) each.settle();
  }
  const listed = () =>
    tab.state.changes.map(({ version, mine, author, changes }) => [
      version,
      mine,
      author.name,
      changes[0].after.option,
    ]);
  const before = listed();
  assert.equal(before.length, 14);
  tab.reload();
  assert.deepEqual(listed(), []);
  tab.connect();
  tab.settle();
  assert.deepEqual(listed(), before.slice(0, 10));
  tab.drop();
  tab.connect();
  assert.deepEqual(tab.lost()[0].since.version, 14, "asked for once");
});

test("the page is loaded again only after some codes, and not before the time that the server named", () => {
  const { tab } = opened();
  const reloads = [];
  tab.reloads = (afterMs) => reloads.push(afterMs);
  for (const code of ["slow_reader", "client_too_old", "flooding"]) {
    tab.take({ type: "error", code, message: { de: "", en: "" }, retryable: true, retry_after_ms: 700 });
  }
  assert.deepEqual(reloads, [700, 700, 700]);
});
