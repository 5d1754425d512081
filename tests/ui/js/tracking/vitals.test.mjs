// The figures about the speed of a page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDelays, createShifts, rating } from "../../../../ui/assets/js/tracking/vitals.js";

test("vitals: shifts within a window, the slowest interactions but one in fifty", () => {
  const shifts = createShifts();
  for (const [value, startTime] of [
    [0.1, 0],
    [0.1, 900],
    [0.2, 9000],
    [0.05, 9500],
  ])
    shifts.add({ value, startTime });
  assert.ok(Math.abs(shifts.value() - 0.25) < 1e-9);
  const delays = createDelays();
  assert.equal(delays.value(), null);
  for (let i = 1; i <= 60; i += 1) delays.add({ interactionId: i, duration: i * 10 });
  delays.add({ interactionId: 0, duration: 9999 });
  assert.equal(delays.value(), 590);
  assert.deepEqual(
    [rating("LCP", 2500), rating("INP", 300), rating("CLS", 0.3)],
    ["good", "needs-improvement", "poor"],
  );
});
