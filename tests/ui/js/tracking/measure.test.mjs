// The events that a page measures during a visit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeasure } from "../../../../ui/assets/js/tracking/measure.js";
import { pass, startClock } from "./tracked.mjs";

startClock();

test("a pause without input counts as one minute at most, whatever the clock does", () => {
  const told = [];
  const tracker = {
    track: (type, category, details) => type === "time_spent" && told.push([category, details.timeSpent]),
    hide() {},
    leave() {},
  };
  let clock = 1_000_000;
  const measure = createMeasure({
    tracker,
    state: { selection: {} },
    ui: { category: null },
    now: () => clock,
    vitals: () => [],
  });
  const minute = 60_000;
  const cases = [
    ["asleep for eight hours", [[8 * 3_600_000, "visit"]], minute],
    ["busy for ten minutes", [...Array(20).fill([30_000, "active"]), [0, "visit"]], 10 * minute],
    [
      "asleep, and back in the same category",
      [
        [8 * 3_600_000, "same"],
        [1000, "visit"],
      ],
      minute + 1000,
    ],
    [
      "the clock is set back",
      [
        [700, "active"],
        [-3_600_000, "active"],
        [700, "visit"],
      ],
      1400,
    ],
    [
      "out of sight",
      [
        [700, "hide"],
        [3_600_000, "back"],
        [1000, "visit"],
      ],
      700 + 1000,
    ],
    [
      "asleep while out of sight",
      [
        [700, "hide"],
        [8 * 3_600_000, "active"],
        [10, "visit"],
      ],
      700,
    ],
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
    assert.equal(
      told.filter(([category]) => category === "nest").reduce((sum, [, ms]) => sum + ms, 0),
      expected,
      name,
    );
  }
});

test("the page reports each kind of event of a visit", async () => {
  const told = [];
  const tracker = {
    track: (type, category, details = {}) => told.push([type, category, details]),
    hide() {},
    leave() {},
  };
  const state = {
    you: { role: "owner" },
    memberCount: 3,
    version: 4,
    totalCents: 100,
    code: "H1",
    selection: { nest: { option: "nest80" } },
  };
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
  assert.deepEqual(
    told.filter(([t]) => t === "time_spent").map(([, , d]) => d.timeSpent),
    [700, 600],
  );
  told.length = 0;

  const change = (category, cause, before, after) => ({
    category,
    cause,
    before: { option: before },
    after: { option: after, quantity: 2 },
  });
  measure.saved({
    askedHere: true,
    kind: "select",
    version: 5,
    total_cents: 900,
    change_cents: 800,
    waited_ms: 30,
    changes: [change("nest", "asked", "nest80", "nest100"), change("pvanlage", "rule", "pv", "pv")],
    reasons: [{ code: "quantity_reduced", category: "pvanlage" }],
  });
  assert.deepEqual(
    told.map(([type]) => type),
    ["selection", "adjusted", "saved"],
  );
  assert.deepEqual(told[0][2], {
    elementId: "nest100",
    selectionValue: "nest100:2",
    previousValue: "nest80",
    totalCents: 900,
    version: 5,
    changeCents: 800,
  });
  assert.deepEqual(told[1][2].props, { reason: "quantity_reduced" });
  told.length = 0;
  measure.saved({ askedHere: false, changes: [change("nest", "asked", "a", "b")], reasons: [] });
  measure.refused({
    operation: { kind: "select", option: "x" },
    outcome: "rejected",
    reasons: [{ code: "excluded" }],
    category: "nest",
  });
  for (let i = 0; i < 9; i += 1) measure.failed(`broken ${i % 7} ${"x".repeat(999)}`);
  assert.deepEqual(types(), ["refused nest", ...Array(5).fill("error page")]);
});
