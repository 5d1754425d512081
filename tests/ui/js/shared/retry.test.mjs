// A request that is refused with too_many_requests is sent again at the named time, for 15 seconds at most.
import assert from "node:assert/strict";
import { test } from "node:test";
import { patiently } from "../../../../ui/assets/js/shared/retry.js";

function server(...answers) {
  const asked = { times: 0, waited: [] };
  const ask = async () => {
    const [status, after] = answers[Math.min(asked.times, answers.length - 1)];
    asked.times += 1;
    return { status, headers: { get: () => after ?? null } };
  };
  const how = { random: () => 0, wait: async (ms) => void asked.waited.push(ms) };
  return { asked, answer: () => patiently(ask, how) };
}

test("a request waits for each time that the server names", async () => {
  const { asked, answer } = server([429, "2"], [429, "3"], [201]);
  assert.equal((await answer()).status, 201);
  assert.deepEqual(asked.waited, [2000, 3000]);
});

test("a wait that is too long for a person is shown at once", async () => {
  const { asked, answer } = server([429, "300"], [201]);
  assert.equal((await answer()).status, 429);
  assert.deepEqual(asked, { times: 1, waited: [] });
});

test("it gives up when the waits add up to too much", async () => {
  const { asked, answer } = server([429, "4"]);
  assert.equal((await answer()).status, 429);
  assert.deepEqual(asked.waited, [4000, 4000, 4000]);
});

test("other refusals are returned as answers", async () => {
  for (const status of [200, 409, 500, 503]) {
    const { asked, answer } = server([status, "1"]);
    assert.equal((await answer()).status, status);
    assert.equal(asked.times, 1);
  }
});
