/**
 * One house as this client knows it. Pure: it has no sockets, no clock and no randomness.
 *
 * Theory. The server decides. `HouseState` keeps the confirmed state and the ops that are not
 * answered yet. Each event is a call (`submit`, `withdraw`, `connected`, `disconnected`, `receive`,
 * `overdue`, `waited`) that returns effects: what to send, which op has its outcome, what to tell.
 *
 * Confirmed (`confirmed.js`). `version` moves by exactly one with an op frame, or jumps with a
 * snapshot. An op beyond the next version is not applied: a `join` asks for the missing ones.
 *
 * Pending (`queue.js`). One op is on its way at a time, the oldest, so a client's ops cannot
 * overtake each other, whatever happens to one of them. An op is sent again, unchanged, until it is
 * answered: the server knows it by its `op_id`. It leaves the list in exactly one of two ways:
 *
 *     settled   its effect came, or its outcome and the version in it
 *     failed    the server will never carry it out, or this client left the house
 *
 * As long as it was never sent it can also be withdrawn, as if it had not been asked for.
 *
 * Shown. Each pending op lays a guess over the confirmed selection.
 * The configurator's page loads this very file, and the npm package contains it.
 *
 * @import { Error as ErrorFrame, Join, Left, Op, OpFrame, Ops, Outcome, ServerMessage, Snapshot } from "./messages.js"
 * @import { ClientError } from "./errors.js"
 * @import { Entry } from "./queue.js"
 * @import { Effect, HouseView, Operation, PendingOp, Recollection } from "./types.js"
 */
import { CODES, known } from "./codes.js";
import { Confirmed } from "./confirmed.js";
import { HouseEnded, Refused } from "./errors.js";
import { Queue, opOf, sendingOf } from "./queue.js";
import { viewOf } from "./view.js";

/** If an op is refused with one of these, no other op would be carried out either. */
const ENDING = new Set(["access_revoked", "not_found", "not_authenticated"]);

export class HouseState {
  /** @type {string} */
  #name;
  /** @type {string} */
  #reference;
  /** @type {Confirmed} */
  #confirmed;
  /** @type {Queue} */
  #queue;
  /** @type {ClientError | null} */
  #ended = null;

  #connected = false;
  #joinNumber = 0;
  /** The id of the join that is not answered yet. @type {string | null} */
  #joining = null;
  #joinsRefused = 0;
  /** A join is due as soon as the pause is over. */
  #joinAfterwards = false;
  /** The number of known versions that the next join asks for again. @type {number} */
  #recall;
  /** @type {Entry | null} */
  #onItsWay = null;
  #waiting = false;
  /** The server asked for the pause, so a new connection does not end it. */
  #toldToWait = false;
  /** @type {HouseView | null} */
  #view = null;

  /**
   * `name` distinguishes this house's joins from others; `pending` are ops of an earlier client.
   *
   * @param {string} name
   * @param {string} reference
   * @param {readonly PendingOp[]} [pending]
   * @param {Recollection} [recollection]
   */
  constructor(name, reference, pending = [], { epoch = null, recall = 0 } = {}) {
    this.#name = name;
    this.#reference = reference;
    const asked = pending.reduce((seen, op) => op.epoch ?? seen, /** @type {string | null} */ (null));
    this.#confirmed = new Confirmed(reference, epoch ?? asked);
    this.#queue = new Queue(pending);
    this.#recall = recall;
  }

