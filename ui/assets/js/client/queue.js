/**
 * The ops of one house that have no outcome yet, oldest first. Pure.
 *
 * Its length is bounded: an op that does not fit is refused to its caller, and none is dropped
 * (CL10). Each op lays a guess over the confirmed selection, made when it was asked for. An op
 * and its guess are removed in one step: when the effect of the op arrives, which also tells the
 * outcome, or when the op has an outcome and the version in it is confirmed. So a choice never jumps
 * back in between (CL7).
 *
 * @import { Outcome, OpFrame } from "./messages.js"
 * @import { Guess, Operation, PendingOp, Selection } from "./types.js"
 *
 * @typedef {object} Entry
 * @property {string} op_id
 * @property {number} base_version
 * @property {string | null} epoch
 * @property {Operation} operation
 * @property {boolean} guarded
 * @property {Guess | null} guess  null while the state of the house is unknown
 * @property {number} sent  how often it was sent; afterwards its body is fixed, because the server compares it
 * @property {number} tries  how often it was refused for a while, or not answered
 * @property {Outcome | null} outcome  set while it names a version that has not arrived yet
 * @property {boolean} versionUnknown
 */
import { QueueFull } from "./errors.js";
import { guess, overlaid } from "./selection.js";

export const PENDING_MAX = 256;

export class Queue {
  /** @type {Entry[]} */
  #entries;
  /**
   * Ids of ops that were settled by their effect, and whose outcome is still on its way.
   * @type {Set<string>}
   */
  #owed = new Set();

  /**
   * `left` are ops of an earlier client. It may have sent them, so their body is fixed.
   *
   * @param {readonly PendingOp[]} left
   */
  constructor(left) {
    this.#entries = left.map((op) => entry(op, null, 1));
  }

  /** @returns {readonly PendingOp[]} */
  get ops() {
    return this.#entries.map(opOf);
  }

  /** @returns {readonly Guess[]} */
  get guesses() {
    return this.#entries.flatMap((each) => (each.guess ? [each.guess] : []));
  }

  /** Whether some op was refused for a while, or was not answered in time. */
  get retrying() {
    return this.#entries.some((each) => each.tries > 0);
  }

  /** Whether an outcome waits for the version in it. */
  get holds() {
    return this.#entries.some((each) => each.outcome !== null);
  }

  /** @param {string | null | undefined} opId */
  find(opId) {
    return this.#entries.find((each) => each.op_id === opId);
  }

  /**
   * The op that an outcome belongs to. The outcome of an op that was settled by its effect comes
   * later; it must not be taken for the outcome of a later op with the same id.
   *
   * @param {Outcome} frame
   */
  answeredBy({ op_id }) {
    return this.#owed.delete(op_id) ? undefined : this.find(op_id);
  }

  /** The connection has ended, and with it the outcomes that were still to come over it. */
  expectNoAnswers() {
    this.#owed.clear();
  }

  /** The oldest op without an outcome: the only one that may be on its way (CL9). */
  next() {
    return this.#entries.find((each) => each.outcome === null);
  }

  /**
   * Throws QueueFull.
   *
   * @param {PendingOp} op
   * @param {Selection} shown
   */
  add(op, shown) {
    if (this.#entries.length >= PENDING_MAX) throw new QueueFull(PENDING_MAX);
    this.#entries.push(entry(op, guess(op.operation, shown), 0));
  }

  /**
   * Show the ops that an earlier client left, as soon as the state of the house is known.
   *
   * @param {Selection} selection
   */
  guessWhatWasLeft(selection) {
    for (const each of this.#entries) {
      each.guess ??= guess(each.operation, overlaid(selection, this.guesses));
    }
  }

  /** @param {Entry} asked */
  remove(asked) {
    this.#entries = this.#entries.filter((each) => each !== asked);
  }

  /** Remove and return all ops. */
  removeAll() {
    const { ops } = this;
    this.#entries = [];
    return ops;
  }

  /**
   * Whether this op, whose effect is confirmed now, is one of the queue: then it has its outcome.
   *
   * The person who asked for the next op saw the effect of this one, though not its version. The
   * next op is therefore based on that version, unless an op of somebody else came in between, or
   * it was sent already.
   *
   * @param {OpFrame} frame
   * @param {boolean} owed whether its outcome is still to come over this connection
   */
  arrived(frame, owed) {
    const own = this.find(frame.op_id);
    if (!own) return false;
    if (owed && !own.outcome) this.#owed.add(own.op_id);
    own.outcome ??= outcomeOf(frame);
    for (const each of this.#entries) {
      const here = (each.epoch ?? frame.epoch) === frame.epoch;
      if (each.sent > 0 || !here || each.base_version !== frame.version - 1) continue;
      each.base_version = frame.version;
      each.epoch = frame.epoch;
    }
    return true;
  }

  /** Forget the versions of the earlier history: no outcome waits for one of them any more. */
  otherHistory() {
    for (const each of this.#entries) {
      if (each.outcome) each.outcome = { ...each.outcome, version: 0 };
    }
  }

  /**
   * Remove and return every op whose outcome names this version or an earlier one.
   *
   * @param {number} version
   */
  reached(version) {
    /** @type {{ op: PendingOp, outcome: Outcome }[]} */
    const settled = [];
    this.#entries = this.#entries.filter((each) => {
      if (!each.outcome || each.outcome.version > version) return true;
      settled.push({ op: opOf(each), outcome: each.outcome });
      return false;
    });
    return settled;
  }
}

/**
 * The message of an op, for the first time or once more; `version` is the confirmed one.
 *
 * @param {Entry} each
 * @param {number} version
 */
export function sendingOf(each, version) {
  each.sent += 1;
  const op = opOf(each);
  // The op was kept by a release that did not keep the epoch: its version may belong to a history
  // that is gone, and for an op without a guard it has no meaning (OP18).
  if (op.epoch || op.guarded) return op;
  return { ...op, base_version: Math.min(op.base_version, version) };
}

/**
 * @param {Entry} each
 * @returns {PendingOp}
 */
export function opOf({ op_id, base_version, epoch, operation, guarded }) {
  return { op_id, base_version, epoch, operation, guarded };
}

/**
 * @param {PendingOp} op
 * @param {Guess | null} guessed
 * @param {number} sent
 * @returns {Entry}
 */
function entry({ op_id, base_version, epoch = null, operation, guarded }, guessed, sent) {
  const fresh = { tries: 0, outcome: null, versionUnknown: false };
  return { op_id, base_version, epoch, operation, guarded, guess: guessed, sent, ...fresh };
}

/**
 * The outcome that an op frame itself tells, before or without the outcome message.
 *
 * @param {OpFrame} frame
 * @returns {Outcome}
 */
function outcomeOf({ configuration, op_id, outcome, version, total_cents, reasons }) {
  return { type: "outcome", configuration, op_id, outcome, version, total_cents, reasons, repairs: [] };
}
