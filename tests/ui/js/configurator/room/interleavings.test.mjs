// Every rule at once, in random interleavings with reloads and a network that loses, delays and forgets.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { random } from "../../../../../clients/js/test/simulated.mjs";
import { SEEN, Store, Tab, clear, newClock, select } from "./tab.mjs";

beforeEach(newClock);

function play(seed, { restores = false } = {}) {
  newClock();
  const chance = random(seed);
  const server = new Store(chance);
  server.away = 0.1;
  const tabs = ["a", "b", "c"].map((name) => new Tab(name, server, chance));
  const pick = (list) => list[Math.floor(chance() * list.length)];
  const ask = (tab, n) => {
    const category = pick(["nest", "shell", "floor"]);
    const kind = chance();
    tab.ask(kind > 0.9 ? clear(category) : select(category, kind < 0.1 ? "impossible" : `${tab.name}${n}`));
  };
  const step = (tab) => {
    if (!tab.connection) return tab.connect();
    const what = chance();
    if (what < 0.02) return tab.drop();
    if (what < 0.03) return tab.reload();
    if (what < 0.45 && tab.connection.up.length) return server.handle(tab.connection);
    if (what < 0.93 && tab.connection.down.length) return tab.take(tab.connection.down.shift());
    mock.timers.tick(Math.floor(chance() * 900));
  };
  for (let n = 0; n < 400; n += 1) {
    const tab = pick(tabs);
    if (chance() < 0.12) ask(tab, n);
    else step(tab);
    if (chance() < 0.02) server.tellPositions();
    if (restores && chance() < 0.004) {
      server.restore(Math.floor(chance() * (server.version + 1)));
      for (const each of tabs) if (each.connection) each.drop();
    }
  }
  server.chance = () => 0.5; // the network heals
  server.away = 0;
  const quiet = () =>
    tabs.every((tab) => tab.connection && !tab.state.pending.length && tab.state.version === server.version);
  for (let n = 0; n < 300 && !quiet(); n += 1) {
    for (const tab of tabs) {
      if (!tab.connection) tab.connect();
      tab.settle();
    }
    mock.timers.tick(1000);
    if (n % 5 === 0) server.tellPositions();
  }
  assert.ok(quiet(), "comes to rest");
  return { server, tabs };
}

function played(seeds, how, check) {
  for (let seed = 1; seed <= seeds; seed += 1) {
    try {
      check(play(seed, how));
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    }
  }
}

test("random interleavings: every op once and in order, none lost, all tabs equal at the end (CL1, CL2, CL3, CL4, CL7, CL8, CL9, CL11)", () => {
  played(150, {}, ({ server, tabs }) => {
    for (const tab of tabs) {
      const possible = tab.asked.filter(({ operation }) => operation.option !== "impossible");
      assert.deepEqual(
        tab.logged,
        possible.map((each) => each.opId),
      );
      assert.ok(tab.asked.every(({ opId }) => server.outcomes.has(opId)));
      assert.deepEqual(tab.state.selection, server.selectionAt(server.version));
      assert.deepEqual(tab.shown, tab.state.selection);
      assert.equal(tab.state.totalCents, server.version);
      assert.deepEqual(tab.storage.keys(), [SEEN]);
      const versions = tab.state.changes.map((entry) => entry.version);
      assert.deepEqual(
        versions,
        [...versions].sort((x, y) => y - x),
      );
    }
  });
});

test("random interleavings with restored backups: everybody ends with the state of the server", () => {
  played(80, { restores: true }, ({ server, tabs }) => {
    for (const tab of tabs) {
      assert.equal(tab.state.epoch, server.epoch);
      assert.deepEqual(tab.shown, server.selectionAt(server.version));
      assert.equal(new Set(tab.logged).size, tab.logged.length);
    }
  });
});
