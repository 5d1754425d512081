import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { decision, mayMeasure } from "../../../ui/assets/js/consent.js";
import { createMeasure } from "../../../ui/assets/js/measure.js";
import { referrerOf } from "../../../ui/assets/js/referrer.js";
import { createTabs } from "../../../ui/assets/js/tabs.js";
import { createQueue, createSender, createTracker, EVENTS_MAX, QUEUE_BYTES_MAX, URL_TRACK } from "../../../ui/assets/js/track.js";
import { retryAfterMs } from "../../../ui/assets/js/patience.js";
import { createDelays, createShifts, rating } from "../../../ui/assets/js/vitals.js";
import { Browser, Server, Storage } from "./world.mjs";

mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.UTC(2026, 10, 25) });
const settled = async () => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
};
const pass = async (ms) => {
  mock.timers.tick(ms);
  await settled();
};

async function opened({ browser = new Browser(), server = new Server(), tab = browser.tab(), random = () => 0.5, ...more } = {}) {
  const beacons = [];
  const tracker = createTracker(() => "s1", {
    storage: browser.storage,
    session: tab.session,
    locks: tab.locks,
    fetch: server.fetch,
    beacon: (url, blob) => (beacons.push({ url, blob }), true),
    visit: () => ({ language: "de-AT" }),
    device: () => ({ type: "desktop" }),
    random,
    ...more,
  });
  await tracker.ready;
  return { browser, server, tab, tracker, beacons };
}

test("events wait a second and go together, in order, numbered from 1", async () => {
  const { server, tracker, browser } = await opened();
  tracker.track("click", "nest", { elementId: "nest80", previousValue: undefined });
  tracker.track("hover", "nest");
  await pass(900);
  assert.equal(server.batches.length, 0);
  await pass(200);
  const [batch] = server.batches;
  assert.deepEqual(batch.interactions.map((e) => [e.seq, e.interaction.eventType]), [[1, "click"], [2, "hover"]]);
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
  assert.deepEqual(server.events.map((e) => e.interaction.category), ["c0", "c1", "c2", "c3", "c4", "c5"]);
  assert.equal(new Set(server.events.map((e) => e.eventId)).size, 6);
});

test("one event that is refused does not take the others with it", async () => {
  const { server, tracker } = await opened();
  server.refuses = (body) => body.interactions.some((e) => e.interaction.category === "bad");
  for (const category of ["a", "b", "bad", "c", "d"]) tracker.track("click", category);
  await pass(1000);
  assert.deepEqual(server.events.map((e) => e.interaction.category), ["a", "b", "c", "d"]);
  assert.deepEqual(server.events.map((e) => e.seq), [1, 2, 4, 5]);
  assert.equal(tracker.waiting(), 0);
});

test("a full queue keeps the oldest, and what found no room leaves a gap in the numbers", async () => {
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
  const event = (n) => ({ sessionId: "s", eventId: String(n), seq: n, interaction: { props: { text: "ü".repeat(5000) } } });
  let taken = 0;
  while (queue.push(event(taken))) taken += 1;
  assert.ok(taken * 10_000 <= QUEUE_BYTES_MAX && taken > 90);
});

test("a reload goes on with its queue and its numbers", async () => {
  const first = await opened();
  first.server.answers = ["down"];
  first.tracker.track("click", "nest");
  await pass(1000);
  first.tab.close();
  const again = await opened({ browser: first.browser, tab: first.browser.tab(first.tab.session) });
  again.tracker.track("click", "fenster");
  await pass(1000);
  assert.deepEqual(again.server.events.map((e) => e.seq), [1, 2]);
});

test("a duplicated tab takes a number of its own", async () => {
  const first = await opened();
  const copied = new Storage();
  for (const key of first.tab.session.keys()) copied.setItem(key, first.tab.session.getItem(key));
  const second = await opened({ browser: first.browser, server: first.server, tab: first.browser.tab(copied), random: () => 0.9 });
  first.tracker.track("click", "nest");
  second.tracker.track("click", "nest");
  await pass(1000);
  const [one, two] = first.server.batches;
  assert.notEqual(one.tab, two.tab);
  assert.deepEqual([one.interactions[0].seq, two.interactions[0].seq], [1, 1]);
});

