/** Requests that wait for their answers. Each is sent again, over every connection, until it has one. */
import { pauseMs, RESEND } from "./client/backoff.js";
import { QueueFull, Refused, type ClientError } from "./client/errors.js";
import type * as messages from "./client/messages.js";
import { checkWritable } from "./client/sendable.js";

/** The number of requests that may wait at once. */
const QUESTIONS_MAX = 1024;

/** What the questions need of their client. `send` drops a message while there is no connection. */
export interface QuestionLink {
  readonly random: () => number;
  send(message: messages.ClientMessage): void;
  newId(): string;
}

interface Question {
  readonly message: messages.ClientMessage & { readonly id: string };
  readonly resolve: (reply: messages.ServerMessage) => void;
  readonly reject: (error: ClientError) => void;
  /** The number of temporary refusals so far. */
  refused: number;
}

export class Questions {
  readonly #link: QuestionLink;
  readonly #waiting = new Map<string, Question>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(link: QuestionLink) {
    this.#link = link;
  }

  /** The answer. Rejects with QueueFull, or with Refused once the server refuses it for good. */
  ask(message: messages.ClientMessage): Promise<messages.ServerMessage> {
    if (this.#waiting.size >= QUESTIONS_MAX) return Promise.reject(new QueueFull(QUESTIONS_MAX));
    return new Promise((resolve, reject) => {
      checkWritable(message); // an error here rejects the promise
      const id = this.#link.newId();
      const question = { message: { ...message, id }, resolve, reject, refused: 0 };
      this.#waiting.set(id, question);
      this.#link.send(question.message);
    });
  }

  /** Send all waiting requests on a new connection. */
  sendAll(): void {
    for (const question of [...this.#waiting.values()]) this.#link.send(question.message);
  }

  /** Whether the frame answers one of the requests. After a temporary refusal the request is sent again later. */
  answer(frame: messages.ServerMessage): boolean {
    const re = "re" in frame ? frame.re : null;
    const question = re ? this.#waiting.get(re) : undefined;
    if (!re || !question) return false;
    if (frame.type === "error" && frame.retryable) {
      this.#askLater(re, question, frame.retry_after_ms ?? 0);
      return true;
    }
    this.#waiting.delete(re);
    if (frame.type === "error") question.reject(new Refused(frame));
    else question.resolve(frame);
    return true;
  }

  /** Reject all waiting requests. */
  end(error: ClientError): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const question of this.#waiting.values()) question.reject(error);
    this.#waiting.clear();
  }

  #askLater(id: string, question: Question, atLeastMs: number): void {
    const pause = pauseMs(RESEND, question.refused++, atLeastMs, this.#link.random);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#waiting.has(id)) this.#link.send(question.message);
    }, pause);
    this.#timers.add(timer);
  }
}
