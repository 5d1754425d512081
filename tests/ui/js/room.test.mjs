// The page's side of the protocol, without a browser: every rule by an example, then all of them
// under random interleavings with a network that loses, delays and forgets, and with reloads.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { random, SimulatedServer } from "../../../clients/js/test/simulated.mjs";
import { askedChoices, PENDING_MAX } from "../../../ui/assets/js/pending.js";
import { createRoom, statusOf } from "../../../ui/assets/js/room.js";
import { Storage } from "./world.mjs";

const select = (category, option) => ({ kind: "select", category, option });
const clear = (category) => ({ kind: "clear", category });
const KEY = "nest-pending-house";
const SEEN = "nest-epoch";

function newClock() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 10, 25) });
}
beforeEach(newClock);

// Says of some ops that they are not saved, though some of them are (OP16).
class Store extends SimulatedServer {
  away = 0;
  judge(connection, message) {
    if (this.chance() >= this.away) return super.judge(connection, message);
    if (this.chance() < 0.5) {
      super.judge(connection, message);
      connection.down = connection.down.filter((frame) => frame.op_id !== message.op_id);
    }
    this.refuse(connection, message, "not_saved", true);
    connection.down.at(-1).retry_after_ms = 700;
  }
}

// One browser tab: a page, which a reload replaces, and what the tab keeps.
class Tab {
  constructor(name, server, chance = () => 0.5) {
    Object.assign(this, { name, server, chance, storage: new Storage(), connection: null, asked: [], refused: [], full: 0, changes: [] });
    this.load();
  }

  load() {
    this.room?.disconnected(); // the page before is gone
    this.page = (this.page ?? 0) + 1;
    const page = this.page;
    this.connection = this.server.connect(this.name);
    this.server.connections.delete(this.connection);
    this.room = createRoom({
      frames: [this.server.snapshot(this.connection, null)],
      emit: (text) => page === this.page && this.emit(JSON.parse(text)),
      storage: this.storage,
      random: this.chance,
      reload: () => assert.fail("nothing asks for a reload"),
      onChange: (entry) => this.changes.push(entry),
      onRefused: ({ key }) => this.refused.push(key),
      onFull: () => (this.full += 1),
    });
    this.connection = null;
    this.check();
  }

  emit(message) {
    if (message.type === "op") {
      assert.ok([null, message.op_id].includes(this.unanswered), `${message.op_id} is sent before ${this.unanswered} is answered (CL9)`);
      this.unanswered = message.op_id;
    }
    this.connection?.up.push(message);
  }

  connect() {
    this.connection = this.server.connect(this.name);
    this.unanswered = null;
    this.room.connected();
  }

  drop() {
    this.server.connections.delete(this.connection);
    this.connection = null;
    this.unanswered = null;
    this.room.disconnected();
  }

  reload() {
    this.server.connections.delete(this.connection);
    this.unanswered = null;
    this.load();
  }

  ask(operation, how) {
    const opId = this.room.submit(operation, how);
    if (opId) this.asked.push({ opId, operation });
    this.check();
    return opId;
  }

  take(frame) {
    const about = frame.type === "ops" ? frame.ops : [frame];
    if (about.some((each) => each.op_id && each.op_id === this.unanswered)) this.unanswered = null;
    this.room.receive(frame);
    this.check();
  }

  // Everything that is on its way arrives.
  settle() {
    for (let n = 0; n < 1000 && (this.connection.up.length || this.connection.down.length); n += 1) {
      if (this.connection.up.length) this.server.handle(this.connection);
      else this.take(this.connection.down.shift());
    }
  }

  // What is sent, and never answered.
  lost() {
    return this.connection.up.splice(0);
  }

  get state() {
    return this.room.state;
  }

  get shown() {
    const shown = { ...this.state.selection };
    for (const [category, choice] of Object.entries(askedChoices(this.state.pending))) {
      if (choice) shown[category] = { option: choice.option };
      else delete shown[category];
    }
    return shown;
  }

  get logged() {
    return this.server.log.filter((each) => this.asked.some(({ opId }) => opId === each.op_id)).map((each) => each.op_id);
  }

