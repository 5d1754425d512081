/** Types that several of these files share, in TypeScript. Nothing loads this file at run time. */
import type { ClientError } from "./errors.js";
import type {
  Apply,
  Choice,
  ClientMessage,
  Derived,
  Member,
  Op,
  OpFrame,
  Outcome,
  ServerMessage,
  You,
} from "./messages.js";

export type Operation = Op["operation"];
export type SingleOperation = Apply["operations"][number];

/** Category → its choice; a category without a choice is absent. */
export type Selection = Readonly<Record<string, Choice>>;

/** Category → the choice that is shown until the server answers; null: no choice. */
export type Guess = ReadonlyMap<string, Choice | null>;

/** An op that has no outcome yet, in the form in which it can be kept and submitted again. */
export interface PendingOp {
  readonly op_id: string;
  readonly base_version: number;
  /** The history to which `base_version` belongs; null if nothing was seen yet. */
  readonly epoch?: string | null;
  readonly operation: Operation;
  readonly guarded: boolean;
}

/** The house was restored from a backup: changes after `to` are gone. Null: the moment is unknown. */
export interface Restored {
  readonly to: string | null;
}

/** The state at one moment; immutable. `shown` is `selection` with the pending ops laid over it. */
export interface HouseView {
  readonly configuration: string | null;
  readonly code: string;
  readonly catalogue: string | null;
  readonly epoch: string | null;
  readonly version: number;
  readonly selection: Selection;
  readonly shown: Selection;
  /** The difference between the two: category → the requested choice without an answer; null: to be cleared. */
  readonly asked: Readonly<Record<string, Choice | null>>;
  readonly derived: Derived | null;
  readonly totalCents: number | null;
  /** Set when the house was restored from a backup after this client, or the one before it, saw it. */
  readonly restored: Restored | null;
  readonly members: readonly Member[];
  readonly memberCount: number;
  /** `can_undo` and `can_redo` are those after the last op of this person; null: unknown. */
  readonly you: You | null;
  readonly pending: readonly PendingOp[];
  /** Whether a pending op was refused for a while, or not answered in time, and is sent again. */
  readonly retrying: boolean;
  readonly ended: ClientError | null;
}

/** What an earlier client, or another part of the application, knows of a house. */
export interface Recollection {
  /** The epoch that was seen last: if the house has another one now, it was restored. */
  readonly epoch?: string | null;
  /** The number of known versions that the first join asks for again; the event `known` tells of them. */
  readonly recall?: number;
}

export type Effect =
  | { readonly do: "send"; readonly message: ClientMessage }
  | { readonly do: "settle"; readonly outcome: Outcome; readonly op: PendingOp }
  | { readonly do: "fail"; readonly opId: string; readonly error: ClientError; readonly op: PendingOp }
  /** Call `waited()` after a pause before try number `tries`, of at least this many milliseconds. */
  | { readonly do: "wait"; readonly tries: number; readonly atLeastMs: number }
  /** An outcome is ahead of its effect: call `overdue()` unless the effect comes soon. */
  | { readonly do: "expect" }
  | { readonly do: "joined" }
  | { readonly do: "ended"; readonly error: ClientError }
  | { readonly do: "changed" }
  | { readonly do: "present" }
  | { readonly do: "applied"; readonly op: OpFrame; readonly own: boolean }
  /** An op that the selection already contained when it arrived. */
  | { readonly do: "known"; readonly op: OpFrame };

/** `saved`: no op waits for an answer. `offline`: there is no connection, and ops wait here. */
export type HouseStatus = "saved" | "saving" | "offline" | "ended";

export interface HouseEvents {
  /** The state has changed. */
  change: HouseView;
  /** A committed op was applied; `own` when it was asked for here. */
  op: { readonly op: OpFrame; readonly own: boolean };
  /** An op that `state` already contained, such as those that `recall` asks for. */
  known: OpFrame;
  /** An op that was asked for here has its outcome. */
  outcome: Outcome;
  /** Any op that was pending, also one of an earlier client, has its outcome or will never have one. */
  settled: Settled;
  /** A join was answered: the first one, and each after a connection was lost. */
  joined: HouseView;
  presence: readonly Member[];
  status: HouseStatus;
}

/** Either `outcome` or `error` is null. */
export interface Settled {
  readonly op: PendingOp;
  readonly outcome: Outcome | null;
  readonly error: ClientError | null;
}

export interface SubmitOptions {
  /** Carry the op out only if nobody has changed what it relies on since the confirmed version. */
  readonly guarded?: boolean;
  readonly opId?: string;
  /**
   * Withdraws an op that was never sent: it is not sent, and its promise rejects with the signal's reason.
   * One that was sent goes on to its outcome, whatever the signal says.
   */
  readonly signal?: AbortSignal;
}

export interface AnywayOptions extends SubmitOptions {
  /** Undo or redo even if somebody else has changed the same choice since. */
  readonly anyway?: boolean;
}

/** What a house needs of the owner of the connection. */
export interface HouseLink {
  readonly random: () => number;
  /** Send if there is a connection, else drop the message: the house sends it again after a reconnect. */
  send(message: ClientMessage): void;
  ask(message: ClientMessage): Promise<ServerMessage>;
  forget(house: object): void;
}
