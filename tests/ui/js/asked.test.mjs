// What the analytics page was asked: read from its address and written into it.
import assert from "node:assert/strict";
import test from "node:test";

import { askedOf, rangeOf, searchOf } from "../../../ui/assets/js/analytics/asked.js";
import { Refused } from "../../../ui/assets/js/calling.js";
import { asOf, countedThrough } from "../../../ui/assets/js/analytics/reading.js";
import { sorted } from "../../../ui/assets/js/analytics/table.js";
import { sideBySide } from "../../../ui/assets/js/analytics/side_by_side.js";
import { createWords } from "../../../ui/assets/js/analytics/words.js";
import { zoneGroups, zonesOf } from "../../../ui/assets/js/analytics/zones.js";

const ZONE = "Europe/Vienna";
const PLAIN = { tab: "overview", timeRange: "7d", from: "", to: "", compare: "previous", bots: "", by: "", unit: "", steps: "", window: "", replay: "", tz: ZONE };
const asked = (search) => askedOf(search, ZONE);

test("an address without anything is the plain page, and the plain page has such an address", () => {
  assert.deepEqual(asked(""), PLAIN);
  assert.equal(searchOf(PLAIN, ZONE), "");
});

test("what is asked survives its address", () => {
  const wishes = [
    { tab: "ways", timeRange: "90d", tz: "Asia/Kolkata" },
    { timeRange: "all", compare: "" },
    { from: "2026-03-01", to: "2026-03-29", compare: "year", bots: "only", by: "language" },
    { from: "2026-03-01", compare: "" },
    { tab: "sharing", compare: "" },
    { unit: "week" },
    { steps: "nest,fussboden,completed", window: "60" },
    { steps: "chose_3" },
    { window: "43200" },
    { tab: "sessions", replay: "0199a0b0-0000-7000-8000-00000000abcd" },
  ];
  for (const wish of wishes) {
    const whole = { ...PLAIN, ...wish };
    assert.deepEqual(asked(searchOf(whole, ZONE)), whole);
  }
});

test("what is unknown or does not go together is as if it had not been said", () => {
  const strange = [
    "?tab=secrets&timeRange=1y&compare=never&bots=some&by=network&tz=Mars/Olympus",
    "?from=2026-02-30",
    "?to=2026-03-01",
    "?from=yesterday&to=2026-03-01",
    "?from=<script>alert(1)</script>",
    `?tab=ways&x=${"y".repeat(3000)}`,
    "?steps=nest,nest&window=0",
    "?steps=nest,,fussboden&window=43201",
    "?steps=<b>&window=1e3",
    `?steps=${Array.from({ length: 17 }, (_, n) => `s${n}`)}&window=01`,
    `?steps=${"x".repeat(65)}&window=-5`,
    "?constructor=1&__proto__=2",
    "?tz=",
    "?tz=../../etc",
  ];
  for (const search of strange) assert.deepEqual(asked(search), PLAIN, search);
  assert.deepEqual(asked("?from=2026-03-02&to=2026-03-01"), { ...PLAIN, from: "2026-03-02" });
  assert.equal(asked("?timeRange=all&compare=year").compare, "");
});

test("parameters of the page that are not ours stay", () => {
  assert.equal(searchOf({ ...PLAIN, tab: "ways" }, ZONE, { lang: "en" }), "?lang=en&tab=ways");
});

test("the API is asked for days or for a rolling range, in the zone", () => {
  assert.deepEqual(rangeOf(PLAIN), { timeRange: "7d", bots: "", tz: ZONE });
  const days = { ...PLAIN, from: "2026-03-01", to: "2026-03-02" };
  assert.deepEqual(rangeOf(days), { from: "2026-03-01", to: "2026-03-02", bots: "", tz: ZONE });
});

test("zones are by continent, the likely ones first", () => {
  const known = ["America/Nuuk", "Asia/Kolkata", "Europe/Paris", ZONE, "Mars/Base"];
  assert.deepEqual(zonesOf(ZONE, known, "Europe/Paris"), [ZONE, "Europe/Paris", "UTC", "America/Nuuk", "Asia/Kolkata"]);
  const old = new Intl.DateTimeFormat("en", { timeZone: "Asia/Kolkata" }).resolvedOptions().timeZone;
  assert.equal(zonesOf(ZONE, known, old)[1], "Asia/Kolkata", "what the browser calls it");
  const groups = zoneGroups(["Asia/Kolkata", "UTC", "Europe/Vienna", "Asia/Baku"]);
  assert.deepEqual(groups, [{ name: "Asia", of: ["Asia/Baku", "Asia/Kolkata"] }, { name: "Europe", of: ["Europe/Vienna"] }]);
});

test("rows sort both ways and what is not known stays last", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10 }, { n: 1 }];
  const by = (up) => sorted(rows, (row) => row.n, up).map((row) => row.n);
  assert.deepEqual(by(true), [1, 2, 10, null]);
  assert.deepEqual(by(false), [10, 2, 1, null]);
  assert.deepEqual(sorted([{ s: "b" }, { s: "Ä" }], (row) => row.s, true).map((row) => row.s), ["Ä", "b"]);
});