  check() {
    const { epoch, version, selection } = this.state;
    if (epoch !== this.server.epoch) return;
    if (epoch === this.epoch) assert.ok(version >= this.version, "goes back (CL1)");
    [this.epoch, this.version] = [epoch, version];
    assert.deepEqual(selection, this.server.selectionAt(version), `${this.name} at ${version} (CL1)`);
    const newest = new Map(this.asked.map((each) => [each.operation.category, each]));
    for (const [category, { opId, operation }] of newest) {
      if (!this.state.pending.some((op) => op.op_id === opId)) continue;
      const asked = operation.kind === "clear" ? undefined : { option: operation.option };
      assert.deepEqual(this.shown[category], asked, `${opId} flickers (CL7)`);
    }
  }
}

function opened() {
  const server = new Store(() => 0.5);
  const tab = new Tab("me", server);
  tab.connect();
  tab.settle();
  return { server, tab };
}

const refusal = (opId, code, more) => ({ type: "error", re: opId, op_id: opId, code, message: { de: "", en: "" }, retryable: true, ...more });

test("the first of two clicks is refused for a while, and the second stays the last (CL9)", () => {
  const { server, tab } = opened();
  const first = tab.ask(select("nest", "first"));
  const second = tab.ask(select("nest", "second"));
  assert.deepEqual(tab.lost().map((each) => each.op_id), [first]);
  tab.take(refusal(first, "not_saved", { retry_after_ms: 500 }));
  assert.equal(statusOf(tab.state).name, "retrying");
  mock.timers.tick(499);
  assert.deepEqual(tab.lost(), [], "whoever was told to wait waits with everything");
  mock.timers.tick(2000);
  tab.settle();
  assert.deepEqual(tab.logged, [first, second]);
  assert.deepEqual(tab.shown.nest, { option: "second" });
  assert.deepEqual(tab.state.pending, []);
  assert.deepEqual(server.selectionAt(server.version).nest, { option: "second" });
});

test("a store that was away for long is used again within seconds of its return (CL9)", () => {
  const { tab } = opened();
  const clicks = ["a", "b", "c"].map((option) => tab.ask(select("nest", option)));
  for (let tries = 0; tries < 12; tries += 1) {
    const [sent] = tab.lost();
    assert.equal(sent?.op_id, clicks[0], "also after many refusals it is asked for again within 3 s");
    tab.take(refusal(clicks[0], "not_saved", { retry_after_ms: 1000 }));
    mock.timers.tick(3000);
  }
  tab.settle();
  assert.deepEqual(tab.logged, clicks);
});

test("what waits is bounded; what finds no room is said and nothing is dropped (CL10)", () => {
  const { tab, server } = opened();
  tab.drop();
  for (let n = 0; n < PENDING_MAX + 3; n += 1) tab.ask(select("nest", `o${n}`));
  assert.equal(tab.full, 3);
  assert.equal(tab.asked.length, PENDING_MAX);
  assert.equal(JSON.parse(tab.storage.getItem(KEY)).length, PENDING_MAX);
  tab.connect();
  tab.settle();
  assert.deepEqual(tab.logged, tab.asked.map((each) => each.opId));
  assert.deepEqual(server.selectionAt(server.version).nest, { option: `o${PENDING_MAX - 1}` });
  assert.deepEqual(tab.storage.keys(), [SEEN]);
});

test("a lost answer is asked for again with the same op, a lost answer to a join too (CL3)", () => {
  const { tab } = opened();
  const op = tab.ask(select("nest", "a"));
  const [sent] = tab.lost();
  mock.timers.tick(6500);
  mock.timers.tick(2500);
  assert.deepEqual(tab.lost(), [sent]);
  tab.drop();
  tab.connect();
  assert.deepEqual(tab.lost().map((each) => each.type), ["join"]);
  mock.timers.tick(6500);
  tab.settle();
  assert.deepEqual(tab.logged, [op]);
  assert.deepEqual(tab.state.pending, []);
});

test("a reload goes on with what waits, in order, but not in somebody else's name (CL3)", () => {
  const { tab, server } = opened();
  const asked = ["a", "b", "c"].map((option) => tab.ask(select("nest", option)));
  tab.server.handle(tab.connection); // the first one is saved, the answer is lost
  tab.reload();
  assert.deepEqual(tab.state.pending.map((op) => op.op_id), asked);
  tab.connect();
  tab.settle();
  assert.deepEqual(tab.logged, asked);
  tab.drop();
  tab.ask(select("nest", "d"));
  tab.name = "somebody else";
  tab.load();
  assert.deepEqual(tab.state.pending, []);
  assert.equal(server.version, 3);
});

