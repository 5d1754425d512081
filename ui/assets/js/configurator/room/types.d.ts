/** Types of what the parts of the screen read. Nothing loads this file at run time. */
import type {
  Change,
  ClientMessage,
  OpFrame,
  Person,
  Reason,
  ReasonCode,
  Repair,
  ServerMessage,
  Text,
} from "../../client/messages.js";
import type { HouseView, Operation, PendingOp, Recollection, Restored } from "../../client/types.js";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** An op that has no answer yet; `since`: when it was asked for, in milliseconds of the clock. */
export interface AskedOp extends PendingOp {
  readonly since: number;
}

/** An op that took effect, as the list of changes shows it. */
export interface ChangeEntry {
  readonly key: string;
  /** By this person, in this tab or another one. */
  readonly mine: boolean;
  readonly author: Person;
  readonly kind: string;
  readonly changes: readonly Change[];
  readonly reasons: readonly Reason[];
  readonly outcome: OpFrame["outcome"];
  readonly at: number;
  readonly version: number;
  readonly total_cents: number;
  /** In this tab, also by a page before a reload. */
  readonly askedHere: boolean;
  readonly seenAt: number;
  /** The change of the price by the op, in cents; undefined: not known. */
  readonly change_cents?: number | undefined;
  /** Milliseconds from the click to the arrival of the change; null if another tab or person asked for it. */
  readonly waited_ms?: number | null;
}

/** A reason of a rule, or one with a code of the table of codes. */
export interface Why extends Omit<Reason, "code"> {
  readonly code: ReasonCode | (string & {});
}

/** An op of this tab that was not carried out. */
export interface Refusal {
  readonly key: string;
  readonly category: string | null;
  readonly operation: Operation;
  readonly outcome: "rejected" | "conflict" | "failed";
  readonly reasons: readonly Why[];
  readonly repairs: readonly Repair[];
}

/** A change that a rule made after somebody's choice. */
export interface Adjustment {
  readonly key: string;
  readonly category: string;
  readonly change: Change;
  readonly reasons: readonly Reason[];
  readonly author: Person;
  readonly mine: boolean;
}

export interface RoomState extends Writable<Omit<HouseView, "pending" | "ended">> {
  me: Person | null;
  sessionId: string | null;
  /** Null: not known. */
  canUndo: boolean | null;
  canRedo: boolean | null;
  pending: readonly AskedOp[];
  refusals: Refusal[];
  adjustments: Adjustment[];
  /** Newest first. */
  changes: ChangeEntry[];
  socket: "connecting" | "up" | "down";
  online: boolean;
  /** The reason why no house is shown. */
  gone: Text | null;
  /** Set when a backup replaced a state that this tab, or the page before it, had shown. */
  restored: Restored | null;
  /** The reason why this tab is no member any more; the house stays in sight. */
  ended: { readonly code: string; readonly text?: Text | undefined } | null;
  /** The number of times that links or roles changed, or may have changed while this tab was not connected. */
  accessChanges: number;
  /** The time in milliseconds, set every 400 ms. */
  clock: number;
}

/** Callbacks of the screen. */
export interface RoomHearing {
  readonly onChange?: ((entry: ChangeEntry) => void) | undefined;
  /** Called when there was nothing to undo or redo. */
  readonly onNothing?: ((reason: Why) => void) | undefined;
  readonly onRefused?: ((refusal: Refusal) => void) | undefined;
}

export interface RoomOptions extends RoomHearing {
  /** The frames that the page brings, with a snapshot among them. */
  readonly frames: readonly ServerMessage[];
  readonly emit: (text: string) => void;
  readonly reactive?: (state: RoomState) => RoomState;
  readonly storage?: Storage | null;
  readonly random?: () => number;
  /** Load the page again, after at least this many milliseconds. */
  readonly reload: (afterMs: number) => void;
  /** Close a connection that is dead; another one is opened by itself. */
  readonly giveUp?: () => void;
  readonly onFrame?: ((direction: "in" | "out", frame: ClientMessage | ServerMessage) => void) | undefined;
  /** An op was not accepted, because `most` ops wait already. */
  readonly onFull?: ((most: number) => void) | undefined;
}

/** An op as it is kept for the next page of this tab; older releases kept fewer fields. */
export interface KeptOp extends PendingOp {
  readonly since?: number;
  readonly person?: string;
}

export type { Recollection };
