/**
 * The live interactions, for admins: an async iterator that neither misses nor repeats any.
 *
 * After a reconnect it goes on after the last entry that it received. If its reader is too slow, it
 * ends the subscription and later resumes it at the same entry. So memory is bounded and nothing is
 * lost: the entries are in the server's stream.
 */
import { pauseMs, RESEND } from "./client/backoff.js";
import { Refused, type ClientError } from "./client/errors.js";
import type * as messages from "./client/messages.js";

const QUEUED_MAX = 64;

export interface WatchOptions {
  /** Begin after this entry; without it, with the newest `history` interactions. */
  readonly since?: string | null;
  readonly history?: number;
  readonly filter?: messages.ActivityFilter;
}

/** The part of a client that a watcher uses. */
export interface WatchLink {
  readonly random: () => number;
  send(message: messages.ClientMessage): void;
  forgetWatcher(watcher: Watcher): void;
}

interface Waiting {
  resolve(result: IteratorResult<messages.Activity, undefined>): void;
  reject(error: ClientError): void;
}

export class Watcher implements AsyncIterableIterator<messages.Activity, undefined> {
  readonly #link: WatchLink;
  readonly #name: string;
  readonly #options: WatchOptions;
  readonly #queue: messages.Activity[] = [];
  #waiting: Waiting[] = [];
  #since: string | null;
  #number = 0;
  #subscribed = false;
  #online = false;
  #paused = false;
  #refused = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #ended = false;
  #error: ClientError | null = null;

  constructor(link: WatchLink, name: string, options: WatchOptions) {
    this.#link = link;
    this.#name = name;
    this.#options = options;
    this.#since = options.since ?? null;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next message with interactions; ends when the client is closed. */
  next(): Promise<IteratorResult<messages.Activity, undefined>> {
    const value = this.#queue.shift();
    if (value) {
      if (this.#paused && this.#queue.length === 0) this.#subscribe();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<messages.Activity, undefined>> {
    if (!this.#ended) this.#link.send({ type: "unwatch" });
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  // ---- for the client

  connected(): void {
    this.#online = true;
    if (!this.#paused) this.#subscribe();
  }

  disconnected(): void {
    this.#online = false;
    this.#subscribed = false;
    this.#stopTimer();
  }

  receive(frame: messages.ServerMessage): void {
    if (this.#ended) return;
    const mine = "re" in frame && frame.re === this.#id;
    if (frame.type === "watching" && mine) {
      this.#subscribed = true;
      this.#refused = 0;
      this.#since = frame.since ?? this.#since;
    } else if (frame.type === "activity" && this.#subscribed) {
      this.#take(frame);
    } else if (frame.type === "unwatched" && this.#subscribed) {
      this.#stopped(new Refused({ code: frame.code ?? "unavailable" }));
    } else if (frame.type === "error" && mine) {
      this.#stopped(new Refused(frame));
    }
  }

  /** The iterator ends: with an error once, then as any iterator does. */
  end(error: ClientError | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimer();
    this.#link.forgetWatcher(this);
    const waiting = this.#waiting;
    this.#waiting = [];
    if (error && waiting.length) waiting.shift()!.reject(error);
    else this.#error = error;
    for (const each of waiting) each.resolve({ done: true, value: undefined });
  }

  get #id(): string {
    return `${this.#name}-${this.#number}`;
  }

  #subscribe(): void {
    this.#paused = false;
    if (!this.#online || this.#ended) return;
    this.#subscribed = false;
    this.#number += 1;
    const { history, filter } = this.#options;
    this.#link.send({
      type: "watch",
      id: this.#id,
      ...(this.#since === null ? {} : { since: this.#since }),
      ...(history === undefined ? {} : { history }),
      ...(filter === undefined ? {} : { filter }),
    });
  }

  #take(frame: messages.Activity): void {
    this.#since = frame.last_id ?? this.#since;
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve({ done: false, value: frame });
    else this.#queue.push(frame);
    if (this.#queue.length < QUEUED_MAX) return;
    this.#paused = true;
    this.#subscribed = false;
    this.#link.send({ type: "unwatch" });
  }

  #stopped(refused: Refused): void {
    this.#subscribed = false;
    if (!refused.retryable) return this.end(refused);
    const pause = pauseMs(RESEND, this.#refused++, refused.retryAfterMs ?? 0, this.#link.random);
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#subscribe(), pause);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
