// The permission to measure a visit, and the parts of a referrer that are left out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decision, mayMeasure } from "../../../../ui/assets/js/tracking/consent.js";
import { referrerOf } from "../../../../ui/assets/js/tracking/referrer.js";
import { opened, pass, startClock } from "./tracked.mjs";
import { Browser } from "../world.mjs";

startClock();

test("without permission to measure nothing is sent and nothing is kept", async () => {
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

test("a refusal by the browser decides first, then the visitor's answer, then the setting", () => {
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

test("a referrer is that of another site, without its query", () => {
  assert.equal(
    referrerOf("https://search.example/find?q=secret#x", "https://nest.example"),
    "https://search.example/find",
  );
  assert.equal(referrerOf("https://nest.example/c/H1", "https://nest.example"), undefined);
  assert.equal(referrerOf("", "https://nest.example"), undefined);
});
