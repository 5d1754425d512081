/** Types of the live view. Nothing loads this file at run time. */
import type { createFeed, normal } from "./feed.js";
import type { Texts, Words } from "./words.js";

/** One line of the time line, made of what a stranger may have sent: only text and numbers. */
export type Entry = ReturnType<typeof normal>;

export type Feed = ReturnType<typeof createFeed>;

/** Sends a request to the server. */
export type Ask = (message: { readonly type: string; readonly [field: string]: unknown }) => void;

export interface Filter {
  text: string;
  type: string;
  category: string;
  session: string;
}

/** A filter of the time line; `also`: other words that its text means. */
export type Wish = Filter & { readonly also?: readonly string[] };

export interface OpenHouse {
  readonly code: string;
  readonly total_cents?: number;
  readonly version?: number;
  readonly preview?: string;
  readonly people?: unknown;
}

export interface Alert {
  readonly kind: string;
  readonly value: number;
  readonly limit: number;
}

export interface Process {
  readonly name: string;
  readonly bus_healthy?: boolean;
  readonly [figure: string]: unknown;
}

export interface Minutes {
  readonly counts?: readonly (readonly [minute: number, count: number])[];
  readonly peak?: number;
  readonly peak_at?: number;
}

/** The present figures, as `realtime/activity/live/live_frame.py` pushes them. */
export interface Live {
  online: number;
  rooms: readonly OpenHouse[];
  room_count?: number;
  value_on_screens_cents: number;
  sessions: { readonly active?: number };
  counters: { readonly inquiries?: number; readonly today?: number; readonly per_minute?: number };
  lag: { readonly events: number; readonly seconds: number; readonly stored_through?: string | null } | null;
  alerts: readonly Alert[];
  away: readonly string[];
  minutes?: Minutes;
  funnel?: {
    readonly sessions?: number;
    readonly chose?: Readonly<Record<string, number>>;
    readonly inquired?: number;
  };
  processes: readonly Process[];
  /** The arrival of these figures, in ms of this browser's clock. */
  at: number;
}

/** A frame of the time line. Older processes do not send `since` and `last_id`. */
export interface Activity {
  readonly entries?: readonly unknown[];
  readonly skipped?: number;
  readonly gap?: boolean;
  readonly since?: string | null;
  readonly last_id?: string | null;
}

/** The things of the live view; each part takes only those that it needs. */
export interface Context {
  readonly texts: Texts;
  readonly words: Words;
  readonly live: Live;
  readonly feed: Feed;
  readonly ask: Ask;
}
