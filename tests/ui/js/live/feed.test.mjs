import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, createFeed, KEPT } from "../../../../ui/assets/js/live/feed.js";

const event = (n, more = {}) => ({
  event_id: `e${n}`,
  stream_id: `${n}-0`,
  at: new Date(1e12 + n * 1000).toISOString(),
  event_type: "click",
  category: "nest",
  session: "s",
  ...more,
});
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
const all = { text: "", type: "", category: "", session: "" };
const ids = (entries) => entries.map((e) => Number(e.id.slice(1)));

// A server that keeps a stream, as the real one does for one page.
function opened() {
  const asked = [];
  const stream = [];
  const feed = createFeed((x) => x, { ask: (message) => asked.push(message) });
  let told = null;
  const send = (entries, more = {}) => {
    const frame = { entries, skipped: 0, gap: false, since: told, last_id: entries.at(-1)?.stream_id ?? told, ...more };
    told = frame.last_id;
    return frame;
  };
  return {
    feed,
    asked,
    add: (...entries) => stream.push(...entries),
    say: (entries) => (stream.push(...entries), feed.receive(send(entries))),
    lose: (entries) => (stream.push(...entries), send(entries)),
    follow() {
      const { after } = asked.findLast((m) => m.type === "follow");
      told = after;
      feed.receive(send(stream.slice(stream.findIndex((e) => e.stream_id === after) + 1)));
    },
  };
}

test("entries are listed newest first, each once", () => {
  const { feed, say } = opened();
  say(range(1, 3));
  say([event(3), event(4)]);
  assert.deepEqual(ids(feed.filtered(all)), [4, 3, 2, 1]);
});

test("a late entry is sorted in by its time, also under a filter", () => {
  const { feed, say } = opened();
  say([event(1), event(4)]);
  feed.add([event(3, { event_type: "system" })]);
  say([event(2), event(5)]);
  assert.deepEqual(ids(feed.filtered(all)), [5, 4, 3, 2, 1]);
  assert.deepEqual(ids(feed.filtered({ ...all, type: "click" })), [5, 4, 2, 1]);
});

