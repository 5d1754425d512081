/**
 * One house as this client knows it: pure, no sockets, no clock, no chance.
 *
 * Theory. The server decides; `HouseState` remembers what is confirmed and what was asked and not yet
 * answered. It is told what happens (`submit`, `withdraw`, `connected`, `disconnected`, `receive`, `overdue`,
 * `waited`) and answers with effects: what to send, which op has its outcome, what to tell.
 *
 * Confirmed. `version` moves by exactly one, by an op frame, or jumps by a snapshot. Whatever is newer
 * than the next version is not applied: a `join` with `since` asks for what is missing.
 *
 * Pending. One op is on its way at a time, the oldest, so a client's ops can not overtake each other
 * whatever happens to one of them. An op is sent again, unchanged, until it is answered: the server
 * knows it by its `op_id`. It leaves the list in exactly one of two ways:
 *
 *     settled   its outcome came, and the version that the outcome speaks of is confirmed here
 *     failed    the server will never carry it out, or this client left the house
 *
 * As long as it was never sent it may also be withdrawn: then it is as if it had not been asked for.
 *
 * Shown. Each pending op lays a guess over the confirmed selection, made when it was submitted. The
 * guess goes in the same step in which the op's effect arrives or the op leaves the list. So what
 * somebody chose never jumps back in between.
 */
import { CODES, type Code } from "./codes.js";
import { HouseEnded, QueueFull, Refused, type ClientError } from "./errors.js";
import type * as messages from "./messages.js";
import { changed, guess, overlaid, type Guess, type Operation, type Selection } from "./selection.js";

export const PENDING_MAX = 256;

/** An op that has no outcome yet, in the form in which it can be kept and submitted again. */
export interface PendingOp {
  readonly op_id: string;
  readonly base_version: number;
  /** The history that `base_version` counts in; null where nothing was seen yet. */
  readonly epoch?: string | null;
  readonly operation: Operation;
  readonly guarded: boolean;
}

interface Entry extends PendingOp {
  base_version: number;
  epoch?: string | null;
  readonly guess: Guess;
  sent: number;
  refused: number;
  /** Its effect is in the confirmed selection. */
  effected: boolean;
  /** Its outcome, while that speaks of a version that is not here yet. */
  outcome: messages.Outcome | null;
  versionUnknown: boolean;
}

/** A backup took the place of what was there: what was changed after `to` is gone. Null: not said. */
export interface Restored {
  readonly to: string | null;
}

/** What is known at one moment; immutable. `shown` is `selection` with what was asked laid over it. */
export interface HouseView {
  readonly configuration: string | null;
  readonly code: string;
  readonly catalogue: string | null;
  readonly epoch: string | null;
  readonly version: number;
  readonly selection: Selection;
  readonly shown: Selection;
  readonly derived: messages.Derived | null;
  readonly totalCents: number | null;
  /** Set when the house was restored from a backup while this client had it open. */
  readonly restored: Restored | null;
  readonly members: readonly messages.Member[];
  readonly memberCount: number;
  readonly you: messages.You | null;
  readonly pending: readonly PendingOp[];
  readonly ended: ClientError | null;
}

export type Effect =
  | { readonly do: "send"; readonly message: messages.ClientMessage }
  | { readonly do: "settle"; readonly outcome: messages.Outcome }
  | { readonly do: "fail"; readonly opId: string; readonly error: ClientError }
  /** Call `waited()` after a pause before try number `tries`, of at least so many milliseconds. */
  | { readonly do: "wait"; readonly tries: number; readonly atLeastMs: number }
  /** An outcome is ahead of its effect: call `overdue()` unless the effect comes soon. */
  | { readonly do: "expect" }
  | { readonly do: "joined" }
  | { readonly do: "ended"; readonly error: ClientError }
  | { readonly do: "changed" }
  | { readonly do: "present" }
  | { readonly do: "applied"; readonly op: messages.OpFrame; readonly own: boolean };

export class HouseState {
  readonly #name: string;
  readonly #reference: string;
  #configuration: string | null = null;
  #code: string;
  #catalogue: string | null = null;
  #epoch: string | null = null;
  #version = 0;
  #selection: Selection = {};
  #derived: messages.Derived | null = null;
  #totalCents: number | null = null;
  #restored: Restored | null = null;
  #members: readonly messages.Member[] = [];
  #memberCount = 0;
  #you: messages.You | null = null;
  #pending: Entry[] = [];
  #ended: ClientError | null = null;

