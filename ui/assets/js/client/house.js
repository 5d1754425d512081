/**
 * A house that this client has joined: its state, and the ways to change it.
 *
 * It carries out the effects of `state.js` over a link: timers here, messages there. The configurator's
 * page loads this very file, and the npm package contains it.
 *
 * @import { Outcome, ServerMessage } from "./messages.js"
 * @import { ClientError } from "./errors.js"
 * @import { AnywayOptions, Effect, HouseEvents, HouseLink, HouseStatus, HouseView } from "./types.js"
 * @import { Operation, PendingOp, Recollection, SingleOperation, SubmitOptions } from "./types.js"
 */
import { Alarm } from "./alarm.js";
import { pauseMs, RESEND } from "./backoff.js";
import { HouseEnded, Refused } from "./errors.js";
import { Listeners } from "./events.js";
import { uuid7 } from "./ids.js";
import { checkOperation, checkWritable } from "./sendable.js";
import { HouseState } from "./state.js";

/** A message without an answer within this time is sent again, which is safe. */
const ANSWER_MS = 6_000;
/** An outcome that arrives before its effect waits this long; then the missing versions are asked for. */
const EFFECT_MS = 400;
/** The shortest time between two messages about the place of this person. */
const PRESENCE_MS = 100;

/**
 * @typedef {object} Asked
 * @property {(outcome: Outcome) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {() => void} over  stops listening to its signal
 */

export class House {
  /** @type {HouseLink} */
  #link;
  /** @type {HouseState} */
  #state;
  /** @type {Listeners<HouseEvents>} */
  #listeners = new Listeners();
  /** @type {Map<string, Asked>} */
  #asked = new Map();
  /** Rings if an answer is missing. */
  #answer = new Alarm();
  /** Rings when an op that was refused for a while may be sent again. */
  #pause = new Alarm();
  /** Rings if the effect of an outcome is missing. */
  #effect = new Alarm();
  /** Rings when the place of this person may be told again. */
  #presence = new Alarm();
  /** @type {{ category: string | null, view: string | null } | null} */
  #place = null;
  #placeTold = true;
  #online = false;
  /** @type {HouseStatus} */
  #status = "offline";
  /**
   * Resolves with the first snapshot; rejects if the house cannot be joined.
   *
   * @readonly
   * @type {Promise<House>}
   */
  joined;
  /** @type {(house: House) => void} */
  #resolveJoined = () => {};
  /** @type {(error: ClientError) => void} */
  #rejectJoined = () => {};

  /**
   * @param {HouseLink} link
   * @param {string} name
   * @param {string} reference
   * @param {readonly PendingOp[]} [pending]
   * @param {Recollection} [recollection]
   */
  constructor(link, name, reference, pending = [], recollection = {}) {
    this.#link = link;
    this.#state = new HouseState(name, reference, pending, recollection);
    this.joined = new Promise((resolve, reject) => {
      this.#resolveJoined = resolve;
      this.#rejectJoined = reject;
    });
    this.joined.catch(() => undefined);
  }

  /**
   * The present state. `shown` is the selection to show: the confirmed one, with pending ops laid
   * over it.
   *
   * @returns {HouseView}
   */
  get state() {
    return this.#state.view;
  }

  /** @returns {HouseStatus} */
  get status() {
    return this.#status;
  }

  /**
   * Ops without an outcome, to be kept elsewhere and given to `join(code, { pending })` later.
   *
   * @returns {readonly PendingOp[]}
   */
  get pending() {
    return this.#state.view.pending;
  }

  /**
   * @template {keyof HouseEvents} Name
   * @param {Name} name
   * @param {(event: HouseEvents[Name]) => void} listener
   * @returns {() => void}
   */
  on(name, listener) {
    return this.#listeners.on(name, listener);
  }

  // ---- changing

