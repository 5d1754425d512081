// The tabs of one browser: each has a number and a queue of its own, and takes over what a closed one left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTabs } from "../../../../ui/assets/js/tracking/tabs.js";
import { opened, pass, startClock } from "./tracked.mjs";
import { Storage } from "../world.mjs";

startClock();

test("a reload goes on with its queue and its numbers", async () => {
  const first = await opened();
  first.server.answers = ["down"];
  first.tracker.track("click", "nest");
  await pass(1000);
  first.tab.close();
  const again = await opened({ browser: first.browser, tab: first.browser.tab(first.tab.session) });
  again.tracker.track("click", "fenster");
  await pass(1000);
  assert.deepEqual(
    again.server.events.map((e) => e.seq),
    [1, 2],
  );
});

test("a duplicated tab takes a number of its own", async () => {
  const first = await opened();
  const copied = new Storage();
  for (const key of first.tab.session.keys()) copied.setItem(key, first.tab.session.getItem(key));
  const second = await opened({
    browser: first.browser,
    server: first.server,
    tab: first.browser.tab(copied),
    random: () => 0.9,
  });
  first.tracker.track("click", "nest");
  second.tracker.track("click", "nest");
  await pass(1000);
  const [one, two] = first.server.batches;
  assert.notEqual(one.tab, two.tab);
  assert.deepEqual([one.interactions[0].seq, two.interactions[0].seq], [1, 1]);
});

test("another tab sends the events that a closed tab left, under its number, but not those of an open tab", async () => {
  const { browser, tab, tracker, server } = await opened({ random: () => 0.1 });
  server.answers = Array(9).fill("down");
  tracker.track("click", "left");
  await pass(1000);
  const other = await opened({ browser, random: () => 0.9 });
  await pass(30_000);
  assert.equal(other.server.events.length, 0); // still alive
  server.answers = Array(999).fill("down");
  tab.close();
  await pass(30_000);
  assert.deepEqual(
    other.server.events.map((e) => e.interaction.category),
    ["left"],
  );
  assert.equal(other.server.batches[0].tab, Math.floor(0.1 * 32_768));
});

test("without locks a heartbeat says who is alive", async () => {
  const storage = new Storage();
  const tabs = (session) => createTabs({ storage, session, prefix: "p", random: () => 0.25, every: () => {} });
  const one = tabs(new Storage());
  const { tab } = await one.claim();
  assert.equal(await tabs(new Storage()).owning(tab, () => assert.fail("it is alive")), false);
  await pass(21_000);
  let worked = false;
  assert.equal(await tabs(new Storage()).owning(tab, () => (worked = true)), true);
  assert.ok(worked);
});
