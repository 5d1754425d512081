// A server of one house and the network to it, in one thread and by a seeded generator, so that every
// interleaving can be repeated by its seed. It judges ops like the real server as far as a client can
// tell: it has an append-only log and outcomes by op_id, and it loses frames without notice.

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class SimulatedServer {
  epoch = "epoch-1";
  log = []; // {op_id, changes, selection, author}
  outcomes = new Map();
  connections = new Set();

  constructor(chance) {
    this.chance = chance;
  }

  get version() {
    return this.log.length;
  }

  selectionAt(version) {
    return version === 0 ? { nest: { option: "o0" } } : this.log[version - 1].selection;
  }

  connect(person) {
    const connection = { person, joined: false, up: [], down: [] };
    this.connections.add(connection);
    return connection;
  }

  // One message of a client, in order.
  handle(connection) {
    const message = connection.up.shift();
    if (message.type === "join") return this.join(connection, message);
    if (message.type !== "op") throw new Error(`unexpected ${message.type}`);
    if (!connection.joined) return this.refuse(connection, message, "not_joined", false);
    if (this.chance() < 0.08) return this.refuse(connection, message, "too_many_requests", true);
    const here = (message.epoch ?? this.epoch) === this.epoch;
    const lost = !here && message.guarded && !this.outcomes.has(message.op_id);
    if (lost || (here && message.base_version > this.version)) {
      return this.refuse(connection, message, "version_unknown", false);
    }
    this.judge(connection, message);
  }

  judge(connection, message) {
    const known = this.outcomes.get(message.op_id);
    if (known) return void connection.down.push({ ...known, re: message.id, repeated: true });
    const { operation, op_id } = message;
    const rejected = operation.option === "impossible";
    if (!rejected) {
      const before = this.selectionAt(this.version)[operation.category] ?? null;
      const after = operation.kind === "clear" ? null : { option: operation.option };
      const selection = { ...this.selectionAt(this.version) };
      if (after) selection[operation.category] = after;
      else delete selection[operation.category];
      const changes = [{ category: operation.category, before, after, cause: "asked" }];
      this.log.push({ op_id, changes, selection, author: connection.person });
    }
    const outcome = {
      type: "outcome",
      configuration: "house",
      op_id,
      outcome: rejected ? "rejected" : "committed",
      version: this.version,
      total_cents: this.version,
      reasons: [],
      repairs: [],
      repeated: false,
      can_undo: null,
      can_redo: null,
    };
    this.outcomes.set(op_id, outcome);
    const early = this.chance() < 0.1;
    if (early) connection.down.push({ ...outcome, re: message.id });
    if (!rejected) this.fanOut();
    if (!early) connection.down.push({ ...outcome, re: message.id });
  }

  fanOut() {
    for (const each of this.connections) {
      const lost = this.chance();
      if (each.joined && lost > 0.1) each.down.push(this.frame(this.version, true));
    }
  }

  tellPositions() {
    for (const each of this.connections) {
      if (!each.joined) continue;
      const { epoch, version } = this;
      each.down.push({ type: "position", configuration: "house", epoch, version });
    }
  }

  join(connection, message) {
    if (this.chance() < 0.05) return this.refuse(connection, message, "unavailable", true);
    connection.joined = true;
    const { since } = message;
    if (since && since.epoch === this.epoch && this.chance() < 0.7) {
      const missed = [];
      for (let v = since.version + 1; v <= this.version; v += 1) {
        missed.push(this.frame(v, v === this.version));
      }
      connection.down.push({
        type: "ops",
        re: message.id,
        configuration: "house",
        epoch: this.epoch,
        from: since.version,
        to: this.version,
        ops: missed,
        recovered: true,
        members: [],
        member_count: 0,
        you: { person: connection.person, role: "editor" },
      });
    } else connection.down.push(this.snapshot(connection, message.id));
  }

  snapshot(connection, re) {
    return {
      type: "snapshot",
      re,
      configuration: "house",
      code: "CODE",
      catalogue: "c",
      epoch: this.epoch,
      version: this.version,
      selection: this.selectionAt(this.version),
      derived: { price: { total_cents: this.version } },
      members: [],
      member_count: 0,
      you: { person: connection.person, role: "editor" },
      recovered: false,
    };
  }

  frame(version, whole) {
    const { op_id, changes, selection, author } = this.log[version - 1];
    return {
      type: "op",
      configuration: "house",
      epoch: this.epoch,
      version,
      op_id,
      outcome: "committed",
      author: { id: author, name: author, colour: 0 },
      operation_kind: "select",
      changes,
      reasons: [],
      total_cents: version,
      at: "2026-01-01T00:00:00Z",
      ...(whole ? { selection, derived: { price: { total_cents: version } } } : {}),
    };
  }

  refuse(connection, message, code, retryable) {
    connection.down.push({
      type: "error",
      re: message.id,
      code,
      message: { de: code, en: code },
      retryable,
      ...(message.op_id ? { op_id: message.op_id } : {}),
    });
  }

  // An older backup is put back: the newest ops are gone, and so are their outcomes.
  restore(version) {
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    for (const gone of this.log.splice(version)) this.outcomes.delete(gone.op_id);
    for (const [opId, outcome] of this.outcomes) {
      if (outcome.version > version) this.outcomes.delete(opId);
    }
  }
}
