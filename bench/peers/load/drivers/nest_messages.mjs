// Shared by both of our transports: ops whose op_id says which edit they are, and the check for gaps in versions.

const SIZES = ["nest80", "nest100", "nest120", "nest140", "nest160"];
const SHELLS = ["trapezblech", "holzlattung", "fassadenplatten_schwarz", "fassadenplatten_weiss"];
const hex = (value, digits) => value.toString(16).padStart(digits, "0");

/** A new number for every run, so that no op_id is used twice. */
const RUN = hex(Math.floor(Math.random() * 2 ** 32), 8);

export const opId = (writer, number) => `${RUN}-0000-4${hex(writer, 3)}-8000-${hex(number, 12)}`;

/** The edit with this op_id; null if it belongs to another run. */
export function editOf(id) {
  return id.startsWith(RUN) ? [parseInt(id.slice(15, 18), 16), parseInt(id.slice(24), 16)] : null;
}

export function op(room, writer, number, base = 0) {
  const operation =
    number % 2
      ? { kind: "select", category: "nest", option: SIZES[number % 5] }
      : { kind: "select", category: "gebaeudehuelle", option: SHELLS[number % 4] };
  return { type: "op", configuration: room.id, op_id: opId(writer, number), base_version: base, operation };
}

/** The version that one member has reached, and whether it missed any. */
export class View {
  constructor(seen) {
    this.seen = seen;
    this.epoch = null;
    this.version = null;
    this.gaps = 0;
    this.snapshots = 0;
    this.problems = [];
    this.waiting = new Map();
  }

  ops(from, to, ids) {
    if (this.version !== null && from !== this.version) this.gaps += 1;
    this.version = to;
    for (const id of ids) {
      const edit = editOf(id);
      if (edit) this.seen(...edit);
    }
  }

  snapshot(epoch, version) {
    this.snapshots += 1;
    this.epoch = epoch;
    this.version = version;
  }

  outcome(id, outcome) {
    if (outcome !== "committed" && outcome !== "adjusted") this.problems.push(outcome);
    this.waiting.get(id)?.();
    this.waiting.delete(id);
  }

  answered(id) {
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
    });
  }
}