test("a duplicated tab sends the same ops again, and each counts once (OP4)", () => {
  const { tab, server } = opened();
  tab.drop();
  const asked = ["a", "b"].map((option) => tab.ask(select("nest", option)));
  const twin = new Tab("me", server);
  for (const key of tab.storage.keys()) twin.storage.setItem(key, tab.storage.getItem(key));
  twin.load();
  twin.connect();
  twin.settle();
  tab.connect();
  tab.ask(select("nest", "c"));
  tab.settle();
  twin.settle();
  assert.deepEqual(tab.logged.slice(0, 2), asked);
  assert.equal(server.version, 3);
  for (const each of [tab, twin]) assert.deepEqual([each.state.pending, each.state.version], [[], 3]);
  for (const each of [tab, twin]) assert.deepEqual(each.storage.keys(), [SEEN]);
});

test("an outcome that is ahead of its change ends nothing before the change is there (CL7)", () => {
  const { server, tab } = opened();
  const op = tab.ask(select("nest", "a"));
  server.handle(tab.connection);
  const [change, outcome] = tab.connection.down.splice(0);
  tab.take(outcome);
  assert.deepEqual([tab.shown.nest, tab.state.selection.nest], [{ option: "a" }, { option: "o0" }]);
  assert.notEqual(statusOf(tab.state).name, "saved", "(CL4)");
  tab.take(change);
  assert.deepEqual([tab.state.pending, tab.shown.nest], [[], { option: "a" }]);
  assert.deepEqual(tab.changes.map((entry) => [entry.key, entry.askedHere]), [[op, true]]);
  tab.settle();
  tab.ask(select("nest", "b"));
  server.handle(tab.connection);
  tab.take(tab.connection.down.splice(0).find((frame) => frame.type === "outcome"));
  tab.take(server.snapshot(tab.connection, null));
  assert.deepEqual([tab.state.pending, tab.shown.nest], [[], { option: "b" }], "a snapshot has the change too");
});

test("what will never be carried out is said, and the next one has its turn (CL11)", () => {
  const { tab } = opened();
  const [bad, good] = [tab.ask(select("nest", "a")), tab.ask(select("nest", "b"))];
  tab.lost();
  tab.take(refusal(bad, "op_id_reused", { retryable: false }));
  assert.deepEqual(tab.refused, [bad]);
  tab.settle();
  assert.deepEqual(tab.logged, [good]);
});

test("another history: what is not answered is asked again, a guard of the old one ends", () => {
  const { server, tab } = opened();
  for (const option of ["a", "b", "c"]) tab.ask(select("nest", option));
  tab.settle();
  tab.drop();
  const [plain, guarded] = [tab.ask(select("nest", "d")), tab.ask(select("shell", "s"), { guarded: true })];
  assert.deepEqual(tab.state.pending.map((op) => op.base_version), [3, 3]);
  server.restore(1);
  tab.connect();
  for (let n = 0; n < 20; n += 1) {
    tab.settle();
    mock.timers.tick(2000);
  }
  assert.deepEqual(tab.logged.slice(1), [plain]);
  assert.deepEqual(tab.refused, [guarded]);
  assert.deepEqual(tab.state.selection, server.selectionAt(2));
  assert.deepEqual(tab.state.changes.map((entry) => entry.version), [2], "what the old history had is not listed");
});

test("a backup was put back: it is said once, also to a page that loads again (CL15)", () => {
  const { server, tab } = opened();
  tab.ask(select("nest", "a"));
  tab.settle();
  assert.equal(tab.state.restored, null);
  server.restore(0);
  server.tellPositions();
  tab.settle();
  assert.deepEqual(tab.state.restored, { to: null });
  tab.room.dismiss("restored");
  tab.reload();
  assert.equal(tab.state.restored, null, "said already");
  tab.connect();
  tab.ask(select("nest", "b"));
  tab.settle();
  assert.deepEqual(tab.state.restored, null);
  server.restore(0);
  tab.reload();
  assert.deepEqual(tab.state.restored, { to: null }, "the page before had seen another history");
});

test("a process that stops loads no page anew: its socket ends, and the next one goes on", () => {
  const { server, tab } = opened();
  tab.take({ type: "error", code: "restarting", message: { de: "", en: "" }, retryable: true, retry_after_ms: 300 });
  tab.drop();
  tab.connect();
  tab.ask(select("nest", "a"));
  tab.settle();
  assert.deepEqual(tab.state.selection, server.selectionAt(1));
});