test("a pause stops the server; after it the entries follow from the last one received (CL13)", () => {
  const world = opened();
  const { feed, asked } = world;
  world.say(range(1, 2));
  feed.pause(true);
  assert.deepEqual(asked, [{ type: "pause" }]);
  world.add(...range(3, 9));
  feed.state.missed = 7;
  assert.equal(feed.held(), 7);
  feed.pause(false);
  assert.deepEqual(asked.at(-1), { type: "follow", after: "2-0" });
  world.follow();
  assert.deepEqual(ids(feed.filtered(all)), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.equal(feed.held(), 0);
});

test("a frame that does not begin where we are is asked for again, once", () => {
  const world = opened();
  const { feed, asked } = world;
  world.say(range(1, 2));
  world.lose(range(3, 4));
  world.say([event(5)]);
  world.say([event(6)]);
  assert.deepEqual(asked, [{ type: "follow", after: "2-0" }]);
  assert.deepEqual(ids(feed.filtered(all)), [2, 1]);
  world.follow();
  world.say([event(7)]);
  assert.deepEqual(ids(feed.filtered(all)), [7, 6, 5, 4, 3, 2, 1]);
});

test("a new socket asks for the entries that it may have missed, and none comes twice (CL13)", () => {
  const world = opened();
  world.say(range(1, 3));
  world.lose([event(4)]);
  world.feed.reconnected();
  world.follow();
  assert.deepEqual(ids(world.feed.filtered(all)), [4, 3, 2, 1]);
});

test("a page without entries also reports its new socket, because another process waits for that", () => {
  const { feed, asked } = opened();
  feed.reconnected();
  assert.deepEqual(asked, [{ type: "follow", after: null }]);
});

test("while somebody reads, entries wait; when they are too many, the server keeps them", () => {
  const world = opened();
  const { feed, asked } = world;
  world.say([event(1)]);
  feed.hold(true);
  for (let n = 2; n < KEPT + 100; n += 100) world.say(range(n, n + 99));
  assert.ok(feed.state.waiting.length <= KEPT && feed.state.behind);
  assert.deepEqual(asked, [{ type: "pause" }]);
  assert.deepEqual(ids(feed.filtered(all)), [1]);
  const here = feed.state.waiting.length + 1;
  feed.hold(false);
  assert.deepEqual(asked.at(-1), { type: "follow", after: `${here}-0` });
  world.follow();
  assert.equal(feed.state.entries.length, KEPT);
  assert.equal(ids(feed.state.entries)[0], KEPT + 101);
  assert.equal(feed.state.skipped, 0);
});

test("history continues before the oldest entry in the window, under the same filters", () => {
  const { feed, asked, say } = opened();
  const uuid = "01a214fc-8353-7f51-98ba-558509cef45b";
  say([event(100, { event_id: uuid }), event(101)]);
  const wish = { ...all, type: "click" };
  feed.older(wish);
  feed.older(wish);
  assert.deepEqual(asked, [
    { type: "history", re: 1, before: new Date(1e12 + 100_000).toISOString(), before_id: uuid, wish },
  ]);
  feed.answered({ re: 1, entries: [...range(98, 99).reverse(), event(101)] });
  assert.deepEqual(
    feed.filtered(wish).map((e) => e.id),
    ["e101", uuid, "e99", "e98"],
  );
  assert.equal(feed.state.history, "done");
  feed.searched();
  feed.older(all);
  feed.answered({ re: 1, entries: range(1, 2) }); // an answer to a question of before
  assert.deepEqual([feed.state.past, feed.state.history], [[], "busy"]);
  feed.answered({ re: feed.state.history === "busy" ? asked.at(-1).re : 0, entries: null });
  assert.equal(feed.state.history, "away");
});

test("entries that were left out are in the history, between those in the window", () => {
  const { feed, asked, say } = opened();
  say(range(1, 2));
  feed.receive({ entries: range(8, 9), skipped: 5, since: "2-0", last_id: "9-0" });
  assert.equal(feed.state.skipped, 5);
  feed.older(all);
  assert.equal(asked.at(-1).before, new Date(1e12 + 8000).toISOString());
  feed.answered({ re: asked.at(-1).re, entries: range(1, 7).reverse() });
  assert.deepEqual(ids(feed.filtered(all)), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test("everything that strangers sent is shown as text", () => {
  const { feed, say } = opened();
  say([
    { event_id: 1, category: { toString: 1 }, value: null },
    "x",
    null,
    7,
    { ...event(2), total_cents: "<b>", change_cents: -5 },
  ]);
  const shown = feed.filtered(all);
  assert.equal(shown.length, 5);
  assert.ok(shown.every((e) => typeof e.category === "string" && typeof e.id === "string"));
  const { total, change } = shown.find((e) => e.id === "e2");
  assert.deepEqual([total, change], [null, -5]);
});

test("an erased session leaves no entry, neither shown nor waiting", () => {
  const { feed, say } = opened();
  say([event(1, { session_id: "a", session: "client_1" }), event(2, { session_id: "b" })]);
  feed.hold(true);
  say([event(3, { session_id: "a", session: "client_1" })]);
  assert.deepEqual([...feed.forget(["a"])], ["client_1"]);
  assert.deepEqual(feed.state.waiting, []);
  assert.deepEqual(ids(feed.filtered(all)), [2]);
});

test("the code of a house is found in every spelling (JN1)", () => {
  const { feed, say } = opened();
  say([event(1, { code: "A316TF58" }), event(2, { code: "S45HE9XS" })]);
  for (const text of ["a316tf58", "A3I6-TF58", "a3l6 tf58", "A316\u2013TF58"]) {
    assert.equal(codeOf(text), "A316TF58");
    assert.deepEqual(ids(feed.filtered({ ...all, text })), [1]);
  }
  for (const none of ["", "A316TF5", "A316TF588", "\u0410316TF58"]) assert.equal(codeOf(none), "");
});
