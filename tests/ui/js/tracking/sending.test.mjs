// Sending the events of a tab: their waits, their retries, and the bounds of the queue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfterMs } from "../../../../ui/assets/js/shared/retry.js";
import {
  createQueue,
  createSender,
  EVENTS_MAX,
  QUEUE_BYTES_MAX,
  URL_TRACK,
} from "../../../../ui/assets/js/tracking/track.js";
import { opened, pass, startClock } from "./tracked.mjs";
import { Storage } from "../world.mjs";

startClock();

test("events wait a second and go together, in order, numbered from 1", async () => {
  const { server, tracker, browser } = await opened();
  tracker.track("click", "nest", { elementId: "nest80", previousValue: undefined });
  tracker.track("hover", "nest");
  await pass(900);
  assert.equal(server.batches.length, 0);
  await pass(200);
  const [batch] = server.batches;
  assert.deepEqual(
    batch.interactions.map((e) => [e.seq, e.interaction.eventType]),
    [
      [1, "click"],
      [2, "hover"],
    ],
  );
  assert.deepEqual(batch.visit, { language: "de-AT" });
  assert.equal(batch.sessionId, "s1");
  assert.ok(Number.isInteger(batch.tab));
  assert.equal(batch.sentAt, Date.now());
  assert.ok(!("previousValue" in batch.interactions[0].interaction));
  assert.deepEqual(browser.storage.keys(), []);
});

test("fifty events do not wait", async () => {
  const { server, tracker } = await opened();
  for (let i = 0; i < 50; i += 1) tracker.track("click", "nest");
  await pass(1);
  assert.equal(server.events.length, 50);
});

test("a server that is away gets everything later, in order, with the same ids", async () => {
  const { server, tracker } = await opened();
  server.answers = ["down", 503, [429, "20"]];
  for (let i = 0; i < 5; i += 1) tracker.track("click", `c${i}`);
  await pass(1000);
  await pass(500); // half of a second
  await pass(1000); // half of two
  tracker.track("click", "c5");
  await pass(19_000); // Retry-After holds, also for what came after
  assert.equal(server.events.length, 0);
  await pass(4_000);
  assert.deepEqual(
    server.events.map((e) => e.interaction.category),
    ["c0", "c1", "c2", "c3", "c4", "c5"],
  );
  assert.equal(new Set(server.events.map((e) => e.eventId)).size, 6);
});

test("one event that is refused does not take the others with it", async () => {
  const { server, tracker } = await opened();
  server.refuses = (body) => body.interactions.some((e) => e.interaction.category === "bad");
  for (const category of ["a", "b", "bad", "c", "d"]) tracker.track("click", category);
  await pass(1000);
  assert.deepEqual(
    server.events.map((e) => e.interaction.category),
    ["a", "b", "c", "d"],
  );
  assert.deepEqual(
    server.events.map((e) => e.seq),
    [1, 2, 4, 5],
  );
  assert.equal(tracker.waiting(), 0);
});

test("a full queue keeps the oldest events, and those that did not fit leave a gap in the numbers", async () => {
  const { server, tracker } = await opened();
  server.answers = ["down"];
  for (let i = 0; i < EVENTS_MAX + 3; i += 1) tracker.track("click", "nest");
  assert.equal(tracker.waiting(), EVENTS_MAX);
  await pass(1000);
  for (let i = 0; i < 30; i += 1) await pass(1000);
  tracker.track("click", "nest");
  await pass(1000);
  const seqs = server.events.map((e) => e.seq);
  assert.equal(seqs.length, EVENTS_MAX + 1);
  assert.deepEqual(seqs.slice(-2), [EVENTS_MAX, EVENTS_MAX + 4]);
  assert.ok(server.batches.every((b) => b.interactions.length <= 500 && JSON.stringify(b).length < 512_000));
});

test("a queue is bounded in bytes too", () => {
  const queue = createQueue({ key: "k", storage: new Storage() });
  const event = (n) => ({
    sessionId: "s",
    eventId: String(n),
    seq: n,
    interaction: { props: { text: "ü".repeat(5000) } },
  });
  let taken = 0;
  while (queue.push(event(taken))) taken += 1;
  assert.ok(taken * 10_000 <= QUEUE_BYTES_MAX && taken > 90);
});

test("waiting is random below a ceiling that grows, and at least as long as asked", async () => {
  const fetch = async () => {
    throw new TypeError("no network");
  };
  const queue = { length: 1, batch: () => [{ sessionId: "s", eventId: "e", seq: 1, interaction: {} }], settle() {} };
  const sender = createSender({ fetch, visit: () => ({}), random: () => 1 });
  const waits = [];
  for (let i = 0; i < 8; i += 1) waits.push(await sender.deliver(1, queue, { allowed: () => true }));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(retryAfterMs("3"), 3000);
  assert.equal(retryAfterMs("Wed, 25 Nov 2026 00:00:10 GMT", Date.UTC(2026, 10, 25)), 10_000);
  assert.equal(retryAfterMs("soon"), 0);
});

test("on leaving, the browser gets everything in pieces that it takes", async () => {
  const { tracker, beacons, server } = await opened();
  server.answers = Array(99).fill("down");
  for (let i = 0; i < 400; i += 1) tracker.track("click", "nest", { props: { text: "x".repeat(300) } });
  tracker.leave();
  assert.ok(beacons.length > 2);
  assert.ok(
    beacons.every(({ url, blob }) => url === URL_TRACK && blob.size <= 64_000 && blob.type === "application/json"),
  );
  const seqs = (
    await Promise.all(beacons.map(async ({ blob }) => JSON.parse(await blob.text()).interactions.map((e) => e.seq)))
  ).flat();
  assert.deepEqual(
    seqs,
    Array.from({ length: 400 }, (_, i) => i + 1),
  );
});
