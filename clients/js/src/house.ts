/** A house that this client has joined: what is in it, and the ways to change it. */
import { pauseMs, RESEND } from "./backoff.js";
import { HouseEnded, Refused, type ClientError } from "./errors.js";
import { Listeners } from "./events.js";
import { uuid7 } from "./ids.js";
import type * as messages from "./messages.js";
import { checkOperation, checkWritable } from "./sendable.js";
import type { Operation, SingleOperation } from "./selection.js";
import { HouseState, type Effect, type HouseView, type PendingOp } from "./state.js";

/** No answer within this time: the question is asked again, which is safe. */
const ANSWER_MS = 8_000;
/** An outcome that is ahead of its effect waits so long before the effect is asked for. */
const EFFECT_MS = 400;
/** Where somebody is, is told at most so often. */
const PRESENCE_MS = 100;

/** `saved`: nothing waits for an answer. `offline`: there is no connection, edits wait here. */
export type HouseStatus = "saved" | "saving" | "offline" | "ended";

export interface HouseEvents {
  /** What is known has changed, or what was asked. */
  change: HouseView;
  /** A committed op was applied; `own` when it was asked for here. */
  op: { readonly op: messages.OpFrame; readonly own: boolean };
  /** An op that was asked for here has its outcome. */
  outcome: messages.Outcome;
  presence: readonly messages.Member[];
  status: HouseStatus;
}

/** What a house needs of its client. */
export interface HouseLink {
  readonly random: () => number;
  send(message: messages.ClientMessage): void;
  ask(message: messages.ClientMessage): Promise<messages.ServerMessage>;
  forget(house: House): void;
}

interface Asked {
  resolve(outcome: messages.Outcome): void;
  reject(reason: unknown): void;
  /** Nobody listens to its signal any more. */
  over(): void;
}

export interface SubmitOptions {
  /** Only if nobody changed, since what is confirmed here, what it relies on. */
  readonly guarded?: boolean;
  readonly opId?: string;
  /**
   * Withdraws an op that was never sent: it never is, and its promise rejects with the signal's reason.
   * One that was sent goes on to its outcome, whatever the signal says.
   */
  readonly signal?: AbortSignal;
}

export interface AnywayOptions extends SubmitOptions {
  /** Even over what somebody else has changed since. */
  readonly anyway?: boolean;
}

export class House {
  readonly #link: HouseLink;
  readonly #state: HouseState;
  readonly #listeners = new Listeners<HouseEvents>();
  readonly #asked = new Map<string, Asked>();
  #answerTimer: Timer | null = null;
  #waitTimer: Timer | null = null;
  #effectTimer: Timer | null = null;
  #presenceTimer: Timer | null = null;
  #place: { category: string | null; view: string | null } | null = null;
  #placeTold = true;
  #online = false;
  #status: HouseStatus = "offline";
  /** Resolves with the first snapshot; rejects when the house can not be joined. */
  readonly joined: Promise<House>;
  #resolveJoined!: (house: House) => void;
  #rejectJoined!: (error: ClientError) => void;

  constructor(link: HouseLink, name: string, reference: string, pending: readonly PendingOp[] = []) {
    this.#link = link;
    this.#state = new HouseState(name, reference, pending);
    this.joined = new Promise<House>((resolve, reject) => {
      this.#resolveJoined = resolve;
      this.#rejectJoined = reject;
    });
    this.joined.catch(() => undefined);
  }

  /** What is known now. `shown` is what to show: confirmed, with what was asked laid over it. */
  get state(): HouseView {
    return this.#state.view;
  }

  get status(): HouseStatus {
    return this.#status;
  }

  /** Ops without an outcome, to be kept elsewhere and given to `join(code, { pending })` later. */
  get pending(): readonly PendingOp[] {
    return this.#state.view.pending;
  }

