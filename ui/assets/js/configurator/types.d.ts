/** Types of the configurator's screen. Nothing loads this file at run time. */
import type { Change } from "../client/messages.js";
import type { Operation } from "../client/types.js";
import type { Language } from "../shared/types.js";
import type { Actions } from "./actions.js";
import type { createRoom } from "./room/room.js";
import type { Adjustment, ChangeEntry, Refusal, RoomState, Why } from "./room/types.js";
import type { State } from "./state.js";
import type { Texts } from "./words/texts.js";
import type { Words } from "./words/words.js";

export type { Adjustment, ChangeEntry, Operation, Refusal, RoomState, Why };
export type Room = ReturnType<typeof createRoom>;
/** The id of a view of the catalogue. */
export type View = string;
export type SheetName = "people" | "invite" | "inquiry" | "reset" | "breakdown";

/** Callbacks by which the room tells the screen. */
export interface Hearing {
  change(entry: ChangeEntry): void;
  refused(refusal: Refusal): void;
  nothing(reason: Why): void;
  full(most: number): void;
}

/** A choice of the reader that somebody else's change replaced. */
export type Lost = Change;

export interface Toast {
  readonly kind: "own" | "over" | "news";
  readonly key: string;
  title?: string;
  text?: string;
  readonly category?: string | null;
  /** The categories that it speaks of. */
  readonly about?: readonly (string | null)[];
  readonly colour: number;
  readonly stays?: boolean;
  readonly lost?: readonly Lost[];
  readonly cents?: number;
  readonly count?: number;
}

/** The state of this tab's own screen, which nobody else sees. */
export interface Ui {
  language: Language;
  view: View;
  sheet: SheetName | null;
  announcement: string;
  toasts: Toast[];
  category: string | null;
}

/** Somebody who is here, once, however many tabs they have open. */
export interface Present {
  readonly person: string;
  readonly name: string;
  readonly initials: string;
  readonly colour: number;
  readonly role?: string | null;
  readonly category?: string | null;
  readonly me: boolean;
}

export interface FrameLog {
  readonly frames: {
    readonly n: number;
    readonly direction: "in" | "out";
    readonly type: string;
    readonly text: string;
    readonly bytes: number;
    readonly time: string;
    readonly at: number;
    readonly op: string | null;
    took: number | null;
  }[];
  readonly answers: number[];
}

/** The four things of the screen; each part takes only those that it needs. */
export interface Context {
  readonly texts: Texts;
  readonly words: Words;
  readonly actions: Actions;
  readonly state: State;
}
