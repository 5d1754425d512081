// The total counts: what is painted from one price to the next, with the clocks of a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCount } from "../../../../../../ui/assets/js/configurator/parts/price/counting.js";

// Frames whose time is their beginning, which may be before whatever asked for them.
class Frames {
  #waiting = new Map();
  #next = 1;
  requestFrame = (run) => (this.#waiting.set(this.#next, run), this.#next++);
  cancelFrame = (id) => this.#waiting.delete(id);
  get waiting() {
    return this.#waiting.size;
  }
  at(time) {
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const run of due) run(time);
  }
}

function counter(first, { still = () => false } = {}) {
  const frames = new Frames();
  const painted = [];
  const count = createCount({ show: (value) => painted.push(value), still, ...frames });
  count.set(first);
  return { frames, painted, count };
}

const within = (values, from, to) => values.every((v) => v >= Math.min(from, to) && v <= Math.max(from, to));
const monotonous = (values, from, to) =>
  values.every((v, i) => i === 0 || Math.sign(v - values[i - 1]) !== -Math.sign(to - from));

test("the count shows only values between the old and the new one, whatever the clock of the frames says", () => {
  const prices = [
    [16_510_000, 27_190_000],
    [27_190_000, 15_550_000],
    [16_510_050, 16_510_149],
    [100, 0],
    [0, 100],
    [149, 151],
  ];
  const clocks = {
    "a frame older than the change": [-9, -1, 8, 24, 40, 120, 200, 241, 260],
    "a frame that began long before": [-5000, -4990, -4980, -4700],
    "a clock that turns back": [10, 4, 20, 18, 300],
    "one frame only": [0, 1000],
    "every frame at one time": [5, 5, 5, 5, 400],
  };
  for (const [from, to] of prices) {
    for (const [name, times] of Object.entries(clocks)) {
      const { frames, painted, count } = counter(from);
      count.to(to);
      assert.deepEqual(painted, [from], `${name}: nothing before the first frame, above all not the new price`);
      for (const time of times) frames.at(time);
      assert.ok(within(painted, from, to), `${name}: ${painted}`);
      assert.ok(monotonous(painted, from, to), `${name}: ${painted}`);
      assert.equal(painted.at(-1), to, name);
      assert.equal(frames.waiting, 0, name);
    }
  }
});

test("a new total in the middle is counted to from what is shown", () => {
  for (const last of [12_000_000, 30_000_000, 10_000_000, 20_000_000]) {
    const { frames, painted, count } = counter(10_000_000);
    count.to(20_000_000);
    for (const time of [0, 16, 60]) frames.at(time);
    const shown = painted.at(-1);
    count.to(last);
    assert.equal(painted.at(-1), shown);
    painted.length = 0;
    for (const time of [61, 77, 200, 500]) frames.at(time);
    assert.ok(within(painted, shown, last) && monotonous(painted, shown, last), `${painted}`);
    assert.equal(painted.at(-1), last);
    assert.equal(frames.waiting, 0, "the first count is over");
  }
});

test("the number does not move where nobody sees it: reduced motion, a background tab, the same price, no price", () => {
  const calm = counter(100_00, { still: () => true });
  calm.count.to(200_00);
  assert.deepEqual([calm.painted, calm.frames.waiting], [[100_00, 200_00], 0]);
  const same = counter(100_00);
  same.count.to(100_00);
  assert.deepEqual([same.painted, same.frames.waiting], [[100_00, 100_00], 0]);
  for (const [from, to] of [
    [100_00, null],
    [null, 100_00],
    [undefined, 5],
  ]) {
    const { painted, count, frames } = counter(from);
    count.to(to);
    assert.deepEqual([painted, frames.waiting], [[from, to], 0]);
  }
  let hidden = false;
  const away = counter(100_00, { still: () => hidden });
  away.count.to(200_00);
  away.frames.at(0);
  hidden = true;
  away.frames.at(16);
  assert.deepEqual([away.painted.at(-1), away.frames.waiting], [200_00, 0]);
});
