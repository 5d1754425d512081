// The pure state: every rule by an example, then all of them under random interleavings.
import assert from "node:assert/strict";
import test from "node:test";

import { HouseEnded, HouseState, PENDING_MAX, QueueFull, Refused } from "../dist/index.js";
import { random, SimulatedServer } from "./simulated.mjs";

const select = (category, option) => ({ kind: "select", category, option });
const sent = (effects) => effects.filter((each) => each.do === "send").map((each) => each.message);
const settled = (effects) => effects.filter((each) => each.do === "settle").map((each) => each.outcome.op_id);

function joined() {
  const server = new SimulatedServer(() => 0.5);
  const connection = server.connect("me");
  const house = new HouseState("h", "CODE");
  const [join] = sent(house.connected());
  const effects = house.receive(server.snapshot(connection, join.id));
  assert.ok(effects.some((each) => each.do === "joined"));
  connection.joined = true;
  return { server, connection, house };
}

function commit(server, connection, op) {
  connection.up.push(op);
  server.handle(connection);
  return connection.down.splice(0);
}

test("an op shows at once, and effect and outcome leave no gap between them", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual(house.view.selection.nest, { option: "o0" });
  const [frame, outcome] = commit(server, connection, op);
  house.receive(frame);
  assert.deepEqual(house.view.selection.nest, { option: "o1" });
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual(settled(house.receive(outcome)), ["op-1"]);
  assert.deepEqual(house.view.pending, []);
  assert.deepEqual(settled(house.receive(outcome)), []);
});

test("an outcome that is ahead of its effect waits for it", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const [frame, outcome] = commit(server, connection, op);
  const early = house.receive(outcome);
  assert.deepEqual(settled(early), []);
  assert.ok(early.some((each) => each.do === "expect"));
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  assert.deepEqual(settled(house.receive(frame)), ["op-1"]);
});

test("a restored house says so, and ops name the history they were asked in (CL15, OP20)", () => {
  const { server, connection, house } = joined();
  assert.equal(house.view.restored, null);
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual([op.epoch, op.base_version], ["epoch-1", 0]);
  server.restore(0);
  house.receive({ ...server.snapshot(connection, null), restored_to: "2026-11-03T10:00:00Z" });
  assert.deepEqual(house.view.restored, { to: "2026-11-03T10:00:00Z" });
  assert.deepEqual(house.view.pending.map((each) => each.epoch), ["epoch-1"]);
  const [frame] = commit(server, connection, op);
  house.receive(frame);
  assert.deepEqual(house.view.selection.nest, { option: "o1" });
});

test("somebody else's change of the same category does not show before the own outcome", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", select("nest", "o1")));
  const other = server.connect("other");
  other.joined = true;
  other.up.push({ type: "op", op_id: "x", id: "x", base_version: 0, operation: select("nest", "o9") });
  server.handle(other);
  for (const frame of connection.down.splice(0)) house.receive(frame);
  assert.deepEqual(house.view.selection.nest, { option: "o9" });
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
  for (const frame of commit(server, connection, op)) house.receive(frame);
  assert.deepEqual(house.view.shown.nest, { option: "o1" });
});

test("a gap and a newer position each ask for what is missing, once", () => {
  const { server, connection, house } = joined();
  const other = server.connect("other");
  other.joined = true;
  for (const option of ["a", "b"]) {
    other.up.push({ type: "op", op_id: option, id: option, base_version: 0, operation: select("nest", option) });
    server.handle(other);
  }
  connection.down.length = 0;
  const [join] = sent(house.receive(server.frame(2, true)));
  assert.deepEqual(join.since, { epoch: "epoch-1", version: 0 });
  assert.equal(house.view.version, 0);
  const position = { type: "position", configuration: "house", epoch: "epoch-1", version: 2 };
  assert.deepEqual(sent(house.receive(position)), []);
  for (const frame of commit(server, connection, join)) house.receive(frame);
  assert.equal(house.view.version, 2);
  assert.deepEqual(sent(house.receive(position)), []);
});

test("one op is on its way at a time, and it is sent again unchanged", () => {
  const { server, connection, house } = joined();
  const [first] = sent(house.submit("op-1", select("nest", "o1")));
  assert.deepEqual(sent(house.submit("op-2", select("nest", "o2"))), []);
  assert.deepEqual(house.view.shown.nest, { option: "o2" });
  house.disconnected();
  const [join] = sent(house.connected());
  const [again] = commit(server, connection, join).flatMap((frame) => sent(house.receive(frame)));
  assert.deepEqual(again, first);
  const [second] = commit(server, connection, again).flatMap((frame) => sent(house.receive(frame)));
  assert.equal(second.op_id, "op-2");
  assert.equal(second.base_version, 1, "it was asked for by somebody who saw op-1");
});

