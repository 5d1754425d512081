// The page as a client of the protocol, without a browser: a tab, and the server and network of clients/js/test.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { SimulatedServer } from "../../../../../clients/js/test/simulated.mjs";
import { createRoom } from "../../../../../ui/assets/js/configurator/room/room.js";
import { Storage } from "../../world.mjs";

export const select = (category, option) => ({ kind: "select", category, option });
export const clear = (category) => ({ kind: "clear", category });
export const KEY = "nest-pending-house";
export const SEEN = "nest-epoch";

export function newClock() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 10, 25) });
}

// Says of some ops that they are not saved, though some of them are (OP16).
export class Store extends SimulatedServer {
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
export class Tab {
  constructor(name, server, chance = () => 0.5, { giveUp } = {}) {
    Object.assign(this, {
      name,
      giveUp,
      server,
      chance,
      storage: new Storage(),
      connection: null,
      asked: [],
      refused: [],
      overtaken: [],
      full: 0,
      changes: [],
    });
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
      reload: (afterMs) => this.reloads(afterMs),
      giveUp: this.giveUp,
      onChange: (entry) => this.changes.push(entry),
      onRefused: ({ key }) => this.refused.push(key),
      onFull: () => (this.full += 1),
    });
    this.connection = null;
    this.check();
  }

  emit(message) {
    if (message.type === "op") {
      const early = ![null, message.op_id].includes(this.unanswered);
      if (early) this.overtaken.push(`${message.op_id} is sent before ${this.unanswered} is answered`);
      this.unanswered = message.op_id;
    }
    this.connection?.up.push(message);
  }

  reloads() {
    assert.fail("nothing asks for a reload");
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
    for (const [category, choice] of Object.entries(this.state.asked)) {
      if (choice) shown[category] = choice;
      else delete shown[category];
    }
    return shown;
  }

  get logged() {
    return this.server.log
      .filter((each) => this.asked.some(({ opId }) => opId === each.op_id))
      .map((each) => each.op_id);
  }

  check() {
    assert.deepEqual(this.overtaken, [], "(CL9)");
    const { epoch, version, selection } = this.state;
    if (epoch !== this.server.epoch) return;
    if (epoch === this.epoch) assert.ok(version >= this.version, "goes back (CL1)");
    [this.epoch, this.version] = [epoch, version];
    assert.deepEqual(selection, this.server.selectionAt(version), `${this.name} at ${version} (CL1)`);
    assert.equal(this.state.totalCents, version, "the price is that of the confirmed version (CL8)");
    const newest = new Map(this.asked.map((each) => [each.operation.category, each]));
    for (const [category, { opId, operation }] of newest) {
      if (!this.state.pending.some((op) => op.op_id === opId)) continue;
      const asked = operation.kind === "clear" ? undefined : { option: operation.option };
      assert.deepEqual(this.shown[category], asked, `${opId} flickers (CL7)`);
    }
  }
}

export function opened() {
  const server = new Store(() => 0.5);
  const tab = new Tab("me", server);
  tab.connect();
  tab.settle();
  return { server, tab };
}

export const refusal = (opId, code, more) => ({
  type: "error",
  re: opId,
  op_id: opId,
  code,
  message: { de: "", en: "" },
  retryable: true,
  ...more,
});