  get view() {
    return (this.#view ??= viewOf(this.#confirmed, this.#queue, this.#ended));
  }

  /** Whether an answer is awaited; if it does not come for a while, call `overdue()`. */
  get expecting() {
    return this.#joining !== null || this.#onItsWay !== null;
  }

  /** Whether the pause of a `wait` effect goes on; the end of a connection may end it. */
  get waiting() {
    return this.#waiting;
  }

  /**
   * Whether this frame is about this house.
   *
   * @param {ServerMessage} frame
   */
  concerns(frame) {
    if ("configuration" in frame && frame.configuration === this.#confirmed.configuration) return true;
    const re = "re" in frame ? frame.re : null;
    if (re && re === this.#joining) return true;
    const opId = frame.type === "error" ? (frame.op_id ?? re) : null;
    return Boolean(opId) && this.#queue.find(opId) !== undefined;
  }

  // ---- asking

  /**
   * Queue an op, which is sent in its turn. Throws QueueFull, HouseEnded.
   *
   * @param {string} opId
   * @param {Operation} operation
   * @returns {Effect[]}
   */
  submit(opId, operation, guarded = false) {
    if (this.#ended) throw this.#ended;
    const here = { base_version: this.#confirmed.version, epoch: this.#confirmed.epoch };
    this.#queue.add({ op_id: opId, ...here, operation, guarded }, this.view.shown);
    return [...this.#touched(), ...this.#sendNext()];
  }

  /**
   * Remove an op that was never sent; null if it was sent, or is not pending.
   *
   * @param {string} opId
   * @returns {Effect[] | null}
   */
  withdraw(opId) {
    const asked = this.#queue.find(opId);
    if (!asked || asked.sent > 0) return null;
    this.#queue.remove(asked);
    return [...this.#touched(), ...this.#sendNext()];
  }

  connected() {
    this.#connected = true;
    return this.#join();
  }

  disconnected() {
    this.#connected = false;
    this.#joining = null;
    this.#onItsWay = null;
    this.#queue.expectNoAnswers();
    this.#waiting &&= this.#toldToWait;
    return this.#touched();
  }

  /**
   * Ask again, because no answer came for too long.
   *
   * @returns {Effect[]}
   */
  overdue() {
    if (!this.#connected) return [];
    if (this.#joining !== null) return this.#join();
    if (this.#queue.holds) return this.#missed();
    if (this.#onItsWay) this.#onItsWay.tries += 1;
    this.#onItsWay = null;
    return [...this.#touched(), ...this.#sendNext()];
  }

  /**
   * Go on after the pause of a `wait` effect.
   *
   * @returns {Effect[]}
   */
  waited() {
    this.#waiting = this.#toldToWait = false;
    if (!this.#connected || this.#ended) return [];
    return this.#joinAfterwards ? this.#join() : this.#sendNext();
  }

  /**
   * Send and show nothing more; every pending op fails with the error made from their ids.
   *
   * @param {(opIds: readonly string[]) => ClientError} error
   * @returns {Effect[]}
   */
  end(error) {
    if (this.#ended) return [];
    const failed = this.#queue.removeAll();
    const ended = error(failed.map((op) => op.op_id));
    this.#ended = ended;
    this.#onItsWay = null;
    this.#joining = null;
    /** @type {Effect[]} */
    const effects = failed.map((op) => ({ do: "fail", opId: op.op_id, error: ended, op }));
    return [...effects, { do: "ended", error: ended }, ...this.#touched()];
  }

  // ---- hearing

  /**
   * The effects of a frame that concerns this house. An unknown type has none.
   *
   * @param {ServerMessage} frame
   * @returns {Effect[]}
   */
  receive(frame) {
    if (this.#ended) return [];
    switch (frame.type) {
      case "snapshot":
        return this.#snapshot(frame);
      case "ops":
        return this.#ops(frame);
      case "op":
        return [...this.#apply([frame]), ...this.#release(), ...this.#sendNext()];
      case "outcome":
        return this.#outcome(frame);
      case "position":
        return this.#confirmed.has(frame.epoch, frame.version) ? [] : this.#missed();
      case "presence":
        this.#confirmed.present(frame.members, frame.member_count);
        return [{ do: "present" }, ...this.#touched()];
      case "left":
        return this.#left(frame);
      case "error":
        return this.#error(frame);
      default:
        return [];
    }
  }

  /** @param {Snapshot} frame @returns {Effect[]} */
  #snapshot(frame) {
    if (this.#confirmed.replace(frame)) this.#queue.otherHistory();
    this.#queue.guessWhatWasLeft(frame.selection);
    return [...this.#touched(), { do: "present" }, ...this.#release(), ...this.#entered(frame.re)];
  }

  /** @param {Ops} frame @returns {Effect[]} */
  #ops(frame) {
    const effects = this.#apply(frame.ops);
    if (frame.you) this.#confirmed.meet(frame.you);
    if (frame.members) {
      this.#confirmed.present(frame.members, frame.member_count ?? frame.members.length);
      effects.push({ do: "present" });
    }
    effects.push(...this.#touched(), ...this.#release(), ...this.#entered(frame.re));
    const next = this.#confirmed.has(frame.epoch, frame.to) ? this.#sendNext() : this.#missed();
    return [...effects, ...next];
  }

  /** @param {string | null | undefined} re @returns {Effect[]} */
  #entered(re) {
    if (!re || re !== this.#joining) return [];
    this.#joining = null;
    this.#joinsRefused = 0;
    this.#recall = 0;
    return [{ do: "joined" }, ...this.#sendNext()];
  }

  /**
   * Apply the next ops and skip known ones; after a gap ask for the missing ones.
   *
   * @param {readonly OpFrame[]} ops
   * @returns {Effect[]}
   */
  #apply(ops) {
    /** @type {Effect[]} */
    const effects = [];
    for (const op of ops) {
      if (!this.#confirmed.has(op.epoch, op.version - 1)) return [...effects, ...this.#missed()];
      const old = this.#confirmed.has(op.epoch, op.version);
      const own = this.#queue.arrived(op, this.#onItsWay?.op_id === op.op_id);
      if (!old) this.#confirmed.apply(op, own);
      effects.push(old ? { do: "known", op } : { do: "applied", op, own }, ...this.#touched());
    }
    return effects;
  }

  /** @param {Outcome} frame @returns {Effect[]} */
  #outcome(frame) {
    const asked = this.#queue.answeredBy(frame);
    this.#confirmed.told(asked ? frame : { ...frame, reasons: [] });
    if (!asked || asked.outcome) return this.#touched();
    asked.outcome = frame;
    const effects = [...this.#touched(), ...this.#release()];
    if (this.#queue.find(frame.op_id)) effects.push({ do: "expect" });
    return [...effects, ...this.#sendNext()];
  }

  /**
   * Settle every op whose outcome names a confirmed version.
   *
   * @returns {Effect[]}
   */
  #release() {
    if (this.#onItsWay?.outcome) this.#onItsWay = null;
    const settled = this.#queue.reached(this.#confirmed.version);
    /** @type {Effect[]} */
    const effects = settled.map(({ op, outcome }) => ({ do: "settle", outcome, op }));
    return effects.length ? [...effects, ...this.#touched()] : [];
  }

  /** @param {Left} frame @returns {Effect[]} */
  #left(frame) {
    const code = frame.code ?? "left";
    if (known(code) && CODES[code].retryable) return this.#joinLater(0, 0);
    return this.end((opIds) => new HouseEnded(code, opIds));
  }

  /** @param {ErrorFrame} frame @returns {Effect[]} */
  #error(frame) {
    if (frame.re && frame.re === this.#joining) return this.#joinRefused(frame);
    const asked = this.#queue.find(frame.op_id ?? frame.re);
    if (!asked || asked.outcome) return [];
    if (this.#onItsWay === asked) this.#onItsWay = null;
    if (frame.code === "not_joined") return this.#joinLater(asked.tries++, 0);
    if (frame.code === "version_unknown" && !asked.versionUnknown) {
      asked.versionUnknown = true;
      return this.#join();
    }
    if (frame.retryable) return [...this.#wait(asked.tries++, frame.retry_after_ms), ...this.#touched()];
    if (ENDING.has(frame.code)) return this.#endedBy(frame);
    this.#queue.remove(asked);
    /** @type {Effect} */
    const failed = { do: "fail", opId: asked.op_id, error: new Refused(frame), op: opOf(asked) };
    return [failed, ...this.#touched(), ...this.#sendNext()];
  }

  /** @param {ErrorFrame} frame @returns {Effect[]} */
  #joinRefused(frame) {
    this.#joining = null;
    if (frame.retryable) return this.#joinLater(this.#joinsRefused++, frame.retry_after_ms);
    if (this.#confirmed.configuration === null) return this.end(() => new Refused(frame));
    return this.#endedBy(frame);
  }

  /** @param {ErrorFrame} frame */
  #endedBy(frame) {
    return this.end((opIds) => new HouseEnded(frame.code, opIds, new Refused(frame)));
  }

  // ---- saying

  #missed() {
    if (this.#waiting) this.#joinAfterwards = true;
    return this.#joining === null && !this.#waiting ? this.#join() : [];
  }

  /**
   * @param {number} tries
   * @param {number | null | undefined} atLeastMs
   */
  #joinLater(tries, atLeastMs) {
    this.#joinAfterwards = true;
    return this.#wait(tries, atLeastMs);
  }

  /** @returns {Effect[]} */
  #join() {
    if (!this.#connected || this.#ended) return [];
    this.#joinNumber += 1;
    this.#joinAfterwards = false;
    this.#joining = `${this.#name}-${this.#joinNumber}`;
    this.#onItsWay = null;
    const { configuration, epoch, version } = this.#confirmed;
    /** @type {Join} */
    const join = { type: "join", id: this.#joining, configuration: configuration ?? this.#reference };
    if (epoch === null) return [{ do: "send", message: join }];
    const since = { epoch, version: Math.max(0, version - this.#recall) };
    return [{ do: "send", message: { ...join, since } }];
  }

  /** @returns {Effect[]} */
  #sendNext() {
    if (!this.#connected || this.#joining || this.#waiting || this.#onItsWay) return [];
    const { configuration, version } = this.#confirmed;
    const next = this.#queue.next();
    if (!next || configuration === null || this.#ended) return [];
    this.#onItsWay = next;
    const { epoch, ...asked } = sendingOf(next, version);
    /** @type {Op} */
    const op = { type: "op", id: asked.op_id, configuration, ...asked };
    return [{ do: "send", message: epoch ? { ...op, epoch } : op }];
  }

  /**
   * @param {number} tries
   * @param {number | null | undefined} atLeastMs
   * @returns {Effect[]}
   */
  #wait(tries, atLeastMs) {
    this.#waiting = true;
    this.#toldToWait ||= Boolean(atLeastMs);
    return [{ do: "wait", tries, atLeastMs: atLeastMs ?? 0 }];
  }

  /** @returns {Effect[]} */
  #touched() {
    this.#view = null;
    return [{ do: "changed" }];
  }
}