test("what will never be carried out fails; what is only too much at once waits", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = (code, retryable, more) => ({
    type: "error", re: "op-1", op_id: "op-1", code, message: { de: "", en: "" }, retryable, ...more,
  });
  const waits = house.receive(refusal("too_many_requests", true, { retry_after_ms: 700 }));
  assert.deepEqual(waits, [{ do: "wait", tries: 0, atLeastMs: 700 }]);
  const [again] = sent(house.waited());
  assert.equal(again.op_id, "op-1");
  const [failed] = house.receive(refusal("read_only", false));
  assert.equal(failed.do, "fail");
  assert.ok(failed.error instanceof Refused);
  assert.deepEqual(house.view.pending, []);
  assert.deepEqual(house.view.shown, house.view.selection);
});

test("what the server made of an op shows as soon as it is there, not what was guessed", () => {
  const { server, connection, house } = joined();
  const [op] = sent(house.submit("op-1", { kind: "set_quantity", category: "nest", quantity: 14 }));
  assert.deepEqual(house.view.shown.nest, { option: "o0", quantity: 14 });
  server.log.push({ op_id: op.op_id, changes: [], selection: { nest: { option: "o0", quantity: 8 } }, author: "me" });
  house.receive(server.frame(1, true));
  assert.deepEqual(house.view.shown.nest, { option: "o0", quantity: 8 });
  assert.equal(house.view.pending.length, 1);
});

test("an op of another history is not applied, whatever its number", () => {
  const { server, house } = joined();
  server.log.push({ op_id: "x", changes: [], selection: { nest: { option: "o1" } }, author: "o" });
  const [join] = sent(house.receive({ ...server.frame(1, true), epoch: "epoch-0" }));
  assert.equal(join.type, "join");
  assert.equal(house.view.version, 0);
});

test("an op without the whole state is applied by its changes", () => {
  const { server, house } = joined();
  const gone = { category: "nest", before: { option: "o0" }, after: null, cause: "asked" };
  const come = { category: "shell", before: null, after: { option: "s1" }, cause: "asked" };
  server.log.push({ op_id: "x", changes: [gone, come], selection: {}, author: "o" });
  house.receive(server.frame(1, false));
  assert.deepEqual(house.view.selection, { shell: { option: "s1" } });
  assert.equal(house.view.totalCents, 1);
});

test("a gap that is found during a pause is closed after it", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = { type: "error", re: "op-1", op_id: "op-1", message: { de: "", en: "" }, retryable: true };
  house.receive({ ...refusal, code: "too_many_requests" });
  const position = { type: "position", configuration: "house", epoch: "epoch-1", version: 3 };
  assert.deepEqual(sent(house.receive(position)), []);
  assert.deepEqual(sent(house.waited()).map((each) => each.type), ["join"]);
});

test("who is not in the house any more, or behind it, joins again and asks again", () => {
  const { server, connection, house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const refusal = { type: "error", re: "op-1", op_id: "op-1", message: { de: "", en: "" }, retryable: false };
  const enter = ([join]) => {
    assert.equal(join.type, "join");
    return sent(house.receive(server.snapshot(connection, join.id)));
  };
  assert.equal(house.receive({ ...refusal, code: "not_joined" })[0].do, "wait");
  assert.equal(enter(sent(house.waited()))[0].op_id, "op-1");
  assert.equal(enter(sent(house.receive({ ...refusal, code: "version_unknown" })))[0].op_id, "op-1");
  const [failed] = house.receive({ ...refusal, code: "version_unknown" });
  assert.equal(failed.do, "fail", "twice behind: this version is of a history that is gone");
});

test("ops of an earlier client are sent again as they were", () => {
  const house = new HouseState("h", "CODE", [
    { op_id: "old", base_version: 0, operation: select("nest", "o5"), guarded: true },
  ]);
  const server = new SimulatedServer(() => 0.5);
  const connection = server.connect("me");
  const [join] = sent(house.connected());
  const [op] = sent(house.receive(server.snapshot(connection, join.id)));
  assert.deepEqual([op.op_id, op.base_version, op.guarded], ["old", 0, true]);
});

test("an op that was never sent is withdrawn, one that was sent is not (CL14)", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  house.submit("op-2", select("nest", "o2"));
  house.submit("op-3", select("roof", "o3"));
  assert.equal(house.withdraw("op-1"), null, "it is on its way");
  assert.deepEqual(sent(house.withdraw("op-2")), []);
  assert.deepEqual(house.view.shown, { nest: { option: "o1" }, roof: { option: "o3" } });
  assert.deepEqual(house.view.pending.map((each) => each.op_id), ["op-1", "op-3"]);
  assert.equal(house.withdraw("op-2"), null, "it is not here any more");
  house.disconnected();
  assert.equal(house.withdraw("op-1"), null, "it may be stored");
  assert.notEqual(house.withdraw("op-3"), null);
  assert.deepEqual(house.view.pending.map((each) => each.op_id), ["op-1"]);
});

