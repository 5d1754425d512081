/**
 * What this client throws, the same tree as in the Python client.
 *
 *     ClientError       itself only where a package that is needed is not installed
 *       Refused         the server will not carry this out; `code` says why
 *       QueueFull       too many ops wait for their outcome already; nothing was queued
 *       Undecided       the end came before the outcome of these `opIds`
 *         HouseEnded      the house was left, or access to it ended
 *         ClientClosed    the client was closed, or the server does not know who it is
 *       Unreachable     no server answered in time
 */
import { CODES, type Code } from "./codes.js";
import type { Error as ErrorFrame, Text } from "./messages.js";

export class ClientError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The server will not carry this out. `text` is for people, `detail` names a place. */
export class Refused extends ClientError {
  /** One of `CODES`; a newer server may say others. */
  readonly code: Code | (string & {});
  readonly text: Text;
  readonly detail: string | null;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;

  constructor(frame: Pick<ErrorFrame, "code"> & Partial<ErrorFrame>) {
    const known = frame.code in CODES ? CODES[frame.code as Code] : null;
    const text = frame.message ?? known ?? { de: frame.code, en: frame.code };
    super(`${text.en} (${frame.code}${frame.detail ? `: ${frame.detail}` : ""})`);
    this.code = frame.code;
    this.text = { de: text.de, en: text.en };
    this.detail = frame.detail ?? null;
    this.retryable = frame.retryable ?? known?.retryable ?? false;
    this.retryAfterMs = frame.retry_after_ms ?? null;
  }
}

/** So many ops wait for their outcome that no more are taken; nothing was queued. */
export class QueueFull extends ClientError {
  constructor(readonly limit: number) {
    super(`${limit} ops wait for their outcome already; await some of them first.`);
  }
}

/**
 * The end came before the outcome of `opIds`: they may or may not be stored. Sending them again with
 * the same op id is safe (`join(code, { pending })`), and `outcomeOf` says what became of them.
 */
export class Undecided extends ClientError {
  constructor(
    why: string,
    readonly opIds: readonly string[],
  ) {
    super(opIds.length ? `${why} Undecided ops: ${opIds.join(", ")}.` : why);
  }
}

/** The house was left, or access to it ended; `code` says why (`left`: somebody asked). */
export class HouseEnded extends Undecided {
  constructor(
    readonly code: string,
    opIds: readonly string[] = [],
  ) {
    super(`This client is no longer in the house (${code}).`, opIds);
  }
}

/** The client was closed; `refused` is set when that was the server's decision. */
export class ClientClosed extends Undecided {
  constructor(
    opIds: readonly string[] = [],
    readonly refused: Refused | null = null,
  ) {
    super(refused ? `The server ended this client. ${refused.message}` : "The client is closed.", opIds);
  }
}

/** No server answered in time, or not as this product does; `detail` says what came instead. */
export class Unreachable extends ClientError {
  readonly detail: string | null;

  constructor(url: string, seconds: number | null = null, detail: string | null = null) {
    const time = seconds === null ? "" : ` within ${seconds} s`;
    super(`No server answered at ${url}${time}${detail === null ? "" : `: ${detail}`}.`);
    this.detail = detail;
  }
}
