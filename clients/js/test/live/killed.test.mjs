// A web process is killed while somebody edits; another takes over.
import assert from "node:assert/strict";
import test from "node:test";

import { connected, log, newHouse, ONE, ONE_PID, Proxy, settledWithin, TRANSPORTS, TWO, until } from "./support.mjs";

test(
  "the process is killed in the middle of edits: nothing acknowledged is lost, nothing is twice",
  { timeout: 90_000 },
  async (t) => {
    const { code, token, id } = await newHouse();
    const editors = [];
    for (const transport of Object.values(TRANSPORTS)) {
      const proxy = await new Proxy(ONE).listen(t);
      const house = await (await connected(t, { url: proxy.url, token, transport })).join(code);
      editors.push({ proxy, house, asked: [], acknowledged: [] });
    }
    const watcher = await (await connected(t, { url: TWO, token })).join(code);
    const ask = ({ house, asked, acknowledged }, n) => {
      const outcome = house.select("nest", ["nest100", "nest120", "nest140", "nest160"][n % 4]);
      asked.push(outcome.then((each) => void acknowledged.push(each)));
    };
    for (let n = 0; n < 20; n += 1) {
      for (const editor of editors) ask(editor, n);
      if (n === 10) {
        await editors[0].asked[5];
        process.kill(ONE_PID, "SIGKILL");
        for (const { proxy } of editors) proxy.cut(TWO);
      }
    }
    await settledWithin(Promise.all(editors.flatMap(({ asked }) => asked)), "all are settled", 60_000);
    const ops = await log({ id, token });
    const stored = new Map(ops.map((op) => [op.op_id, op.version]));
    assert.equal(stored.size, ops.length);
    assert.equal(ops.length, 60);
    await until(watcher, (state) => state.version === 60, "the watcher has all");
    for (const { house, acknowledged } of editors) {
      assert.equal(acknowledged.length, 20);
      for (const outcome of acknowledged) assert.equal(stored.get(outcome.op_id), outcome.version);
      await until(house, (state) => state.version === 60, "every editor has all");
      assert.deepEqual(house.state.selection, watcher.state.selection);
    }
  },
);