test("what an earlier client left may have been sent: it is not withdrawn, and stays as it was", () => {
  const { server, connection } = joined();
  const left = { op_id: "op-1", base_version: 0, operation: select("nest", "o1"), guarded: true };
  const house = new HouseState("h", "CODE", [left]);
  assert.equal(house.withdraw("op-1"), null);
  const [join] = sent(house.connected());
  const [op] = sent(house.receive(server.snapshot(connection, join.id)));
  assert.deepEqual([op.op_id, op.base_version], ["op-1", 0]);
});

test("the queue is bounded", () => {
  const { house } = joined();
  house.disconnected();
  for (let n = 0; n < PENDING_MAX; n += 1) house.submit(`op-${n}`, select("nest", `o${n}`));
  assert.throws(() => house.submit("one more", select("nest", "o")), QueueFull);
});

test("who loses access is told so, with every op that is left", () => {
  const { house } = joined();
  house.submit("op-1", select("nest", "o1"));
  const effects = house.receive({ type: "left", configuration: "house", code: "access_revoked" });
  const [fail] = effects.filter((each) => each.do === "fail");
  assert.ok(fail.error instanceof HouseEnded);
  assert.deepEqual(fail.error.opIds, ["op-1"]);
  assert.equal(fail.error.code, "access_revoked");
  assert.throws(() => house.submit("op-2", select("nest", "o2")), HouseEnded);
});

test("types and fields that are not known are ignored", () => {
  const { server, house } = joined();
  const before = house.view;
  assert.deepEqual(house.receive({ type: "confetti", configuration: "house" }), []);
  assert.equal(house.view, before);
  server.log.push({ op_id: "x", changes: [], selection: { nest: { option: "o1", glow: 1 } }, author: "o" });
  house.receive({ ...server.frame(1, true), sparkle: true });
  assert.equal(house.view.selection.nest.option, "o1");
});

// ---- random interleavings

class Peer {
  constructor(name, server, chance) {
    Object.assign(this, { name, server, chance, connection: null, waiting: false, expecting: false });
    this.house = new HouseState(name, "CODE");
    this.settled = new Map();
    this.asked = []; // {opId, category, choice}
  }

  do(effects) {
    for (const effect of effects) {
      if (effect.do === "send") this.connection?.up.push(effect.message);
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

  connect() {
    this.connection = this.server.connect(this.name);
    this.do(this.house.connected());
  }

  drop() {
    this.server.connections.delete(this.connection);
    this.connection = null;
    this.waiting = false;
    this.do(this.house.disconnected());
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
    if (what < 0.45 && connection.up.length) return this.server.handle(connection);
    if (what < 0.9 && connection.down.length) {
      const frame = connection.down.shift();
      if (this.house.concerns(frame)) this.do(this.house.receive(frame));
      return;
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
    const { version, epoch, selection, shown } = this.house.view;
    if (epoch !== null && epoch === this.server.epoch) {
      if (epoch === this.lastEpoch) assert.ok(version >= this.lastVersion, "never goes back (I3)");
      assert.deepEqual(selection, this.server.selectionAt(version), `${this.name} at ${version} (I1)`);
      this.noFlicker(version, shown);
    }
    this.lastEpoch = epoch;
    this.lastVersion = version;
  }

  noFlicker(version, shown) {
    const newest = new Map(this.asked.map((each) => [each.category, each]));
    for (const { opId, category, choice } of newest.values()) {
      if (this.settled.has(opId)) continue;
      const committed = this.server.log.findIndex((each) => each.op_id === opId) + 1;
      const effected = committed > 0 && version >= committed;
      const allowed = effected ? [choice, this.server.selectionAt(version)[category]] : [choice];
      const fits = allowed.some((each) => JSON.stringify(each) === JSON.stringify(shown[category]));
      assert.ok(fits, `${opId} flickers: ${JSON.stringify(shown[category])} (I11)`);
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

test("random interleavings: one outcome each, in order, nothing lost, all the same at the end", () => {
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
        assert.deepEqual(numbers, [...numbers].sort((x, y) => x - y), "I7");
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    }
  }
});

test("random interleavings with a backup put back: everybody ends with what the server has", () => {
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
