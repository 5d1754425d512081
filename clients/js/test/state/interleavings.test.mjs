// Every rule at once, in random interleavings with a network that loses, delays and forgets.
import assert from "node:assert/strict";
import test from "node:test";
import { HouseState } from "../../dist/index.js";
import { random, SimulatedServer } from "../simulated.mjs";
import { select } from "./house.mjs";

class Peer {
  constructor(name, server, chance) {
    Object.assign(this, { name, server, chance, connection: null, waiting: false, expecting: false });
    this.house = new HouseState(name, "CODE");
    this.settled = new Map();
    this.asked = []; // {opId, category, choice}
  }

  do(effects) {
    for (const effect of effects) {
      if (effect.do === "send") this.send(effect.message);
      else if (effect.do === "wait") this.waiting = true;
      else if (effect.do === "expect") this.expecting = true;
      else if (effect.do === "settle" || effect.do === "fail") {
        const opId = effect.opId ?? effect.outcome.op_id;
        assert.ok(!this.settled.has(opId), `${opId} was settled twice`);
        this.settled.set(opId, effect.outcome ?? effect.error);
      }
    }
    this.check();
  }

  send(message) {
    if (message.type === "op") {
      const before = this.onItsWay ?? message.op_id;
      assert.equal(before, message.op_id, `${message.op_id} is sent before ${before} is answered (CL9)`);
      this.onItsWay = message.op_id;
    }
    this.connection?.up.push(message);
  }

  take(frame) {
    const about = frame.type === "ops" ? frame.ops : [frame];
    if (about.some((each) => each.op_id === this.onItsWay)) this.onItsWay = null;
    if (this.house.concerns(frame)) this.do(this.house.receive(frame));
  }

  connect() {
    this.onItsWay = null;
    this.connection = this.server.connect(this.name);
    this.do(this.house.connected());
  }

  // The program ends and begins again with what it kept.
  restart() {
    this.server.connections.delete(this.connection);
    this.connection = null;
    this.waiting = this.expecting = false;
    const { pending, epoch } = this.house.view;
    this.house = new HouseState(this.name, "CODE", pending, { epoch, recall: 3 });
  }

  drop() {
    this.server.connections.delete(this.connection);
    this.connection = null;
    this.do(this.house.disconnected());
    this.waiting = this.house.waiting;
  }

  ask(n) {
    const category = ["nest", "shell", "floor"][Math.floor(this.chance() * 3)];
    const kind = this.chance();
    const option = kind < 0.15 ? "impossible" : `${this.name}${n}`;
    const operation = kind > 0.9 ? { kind: "clear", category } : select(category, option);
    const opId = `${this.name}-${n}`;
    const choice = operation.kind === "clear" ? undefined : { option };
    this.asked.push({ opId, category, choice });
    this.do(this.house.submit(opId, operation));
  }

  step() {
    const { connection } = this;
    if (!connection) return this.connect();
    const what = this.chance();
    if (what < 0.02) return this.drop();
    if (what < 0.025) return this.restart();
    if (what < 0.45 && connection.up.length) return this.server.handle(connection);
    if (what < 0.9 && connection.down.length) {
      return this.take(connection.down.shift());
    }
    if (this.waiting) {
      this.waiting = false;
      return this.do(this.house.waited());
    }
    if (this.expecting && what > 0.95) {
      this.expecting = false;
      return this.do(this.house.overdue());
    }
  }

  check() {
    const { version, epoch, selection, shown, totalCents } = this.house.view;
    if (epoch !== null && epoch === this.server.epoch) {
      if (epoch === this.lastEpoch) assert.ok(version >= this.lastVersion, "never goes back (I3)");
      assert.deepEqual(selection, this.server.selectionAt(version), `${this.name} at ${version} (I1)`);
      assert.equal(totalCents, version, "the price is that of the confirmed version, whatever was asked (CL8)");
      this.noFlicker(shown);
    }
    this.lastEpoch = epoch;
    this.lastVersion = version;
  }

  noFlicker(shown) {
    const newest = new Map(this.asked.map((each) => [each.category, each]));
    for (const { opId, category, choice } of newest.values()) {
      if (!this.settled.has(opId)) assert.deepEqual(shown[category], choice, `${opId} flickers (CL7)`);
    }
  }
}

function play(seed, { restores = false } = {}) {
  const chance = random(seed);
  const server = new SimulatedServer(chance);
  const peers = ["a", "b", "c"].map((name) => new Peer(name, server, chance));
  for (let n = 0; n < 400; n += 1) {
    const peer = peers[Math.floor(chance() * peers.length)];
    if (peer.house.view.epoch && chance() < 0.1) peer.ask(n);
    else peer.step();
    if (chance() < 0.02) server.tellPositions();
    if (restores && chance() < 0.004) {
      server.restore(Math.floor(chance() * (server.version + 1)));
      for (const each of peers) if (each.connection) each.drop();
    }
  }
  server.chance = () => 0.5; // the network heals
  const quiet = () =>
    peers.every(({ connection, house, waiting }) => {
      const empty = connection && !connection.up.length && !connection.down.length;
      return empty && !house.view.pending.length && !house.expecting && !waiting;
    });
  for (let n = 0; n < 20_000 && !(quiet() && n % 50 === 49); n += 1) {
    if (n % 50 === 0) server.tellPositions();
    peers[n % peers.length].step();
  }
  assert.ok(quiet(), "comes to rest");
  return { server, peers };
}

test("random interleavings: one outcome for each op, in order, none lost, all clients equal at the end (CL1, CL2, CL3, CL4, CL7, CL9, CL11)", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    try {
      const { server, peers } = play(seed);
      for (const { name, asked, settled: outcomes, house } of peers) {
        assert.deepEqual([...outcomes.keys()].sort(), asked.map((each) => each.opId).sort(), "I6");
        assert.deepEqual(house.view.selection, server.selectionAt(server.version), "I1");
        assert.equal(house.view.totalCents, server.version, "I9");
        assert.deepEqual(house.view.shown, house.view.selection);
        const logged = server.log.map((each) => each.op_id).filter((opId) => opId.startsWith(`${name}-`));
        assert.equal(new Set(logged).size, logged.length, "I5");
        const numbers = logged.map((opId) => Number(opId.slice(2)));
        assert.deepEqual(
          numbers,
          [...numbers].sort((x, y) => x - y),
          "I7",
        );
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    }
  }
});

test("random interleavings with restored backups: everybody ends with the state of the server", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    try {
      const { server, peers } = play(seed, { restores: true });
      for (const { asked, settled: outcomes, house } of peers) {
        assert.equal(house.view.epoch, server.epoch);
        assert.deepEqual(house.view.selection, server.selectionAt(server.version));
        assert.deepEqual([...outcomes.keys()].sort(), asked.map((each) => each.opId).sort());
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    }
  }
});