  #connected = false;
  #joinNumber = 0;
  /** The id of the join that is not answered yet. */
  #joining: string | null = null;
  #joinsRefused = 0;
  /** A join is due as soon as the pause is over. */
  #joinAfterwards = false;
  #onItsWay: Entry | null = null;
  #waiting = false;
  #view: HouseView | null = null;

  /** `name` tells the joins of this house from those of others; `pending` is left from another time. */
  constructor(name: string, reference: string, pending: readonly PendingOp[] = []) {
    this.#name = name;
    this.#reference = reference;
    this.#code = reference;
    // They may have been sent then: their body is fixed.
    this.#pending = pending.map((op) => entry(op, new Map(), 1));
  }

  get view(): HouseView {
    this.#view ??= {
      configuration: this.#configuration,
      code: this.#code,
      catalogue: this.#catalogue,
      epoch: this.#epoch,
      version: this.#version,
      selection: this.#selection,
      shown: overlaid(this.#selection, this.#guesses()),
      derived: this.#derived,
      totalCents: this.#totalCents,
      restored: this.#restored,
      members: this.#members,
      memberCount: this.#memberCount,
      you: this.#you,
      pending: this.#pending.map(({ op_id, base_version, epoch, operation, guarded }) => {
        return { op_id, base_version, epoch: epoch ?? null, operation, guarded };
      }),
      ended: this.#ended,
    };
    return this.#view;
  }

  /** Whether an answer is awaited; after a while without one, call `overdue()`. */
  get expecting(): boolean {
    return this.#joining !== null || this.#onItsWay !== null;
  }

  /** Whether this frame is about this house. */
  concerns(frame: messages.ServerMessage): boolean {
    if ("configuration" in frame && frame.configuration === this.#configuration) return true;
    const re = "re" in frame ? frame.re : null;
    if (re && re === this.#joining) return true;
    const opId = frame.type === "error" ? (frame.op_id ?? re) : null;
    return Boolean(opId) && this.#pending.some((each) => each.op_id === opId);
  }

  // ---- asking

  /** Queue an op; it is sent when its turn comes. Throws QueueFull, HouseEnded. */
  submit(opId: string, operation: Operation, guarded = false): Effect[] {
    if (this.#ended) throw this.#ended;
    if (this.#pending.length >= PENDING_MAX) throw new QueueFull(PENDING_MAX);
    const asked = {
      op_id: opId,
      base_version: this.#version,
      epoch: this.#epoch,
      operation,
      guarded,
    };
    this.#pending.push(entry(asked, guess(operation, this.view.shown)));
    return [...this.#touched(), ...this.#sendNext()];
  }

  /** Take an op out that was never sent; null where it was, or is not pending. */
  withdraw(opId: string): Effect[] | null {
    const asked = this.#pending.find((each) => each.op_id === opId);
    if (!asked || asked.sent > 0) return null;
    this.#pending = this.#pending.filter((each) => each !== asked);
    return [...this.#touched(), ...this.#sendNext()];
  }

  connected(): Effect[] {
    this.#connected = true;
    return this.#join();
  }

  disconnected(): Effect[] {
    this.#connected = false;
    this.#joining = null;
    this.#onItsWay = null;
    this.#waiting = false;
    return this.#touched();
  }

  /** No answer came for too long: ask again. */
  overdue(): Effect[] {
    if (!this.#connected) return [];
    const held = this.#pending.some((each) => each.outcome !== null);
    if (this.#joining !== null) return this.#join();
    if (held) return this.#missed();
    this.#onItsWay = null;
    return this.#sendNext();
  }

  /** The pause that a `wait` effect asked for is over. */
  waited(): Effect[] {
    this.#waiting = false;
    if (!this.#connected || this.#ended) return [];
    return this.#joinAfterwards ? this.#join() : this.#sendNext();
  }

  /** Nothing more is sent or shown; every pending op fails with the error made of their ids. */
  end(error: (opIds: readonly string[]) => ClientError): Effect[] {
    if (this.#ended) return [];
    const failed = this.#pending.map((each) => each.op_id);
    const ended = error(failed);
    this.#ended = ended;
    this.#pending = [];
    this.#onItsWay = null;
    this.#joining = null;
    const effects = failed.map((opId): Effect => ({ do: "fail", opId, error: ended }));
    return [...effects, { do: "ended", error: ended }, ...this.#touched()];
  }

  // ---- hearing

  /** What a frame that concerns this house brings. Types that are not known bring nothing. */
  receive(frame: messages.ServerMessage): Effect[] {
    if (this.#ended) return [];
    switch (frame.type) {
      case "snapshot":
        return this.#snapshot(frame);
      case "ops":
        return this.#ops(frame);
      case "op":
        return [...this.#apply([frame]), ...this.#release()];
      case "outcome":
        return this.#outcome(frame);
      case "position":
        return frame.epoch !== this.#epoch || frame.version > this.#version ? this.#missed() : [];
      case "presence":
        this.#present(frame.members, frame.member_count);
        return [{ do: "present" }, ...this.#touched()];
      case "left":
        return this.#left(frame);
      case "error":
        return this.#error(frame);
      default:
        return [];
    }
  }

  #snapshot(frame: messages.Snapshot): Effect[] {
    const again = this.#epoch !== null && this.#epoch !== frame.epoch;
    this.#configuration = frame.configuration;
    this.#code = frame.code;
    this.#catalogue = frame.catalogue;
    this.#epoch = frame.epoch;
    this.#version = frame.version;
    this.#selection = frame.selection;
    this.#derived = frame.derived;
    this.#totalCents = frame.derived?.price?.total_cents ?? this.#totalCents;
    this.#you = frame.you;
    this.#present(frame.members, frame.member_count);
    const effects: Effect[] = [...this.#touched(), { do: "present" }];
    if (again) {
      this.#restored = { to: frame.restored_to ?? null };
      // Another history: versions of the old one say nothing here, and effects of it may be gone.
      for (const each of this.#pending) {
        each.effected = false;
        if (each.outcome) each.outcome = { ...each.outcome, version: 0 };
      }
    }
    return [...effects, ...this.#release(), ...this.#entered(frame.re)];
  }

  #ops(frame: messages.Ops): Effect[] {
    const effects = this.#apply(frame.ops);
    if (frame.you) this.#you = frame.you;
    if (frame.members) {
      this.#present(frame.members, frame.member_count ?? frame.members.length);
      effects.push({ do: "present" });
    }
    effects.push(...this.#touched(), ...this.#release(), ...this.#entered(frame.re));
    const behind = frame.epoch !== this.#epoch || frame.to > this.#version;
    return behind ? [...effects, ...this.#missed()] : effects;
  }

  #entered(re: string | null | undefined): Effect[] {
    if (!re || re !== this.#joining) return [];
    this.#joining = null;
    this.#joinsRefused = 0;
    return [{ do: "joined" }, ...this.#sendNext()];
  }

  /** Apply what comes next, skip what is known; a gap asks for what is missing. */
  #apply(ops: readonly messages.OpFrame[]): Effect[] {
    const effects: Effect[] = [];
    for (const op of ops) {
      if (op.epoch !== this.#epoch || op.version > this.#version + 1) {
        return [...effects, ...this.#missed()];
      }
      if (op.version === this.#version + 1) effects.push(...this.#applyNext(op));
    }
    return effects;
  }

  #applyNext(op: messages.OpFrame): Effect[] {
    const own = this.#pending.find((each) => each.op_id === op.op_id);
    if (own) {
      own.effected = true;
      this.#seenByAuthor(op.version);
    }
    this.#version = op.version;
    this.#selection = op.selection ?? changed(this.#selection, op.changes);
    this.#derived = op.derived ?? this.#derived;
    this.#totalCents = op.total_cents;
    return [{ do: "applied", op, own: own !== undefined }, ...this.#touched()];
  }

  /** Whoever asked for the next op saw the effect of their own last one, though not its version. */
  #seenByAuthor(version: number): void {
    for (const each of this.#pending) {
      const here = (each.epoch ?? this.#epoch) === this.#epoch;
      if (each.sent > 0 || !here || each.base_version !== version - 1) continue;
      each.base_version = version;
      each.epoch = this.#epoch;
    }
  }

  #outcome(frame: messages.Outcome): Effect[] {
    const asked = this.#pending.find((each) => each.op_id === frame.op_id);
    if (!asked || asked.outcome) return [];
    if (this.#onItsWay === asked) this.#onItsWay = null;
    asked.outcome = frame;
    const effects = this.#release();
    if (asked.outcome && this.#pending.includes(asked)) effects.push({ do: "expect" });
    return [...effects, ...this.#sendNext()];
  }

  /** Settle every op whose outcome speaks of what is confirmed here. */
  #release(): Effect[] {
    const settled: Effect[] = [];
    this.#pending = this.#pending.filter((each) => {
      const outcome = each.outcome;
      if (!outcome || outcome.version > this.#version) return true;
      const { can_undo, can_redo } = outcome;
      if (this.#you && can_undo != null) this.#you = { ...this.#you, can_undo, can_redo };
      settled.push({ do: "settle", outcome });
      return false;
    });
    return settled.length ? [...settled, ...this.#touched()] : [];
  }

  #left(frame: messages.Left): Effect[] {
    const code = frame.code ?? "left";
    if (code in CODES && CODES[code as Code].retryable) return this.#joinLater(0, 0);
    return this.end((opIds) => new HouseEnded(code, opIds));
  }

  #error(frame: messages.Error): Effect[] {
    if (frame.re && frame.re === this.#joining) return this.#joinRefused(frame);
    const opId = frame.op_id ?? frame.re;
    const asked = this.#pending.find((each) => each.op_id === opId);
    if (!asked || asked.outcome) return [];
    if (this.#onItsWay === asked) this.#onItsWay = null;
    if (frame.code === "not_joined") return this.#joinLater(asked.refused++, 0);
    if (frame.code === "version_unknown" && !asked.versionUnknown) {
      asked.versionUnknown = true;
      return this.#join();
    }
    if (frame.retryable) {
      return this.#wait(asked.refused++, frame.retry_after_ms);
    }
    this.#pending = this.#pending.filter((each) => each !== asked);
    const failed: Effect = { do: "fail", opId: asked.op_id, error: new Refused(frame) };
    return [failed, ...this.#touched(), ...this.#sendNext()];
  }

  #joinRefused(frame: messages.Error): Effect[] {
    this.#joining = null;
    if (frame.retryable) {
      return this.#joinLater(this.#joinsRefused++, frame.retry_after_ms);
    }
    if (this.#configuration === null) return this.end(() => new Refused(frame));
    return this.end((opIds) => new HouseEnded(frame.code, opIds));
  }

  // ---- saying

  #missed(): Effect[] {
    if (this.#waiting) this.#joinAfterwards = true;
    return this.#joining === null && !this.#waiting ? this.#join() : [];
  }

  #joinLater(tries: number, atLeastMs: number | null | undefined): Effect[] {
    this.#joinAfterwards = true;
    return this.#wait(tries, atLeastMs);
  }

  #join(): Effect[] {
    if (!this.#connected || this.#ended) return [];
    this.#joinNumber += 1;
    this.#joinAfterwards = false;
    this.#joining = `${this.#name}-${this.#joinNumber}`;
    this.#onItsWay = null;
    const configuration = this.#configuration ?? this.#reference;
    const since = this.#epoch === null ? null : { epoch: this.#epoch, version: this.#version };
    const join: messages.Join = { type: "join", id: this.#joining, configuration };
    return [{ do: "send", message: since ? { ...join, since } : join }];
  }

  #sendNext(): Effect[] {
    if (!this.#connected || this.#joining || this.#waiting || this.#onItsWay) return [];
    const next = this.#pending.find((each) => each.outcome === null);
    if (!next || this.#configuration === null || this.#ended) return [];
    this.#onItsWay = next;
    next.sent += 1;
    const { op_id, base_version, epoch, operation, guarded } = next;
    const op: messages.Op = {
      type: "op",
      id: op_id,
      configuration: this.#configuration,
      op_id,
      base_version,
      operation,
      guarded,
    };
    return [{ do: "send", message: epoch ? { ...op, epoch } : op }];
  }

  #wait(tries: number, atLeastMs: number | null | undefined): Effect[] {
    this.#waiting = true;
    return [{ do: "wait", tries, atLeastMs: atLeastMs ?? 0 }];
  }

  #present(members: readonly messages.Member[], count: number | undefined): void {
    this.#members = members;
    this.#memberCount = Math.max(count ?? 0, members.length);
  }

  #guesses(): Guess[] {
    return this.#pending.filter((each) => !each.effected).map((each) => each.guess);
  }

  #touched(): Effect[] {
    this.#view = null;
    return [{ do: "changed" }];
  }
}

function entry(op: PendingOp, guessed: Guess, sent = 0): Entry {
  const fresh = { sent, refused: 0, effected: false, outcome: null, versionUnknown: false };
  return { ...op, ...fresh, guess: guessed };
}