test("what was refused is said in words of the reader", () => {
  const texts = {
    "analytics.too_long": { de: "Zu lang.", en: "Too long." },
    "analytics.noAnswer": { de: "Antwortet nicht.", en: "No answer." },
  };
  const words = createWords({ catalogue: { categories: [] }, texts, language: "de", zone: ZONE });
  const refused = (detail) => new Refused(400, { code: "query_unusable", detail, message: { de: "Passt nicht." } });
  assert.equal(words.why(refused("from: too_long: The range …")), "Zu lang.");
  assert.equal(words.why(refused("unit: is one of hour")), "Passt nicht. unit: is one of hour");
  assert.equal(words.why(new Refused(0, null)), "Antwortet nicht.");
  assert.equal(words.why(new Error("a defect")), "a defect");
});

test("steps of a funnel and its window are said in words", () => {
  const texts = { "analytics.stepChoseIn": { de: "In {n}", en: "In {n}" }, "analytics.stepOpened": { de: "Geöffnet", en: "Opened" } };
  const catalogue = { categories: [{ id: "nest", name: { de: "Größe", en: "Size" }, options: [] }] };
  const words = (language) => createWords({ catalogue, texts, language, zone: ZONE });
  assert.deepEqual(["chose_3", "opened", "nest"].map(words("de").funnelStep), ["In 3", "Geöffnet", "Größe"]);
  assert.deepEqual([15, 60, 90, 1440, 10080].map(words("de").lasting), ["15 Minuten", "1 Stunde", "90 Minuten", "1 Tag", "7 Tage"]);
  assert.equal(words("en").lasting(1440), "1 day");
});

test("times are said in the zone that was asked", () => {
  const words = (zone, language = "de") => createWords({ catalogue: { categories: [] }, texts: {}, language, zone });
  const at = "2026-03-29T00:30:00Z";
  assert.match(words(ZONE).time(at), /29\.03\.26, 01:30:00/);
  assert.match(words("Asia/Kolkata").time(at), /29\.03\.26, 06:00:00/);
  assert.match(words(ZONE).minute(at, "America/New_York"), /28\.03\.26, 20:30/);
  assert.equal(words(ZONE).weekday(1), "Montag");
  assert.equal(words(ZONE, "en").weekday(7), "Sunday");
  assert.equal(words(ZONE).percent(null), "–");
  assert.equal(words(ZONE).span(90_000), "2\u00a0min");
});

test("several answers together are counted through the oldest of them", () => {
  const through = (...ids) => countedThrough(ids.map((id) => ({ stored_through: id })));
  assert.equal(through("1700-3", "1600-0", "1800-1"), 1600);
  assert.equal(countedThrough([{ stored_through: "1700-3" }, { rows: [] }, { stored_through: null }]), 1700);
  assert.equal(countedThrough([]), Infinity);
  assert.ok(through(`${Date.now() + 86_400_000}-0`) <= Date.now()); // an id of a clock that was ahead
});

test("an hour that comes twice is said with its offset, any other without", () => {
  const w = createWords({ catalogue: { categories: [] }, texts: {}, language: "de", zone: ZONE });
  const hours = ["2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"];
  const said = [...w.labels(hours, "hour").values()];
  assert.equal(new Set(said).size, 4);
  assert.match(said[1], /02:00 \(UTC\+02:00\)$/);
  assert.match(said[2], /02:00 \(UTC\+01:00\)$/);
  assert.match(said[3], /03:00$/);
});

test("the hour that clocks skip has a line of its own, and both columns keep their sum", () => {
  const hour = (at, sessions) => ({ at, sessions, completed: 0, inquiries: 0, interactions: 0 });
  const rows = [hour("2026-03-29T01:00:00+01:00", 4), hour("2026-03-29T03:00:00+02:00", 5)];
  const compared = [hour("2026-03-28T01:00:00+01:00", 1), hour("2026-03-28T02:00:00+01:00", 2), hour("2026-03-28T03:00:00+01:00", 3)];
  const pairs = [{ row: 0, compared: 0 }, { row: null, compared: 1 }, { row: 1, compared: 2 }];
  const w = createWords({ catalogue: { categories: [] }, texts: {}, language: "de", zone: ZONE });
  const lines = sideBySide({ rows, compared, pairs, unit: "hour" }, w);
  assert.deepEqual(lines.map(({ label, sessions, before }) => [label.replace(/^\W*(\w+)\W+/, "$1 "), sessions, before]), [
    ["So 01:00", 4, 1],
    ["Sa 02:00", null, 2],
    ["So 03:00", 5, 3],
  ]);
  assert.deepEqual(sideBySide({ rows, compared: null, pairs: null, unit: "hour" }, w).map((line) => line.before), [undefined, undefined]);
});

test("several answers together are as old as the oldest of them", () => {
  const answers = ["2026-11-29T12:05:10Z", "2026-11-29T12:05:02+00:00", null].map((as_of) => ({ as_of }));
  assert.equal(asOf(answers), Date.UTC(2026, 10, 29, 12, 5, 2));
  assert.equal(asOf([{}]), Infinity);
});