  on<Name extends keyof HouseEvents>(
    name: Name,
    listener: (event: HouseEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  // ---- changing

  select(
    category: string,
    option: string,
    quantity?: number,
    options?: SubmitOptions,
  ): Promise<messages.Outcome> {
    const asked = { kind: "select", category, option } as const;
    return this.submit(quantity === undefined ? asked : { ...asked, quantity }, options);
  }

  setQuantity(category: string, quantity: number, options?: SubmitOptions): Promise<messages.Outcome> {
    return this.submit({ kind: "set_quantity", category, quantity }, options);
  }

  clear(category: string, options?: SubmitOptions): Promise<messages.Outcome> {
    return this.submit({ kind: "clear", category }, options);
  }

  /** Several at once, all or none. */
  apply(operations: readonly SingleOperation[], options?: SubmitOptions): Promise<messages.Outcome> {
    return this.submit({ kind: "apply", operations }, options);
  }

  reset(options?: SubmitOptions): Promise<messages.Outcome> {
    return this.submit({ kind: "reset" }, options);
  }

  undo({ anyway = false, ...options }: AnywayOptions = {}): Promise<messages.Outcome> {
    return this.submit({ kind: "undo", anyway }, options);
  }

  redo({ anyway = false, ...options }: AnywayOptions = {}): Promise<messages.Outcome> {
    return this.submit({ kind: "redo", anyway }, options);
  }

  /**
   * Ask for any operation. Resolves once with its outcome, rejected and conflict included; rejects with
   * Refused when it will never be judged, with Undecided when the end came before the outcome, and with
   * the reason of `signal` when that withdrew it.
   */
  submit(
    operation: Operation,
    { guarded = false, opId = uuid7(), signal }: SubmitOptions = {},
  ): Promise<messages.Outcome> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      checkOperation(operation);
      const effects = this.#state.submit(opId, operation, guarded); // what it throws rejects
      const withdraw = () => this.#withdraw(opId, signal?.reason);
      this.#asked.set(opId, { resolve, reject, over: () => signal?.removeEventListener("abort", withdraw) });
      signal?.addEventListener("abort", withdraw);
      this.#carryOut(effects);
    });
  }

  /** What became of an op, wherever it was sent; null when it is not stored. */
  async outcomeOf(opId: string): Promise<messages.Outcome | null> {
    const configuration = this.state.configuration ?? this.state.code;
    try {
      const reply = await this.#link.ask({ type: "outcome_of", configuration, op_id: opId });
      return reply as messages.Outcome;
    } catch (error) {
      if (error instanceof Refused && error.code === "op_unknown") return null;
      throw error;
    }
  }

  /** Say where in the configurator this person is; the latest counts, also after a reconnect. */
  present({ category = null, view = null }: { category?: string | null; view?: string | null }): void {
    checkWritable([category, view]);
    this.#place = { category, view };
    this.#placeTold = false;
    if (this.#presenceTimer === null) this.#tellPlace();
  }

  /** Leave; ops without an outcome reject with HouseEnded. */
  leave(): void {
    const configuration = this.state.configuration;
    if (configuration && !this.state.ended) this.#link.send({ type: "leave", configuration });
    this.end((opIds) => new HouseEnded("left", opIds));
  }

  // ---- for the client

  concerns(frame: messages.ServerMessage): boolean {
    return this.#state.concerns(frame);
  }

  receive(frame: messages.ServerMessage): void {
    this.#carryOut(this.#state.receive(frame));
  }

  connected(): void {
    this.#online = true;
    this.#carryOut(this.#state.connected());
  }

  disconnected(): void {
    this.#online = false;
    this.#stopTimers();
    this.#carryOut(this.#state.disconnected());
  }

  end(error: (opIds: readonly string[]) => ClientError): void {
    this.#carryOut(this.#state.end(error));
  }

  // ---- effects

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#act(effect);
    if (effects.some((effect) => effect.do === "changed")) this.#listeners.tell("change", this.state);
    this.#watchForAnswers(effects.some((effect) => effect.do === "send"));
    this.#tellStatus();
  }

  #act(effect: Effect): void {
    switch (effect.do) {
      case "send":
        return this.#link.send(effect.message);
      case "settle":
        this.#answered(effect.outcome.op_id)?.resolve(effect.outcome);
        return this.#listeners.tell("outcome", effect.outcome);
      case "fail":
        return this.#answered(effect.opId)?.reject(effect.error);
      case "wait":
        return this.#wait(pauseMs(RESEND, effect.tries, effect.atLeastMs, this.#link.random));
      case "expect":
        this.#effectTimer ??= setTimeout(() => {
          this.#effectTimer = null;
          this.#carryOut(this.#state.overdue());
        }, EFFECT_MS);
        return;
      case "joined":
        this.#placeTold = this.#place === null;
        this.#tellPlace();
        return this.#resolveJoined(this);
      case "ended":
        this.#stopTimers();
        this.#link.forget(this);
        return this.#rejectJoined(effect.error);
      case "present":
        return this.#listeners.tell("presence", this.state.members);
      case "applied":
        return this.#listeners.tell("op", { op: effect.op, own: effect.own });
      case "changed":
        return; // told once, after all effects
    }
  }

  #answered(opId: string): Asked | undefined {
    const asked = this.#asked.get(opId);
    this.#asked.delete(opId);
    asked?.over();
    return asked;
  }

  #withdraw(opId: string, reason: unknown): void {
    const effects = this.#state.withdraw(opId);
    if (effects === null) return;
    this.#answered(opId)?.reject(reason);
    this.#carryOut(effects);
  }

  #wait(pause: number): void {
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    this.#waitTimer = setTimeout(() => {
      this.#waitTimer = null;
      this.#carryOut(this.#state.waited());
    }, pause);
  }

  #watchForAnswers(sent: boolean): void {
    if (this.#answerTimer !== null && (sent || !this.#state.expecting)) {
      clearTimeout(this.#answerTimer);
      this.#answerTimer = null;
    }
    if (this.#answerTimer === null && this.#online && this.#state.expecting) {
      this.#answerTimer = setTimeout(() => {
        this.#answerTimer = null;
        this.#carryOut(this.#state.overdue());
      }, ANSWER_MS);
    }
  }

  #tellPlace(): void {
    const configuration = this.state.configuration;
    if (this.#placeTold || !this.#place || !configuration || !this.#online) return;
    this.#placeTold = true;
    this.#link.send({ type: "presence", configuration, ...this.#place });
    this.#presenceTimer = setTimeout(() => {
      this.#presenceTimer = null;
      this.#tellPlace();
    }, PRESENCE_MS);
  }

  #tellStatus(): void {
    const { ended, pending } = this.state;
    const working = this.#online ? (pending.length ? "saving" : "saved") : "offline";
    const status = ended ? "ended" : working;
    if (status === this.#status) return;
    this.#status = status;
    this.#listeners.tell("status", status);
  }

  #stopTimers(): void {
    for (const timer of [this.#answerTimer, this.#waitTimer, this.#effectTimer, this.#presenceTimer]) {
      if (timer !== null) clearTimeout(timer);
    }
    this.#answerTimer = this.#waitTimer = this.#effectTimer = this.#presenceTimer = null;
  }
}

type Timer = ReturnType<typeof setTimeout>;