  /**
   * @param {string} category
   * @param {string} option
   * @param {number} [quantity]
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  select(category, option, quantity, options) {
    const asked = /** @type {const} */ ({ kind: "select", category, option });
    return this.submit(quantity === undefined ? asked : { ...asked, quantity }, options);
  }

  /**
   * @param {string} category
   * @param {number} quantity
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  setQuantity(category, quantity, options) {
    return this.submit({ kind: "set_quantity", category, quantity }, options);
  }

  /**
   * @param {string} category
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  clear(category, options) {
    return this.submit({ kind: "clear", category }, options);
  }

  /**
   * Ask for several operations at once: all are carried out, or none.
   *
   * @param {readonly SingleOperation[]} operations
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  apply(operations, options) {
    return this.submit({ kind: "apply", operations }, options);
  }

  /**
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  reset(options) {
    return this.submit({ kind: "reset" }, options);
  }

  /**
   * @param {AnywayOptions} [options]
   * @returns {Promise<Outcome>}
   */
  undo({ anyway = false, ...options } = {}) {
    return this.submit({ kind: "undo", anyway }, options);
  }

  /**
   * @param {AnywayOptions} [options]
   * @returns {Promise<Outcome>}
   */
  redo({ anyway = false, ...options } = {}) {
    return this.submit({ kind: "redo", anyway }, options);
  }

  /**
   * Ask for any operation. Resolves once with its outcome, rejected and conflict included. Rejects
   * with Refused if it will never be judged, with Undecided if the end came before the outcome, and
   * with the reason of `signal` if that withdrew it.
   *
   * @param {Operation} operation
   * @param {SubmitOptions} [options]
   * @returns {Promise<Outcome>}
   */
  submit(operation, { guarded = false, opId = uuid7(), signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      checkOperation(operation);
      // An error here rejects the promise.
      const effects = this.#state.submit(opId, operation, guarded);
      const withdraw = () => this.#withdraw(opId, signal?.reason);
      this.#asked.set(opId, { resolve, reject, over: () => signal?.removeEventListener("abort", withdraw) });
      signal?.addEventListener("abort", withdraw);
      this.#carryOut(effects);
    });
  }

  /**
   * The outcome of an op that was sent to any process; null if it is not stored.
   *
   * @param {string} opId
   * @returns {Promise<Outcome | null>}
   */
  async outcomeOf(opId) {
    const configuration = this.state.configuration ?? this.state.code;
    try {
      const reply = await this.#link.ask({ type: "outcome_of", configuration, op_id: opId });
      return /** @type {Outcome} */ (reply);
    } catch (error) {
      if (error instanceof Refused && error.code === "op_unknown") return null;
      throw error;
    }
  }

  /**
   * Tell the others where in the configurator this person is. The last place is sent again after a reconnect.
   *
   * @param {{ category?: string | null, view?: string | null }} place
   */
  present({ category = null, view = null }) {
    checkWritable([category, view]);
    this.#place = { category, view };
    this.#placeTold = false;
    if (!this.#presence.isSet) this.#tellPlace();
  }

  /** Leave the house; ops without an outcome reject with HouseEnded. */
  leave() {
    const configuration = this.state.configuration;
    if (configuration && !this.state.ended) this.#link.send({ type: "leave", configuration });
    this.end((opIds) => new HouseEnded("left", opIds));
  }

  // ---- for the owner of the connection

  /** @param {ServerMessage} frame */
  concerns(frame) {
    return this.#state.concerns(frame);
  }

  /** @param {ServerMessage} frame */
  receive(frame) {
    this.#carryOut(this.#state.receive(frame));
  }

  connected() {
    this.#online = true;
    this.#carryOut(this.#state.connected());
  }

  disconnected() {
    this.#online = false;
    const effects = this.#state.disconnected();
    for (const alarm of [this.#answer, this.#effect, this.#presence]) alarm.clear();
    if (!this.#state.waiting) this.#pause.clear();
    this.#carryOut(effects);
  }

  /** @param {(opIds: readonly string[]) => ClientError} error */
  end(error) {
    this.#carryOut(this.#state.end(error));
  }

  // ---- effects

  /** @param {readonly Effect[]} effects */
  #carryOut(effects) {
    for (const effect of effects) this.#act(effect);
    if (effects.some((effect) => effect.do === "changed")) this.#listeners.tell("change", this.state);
    this.#watchForAnswers(effects.some((effect) => effect.do === "send"));
    this.#tellStatus();
  }

  /**
   * @param {Effect} effect
   * @returns {void}
   */
  #act(effect) {
    switch (effect.do) {
      case "send":
        return this.#link.send(effect.message);
      case "settle":
        this.#answered(effect.outcome.op_id)?.resolve(effect.outcome);
        this.#listeners.tell("outcome", effect.outcome);
        return this.#listeners.tell("settled", { op: effect.op, outcome: effect.outcome, error: null });
      case "fail":
        this.#answered(effect.opId)?.reject(effect.error);
        return this.#listeners.tell("settled", { op: effect.op, outcome: null, error: effect.error });
      case "wait": {
        const pause = pauseMs(RESEND, effect.tries, effect.atLeastMs, this.#link.random);
        return this.#pause.set(pause, () => this.#carryOut(this.#state.waited()));
      }
      case "expect":
        if (!this.#effect.isSet) this.#effect.set(EFFECT_MS, () => this.#carryOut(this.#state.overdue()));
        return;
      case "joined":
        this.#placeTold = this.#place === null;
        this.#tellPlace();
        this.#listeners.tell("joined", this.state);
        return this.#resolveJoined(this);
      case "ended":
        for (const alarm of [this.#answer, this.#pause, this.#effect, this.#presence]) alarm.clear();
        this.#link.forget(this);
        return this.#rejectJoined(effect.error);
      case "present":
        return this.#listeners.tell("presence", this.state.members);
      case "applied":
        return this.#listeners.tell("op", { op: effect.op, own: effect.own });
      case "known":
        return this.#listeners.tell("known", effect.op);
      case "changed":
        return; // told once, after all effects
    }
  }

  /** @param {string} opId */
  #answered(opId) {
    const asked = this.#asked.get(opId);
    this.#asked.delete(opId);
    asked?.over();
    return asked;
  }

  /**
   * @param {string} opId
   * @param {unknown} reason
   */
  #withdraw(opId, reason) {
    const effects = this.#state.withdraw(opId);
    if (effects === null) return;
    this.#answered(opId)?.reject(reason);
    this.#carryOut(effects);
  }

  /** @param {boolean} sent */
  #watchForAnswers(sent) {
    const { expecting } = this.#state;
    if (sent || !expecting) this.#answer.clear();
    if (this.#answer.isSet || !this.#online || !expecting) return;
    this.#answer.set(ANSWER_MS, () => this.#carryOut(this.#state.overdue()));
  }

  #tellPlace() {
    const configuration = this.state.configuration;
    if (this.#placeTold || !this.#place || !configuration || !this.#online) return;
    this.#placeTold = true;
    this.#link.send({ type: "presence", configuration, ...this.#place });
    this.#presence.set(PRESENCE_MS, () => this.#tellPlace());
  }

  #tellStatus() {
    const { ended, pending } = this.state;
    const working = this.#online ? (pending.length ? "saving" : "saved") : "offline";
    const status = ended ? "ended" : working;
    if (status === this.#status) return;
    this.#status = status;
    this.#listeners.tell("status", status);
  }
}