test("whoever asks for a name is told the answer, or that none came", async () => {
  const { tab } = opened();
  const introduce = () => tab.room.request({ type: "introduce", name: "Anna" });
  const answers = [introduce(), introduce(), introduce()];
  const asked = tab.connection.up.splice(0);
  assert.equal(new Set(asked.map((message) => message.id)).size, 3);
  const refusal = { type: "error", re: asked[1].id, code: "not_saved", message: { de: "", en: "" }, retryable: true };
  tab.take(refusal);
  tab.take({ type: "introduced", re: asked[0].id, person: { id: "p", name: "Anna", colour: 1 } });
  tab.drop();
  assert.deepEqual((await Promise.all(answers)).map((answer) => answer?.type ?? null), ["introduced", "error", null]);
  assert.equal(await introduce(), null, "there is no connection");
});

test("an op names the history that it was asked in (CL15, OP20)", () => {
  const { tab } = opened();
  tab.ask(select("nest", "a"));
  assert.deepEqual(tab.lost().map(({ epoch, base_version }) => [epoch, base_version]), [["epoch-1", 0]]);
});

test("whoever asks for the next one has seen their own last one", () => {
  const { tab } = opened();
  tab.ask(select("nest", "a"));
  tab.ask({ kind: "clear", category: "nest" }, { guarded: true });
  tab.server.handle(tab.connection);
  while (tab.connection.down.length) tab.take(tab.connection.down.shift());
  assert.equal(tab.lost()[0].base_version, 1);
});

test("after a reload the latest changes are known, with who and when (A15)", () => {
  const { tab, server } = opened();
  const other = new Tab("other", server);
  other.connect();
  other.settle();
  for (let n = 0; n < 14; n += 1) {
    const who = n % 2 ? tab : other;
    who.ask(select("nest", `o${n}`));
    for (const each of [who, tab, other]) each.settle();
  }
  const listed = () => tab.state.changes.map(({ version, mine, author, changes }) => [version, mine, author.name, changes[0].after.option]);
  const before = listed();
  assert.equal(before.length, 14);
  tab.reload();
  assert.deepEqual(listed(), []);
  tab.connect();
  tab.settle();
  assert.deepEqual(listed(), before.slice(0, 10));
  tab.drop();
  tab.connect();
  assert.deepEqual(tab.lost()[0].since.version, 14, "asked for once");
});

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
  const quiet = () => tabs.every((tab) => tab.connection && !tab.state.pending.length && !tab.state.askingSince && tab.state.version === server.version);
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

test("random interleavings: in order, each once, none lost, all the same at the end (CL3, CL7, CL9, CL11)", () => {
  played(150, {}, ({ server, tabs }) => {
    for (const tab of tabs) {
      const possible = tab.asked.filter(({ operation }) => operation.option !== "impossible");
      assert.deepEqual(tab.logged, possible.map((each) => each.opId));
      assert.ok(tab.asked.every(({ opId }) => server.outcomes.has(opId)));
      assert.deepEqual(tab.state.selection, server.selectionAt(server.version));
      assert.deepEqual(tab.shown, tab.state.selection);
      assert.equal(tab.state.totalCents, server.version);
      assert.deepEqual(tab.storage.keys(), [SEEN]);
      const versions = tab.state.changes.map((entry) => entry.version);
      assert.deepEqual(versions, [...versions].sort((x, y) => y - x));
    }
  });
});

test("random interleavings with a backup put back: everybody ends with what the server has", () => {
  played(80, { restores: true }, ({ server, tabs }) => {
    for (const tab of tabs) {
      assert.equal(tab.state.epoch, server.epoch);
      assert.deepEqual(tab.shown, server.selectionAt(server.version));
      assert.equal(new Set(tab.logged).size, tab.logged.length);
    }
  });
});

test("a tab that was let in keeps the house in sight when it is not let in again", () => {
  const server = new Store(() => 0.5);
  const tab = new Tab("anna", server);
  tab.connect();
  tab.settle();
  tab.drop();
  tab.connect();
  const { id } = tab.connection.up[0];
  const message = { de: "Dieses Haus gibt es nicht.", en: "This house does not exist." };
  tab.take({ type: "error", re: id, code: "not_found", message, retryable: false });
  const { state } = tab.room;
  assert.deepEqual([state.gone, state.ended], [null, { code: "access_revoked" }]);
  assert.equal(statusOf(state).name, "gone");
  assert.equal(tab.ask(select("nest", "nest120")), null);
});