test("what a closed tab left behind is sent by another, under its number; a living tab's is not", async () => {
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
  assert.deepEqual(other.server.events.map((e) => e.interaction.category), ["left"]);
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

test("on leaving, the browser gets everything in pieces that it takes", async () => {
  const { tracker, beacons, server } = await opened();
  server.answers = Array(99).fill("down");
  for (let i = 0; i < 400; i += 1) tracker.track("click", "nest", { props: { text: "x".repeat(300) } });
  tracker.leave();
  assert.ok(beacons.length > 2);
  assert.ok(beacons.every(({ url, blob }) => url === URL_TRACK && blob.size <= 64_000 && blob.type === "application/json"));
  const seqs = (await Promise.all(beacons.map(async ({ blob }) => JSON.parse(await blob.text()).interactions.map((e) => e.seq)))).flat();
  assert.deepEqual(seqs, Array.from({ length: 400 }, (_, i) => i + 1));
});

test("who does not want to be measured sends nothing and keeps nothing", async () => {
  const browser = new Browser();
  browser.storage.setItem("nest-track:7", '{"events":[]}');
  let allowed = false;
  const { tracker, server, beacons, tab } = await opened({ browser, allowed: () => allowed });
  tracker.track("click", "nest");
  tracker.leave();
  await pass(60_000);
  assert.deepEqual([server.batches, beacons, browser.storage.keys(), tab.session.keys()], [[], [], [], []]);
  allowed = true;
  await tracker.decided();
  tracker.track("click", "nest");
  await pass(1000);
  assert.equal(server.events.length, 1);
  server.answers = ["down"];
  tracker.track("click", "nest");
  await pass(1000);
  allowed = false;
  await tracker.decided();
  await pass(60_000);
  assert.equal(server.events.length, 1);
  assert.deepEqual([browser.storage.keys(), tab.session.keys()], [[], []]);
});

test("the browser's refusal is above everything, the visitor's word above the setting", () => {
  const nav = {};
  assert.equal(mayMeasure("assumed", { nav, cookies: "" }), true);
  assert.equal(mayMeasure("required", { nav, cookies: "a=b" }), false);
  assert.equal(mayMeasure("required", { nav, cookies: "a=b; nest_consent=all" }), true);
  assert.equal(mayMeasure("assumed", { nav, cookies: "nest_consent=none" }), false);
  assert.equal(mayMeasure("assumed", { nav: { globalPrivacyControl: true }, cookies: "nest_consent=all" }), false);
  assert.equal(mayMeasure("assumed", { nav: { doNotTrack: "1" }, cookies: "nest_consent=all" }), false);
  assert.equal(decision("nest_consent=maybe"), null);
  assert.equal(decision("nest_consent=all; nest_consent=none"), "none");
  assert.equal(decision("nest_consent=none; nest_consent=all"), "none");
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

test("a referrer is another site's, without its question", () => {
  assert.equal(referrerOf("https://search.example/find?q=secret#x", "https://nest.example"), "https://search.example/find");
  assert.equal(referrerOf("https://nest.example/c/H1", "https://nest.example"), undefined);
  assert.equal(referrerOf("", "https://nest.example"), undefined);
});

test("vitals: shifts within a window, the slowest interactions but one in fifty", () => {
  const shifts = createShifts();
  for (const [value, startTime] of [[0.1, 0], [0.1, 900], [0.2, 9000], [0.05, 9500]]) shifts.add({ value, startTime });
  assert.ok(Math.abs(shifts.value() - 0.25) < 1e-9);
  const delays = createDelays();
  assert.equal(delays.value(), null);
  for (let i = 1; i <= 60; i += 1) delays.add({ interactionId: i, duration: i * 10 });
  delays.add({ interactionId: 0, duration: 9999 });
  assert.equal(delays.value(), 590);
  assert.deepEqual([rating("LCP", 2500), rating("INP", 300), rating("CLS", 0.3)], ["good", "needs-improvement", "poor"]);
});

test("of a pause without input a minute counts at most, whatever the clock does", () => {
  const told = [];
  const tracker = { track: (type, category, details) => type === "time_spent" && told.push([category, details.timeSpent]), hide() {}, leave() {} };
  let clock = 1_000_000;
  const measure = createMeasure({ tracker, state: { selection: {} }, ui: { category: null }, now: () => clock, vitals: () => [] });
  const minute = 60_000;
  const cases = [
    ["asleep for eight hours", [[8 * 3_600_000, "visit"]], minute],
    ["busy for ten minutes", [...Array(20).fill([30_000, "active"]), [0, "visit"]], 10 * minute],
    ["asleep, and back in the same category", [[8 * 3_600_000, "same"], [1000, "visit"]], minute + 1000],
    ["the clock is set back", [[700, "active"], [-3_600_000, "active"], [700, "visit"]], 1400],
    ["out of sight", [[700, "hide"], [3_600_000, "back"], [1000, "visit"]], 700 + 1000],
    ["asleep while out of sight", [[700, "hide"], [8 * 3_600_000, "active"], [10, "visit"]], 700],
  ];
  for (const [name, steps, expected] of cases) {
    measure.visit("nest");
    told.length = 0;
    for (const [ms, step] of steps) {
      clock += ms;
      if (step === "visit") measure.visit("fenster");
      else if (step === "same") measure.visit("nest");
      else measure[step]();
    }
    assert.equal(told.filter(([category]) => category === "nest").reduce((sum, [, ms]) => sum + ms, 0), expected, name);
  }
});

test("what the page tells of a visit", async () => {
  const told = [];
  const tracker = { track: (type, category, details = {}) => told.push([type, category, details]), hide() {}, leave() {} };
  const state = { you: { role: "owner" }, memberCount: 3, version: 4, totalCents: 100, code: "H1", selection: { nest: { option: "nest80" } } };
  const ui = { category: null };
  const measure = createMeasure({ tracker, state, ui, vitals: () => [{ name: "CLS", value: 0, rating: "good" }] });
  const types = () => told.splice(0).map(([type, category]) => `${type} ${category}`);
  measure.join();
  measure.join();
  assert.deepEqual(told[0][2].props, { role: "owner", others: 2 });
  assert.deepEqual(types(), ["join room"]);

  measure.rest("fenster", "holz", "mouse");
  measure.moveOn();
  await pass(2000);
  for (let i = 0; i < 2; i += 1) {
    measure.rest("fenster", "holz", "mouse");
    await pass(1000);
  }
  measure.rest("fenster", "pvc", "touch");
  await pass(2000);
  assert.deepEqual(types(), ["hover fenster"]);

  measure.rest("fenster", "alu", "mouse");
  measure.click("fenster", "alu");
  await pass(2000);
  assert.deepEqual(types(), ["click fenster"]);
  state.selection.fenster = { option: "alu" };
  measure.rest("fenster", "alu", "mouse");
  await pass(2000);
  assert.deepEqual(types(), []);

  measure.visit("nest");
  await pass(3000);
  measure.visit("nest");
  measure.visit("fenster");
  assert.deepEqual(told, [["time_spent", "nest", { timeSpent: 3000 }]]);
  told.length = 0;
  await pass(700);
  measure.hide();
  await pass(60_000); // nobody looks: this is no time spent
  measure.back();
  await pass(600);
  measure.leave();
  assert.deepEqual(told.filter(([t]) => t === "time_spent").map(([, , d]) => d.timeSpent), [700, 600]);
  told.length = 0;

  const change = (category, cause, before, after) => ({ category, cause, before: { option: before }, after: { option: after, quantity: 2 } });
  measure.saved({
    askedHere: true, kind: "select", version: 5, total_cents: 900, change_cents: 800, waited_ms: 30,
    changes: [change("nest", "asked", "nest80", "nest100"), change("pvanlage", "rule", "pv", "pv")],
    reasons: [{ code: "quantity_reduced", category: "pvanlage" }],
  });
  assert.deepEqual(told.map(([type]) => type), ["selection", "adjusted", "saved"]);
  assert.deepEqual(told[0][2], { elementId: "nest100", selectionValue: "nest100:2", previousValue: "nest80", totalCents: 900, version: 5, changeCents: 800 });
  assert.deepEqual(told[1][2].props, { reason: "quantity_reduced" });
  told.length = 0;
  measure.saved({ askedHere: false, changes: [change("nest", "asked", "a", "b")], reasons: [] });
  measure.refused({ operation: { kind: "select", option: "x" }, outcome: "rejected", reasons: [{ code: "excluded" }], category: "nest" });
  for (let i = 0; i < 9; i += 1) measure.failed(`broken ${i % 7} ${"x".repeat(999)}`);
  assert.deepEqual(types(), ["refused nest", ...Array(5).fill("error page")]);
});
