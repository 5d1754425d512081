/**
 * The errors of this client, in the same tree as in the Python client.
 *
 *     ClientError       itself only where a package that is needed is not installed
 *       Refused         the server will not carry this out; `code` says why
 *       QueueFull       too many ops wait for their outcome already; nothing was queued
 *       Undecided       the end came before the outcome of these `opIds`
 *         HouseEnded      the house was left, or access to it ended
 *         ClientClosed    the client was closed, or the server does not know who it is
 *       Unreachable     no server answered in time
 *
 * @import { Error as ErrorFrame, Text } from "./messages.js"
 * @import { Code } from "./codes.js"
 */
import { CODES, known } from "./codes.js";

export class ClientError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** The server will not carry this out. `text` is for people, `detail` names a place. */
export class Refused extends ClientError {
  /**
   * One of `CODES`; a newer server may say others.
   *
   * @readonly
   * @type {Code | (string & {})}
   */
  code;
  /** @readonly @type {Text} */
  text;
  /** @readonly @type {string | null} */
  detail;
  /** @readonly @type {boolean} */
  retryable;
  /** @readonly @type {number | null} */
  retryAfterMs;

  /** @param {Pick<ErrorFrame, "code"> & Partial<ErrorFrame>} frame */
  constructor(frame) {
    const entry = known(frame.code) ? CODES[frame.code] : null;
    const text = frame.message ?? entry ?? { de: frame.code, en: frame.code };
    const code = frame.detail ? `${frame.code}: ${frame.detail}` : frame.code;
    super(`${text.en} (${code})`);
    this.code = frame.code;
    this.text = { de: text.de, en: text.en };
    this.detail = frame.detail ?? null;
    this.retryable = frame.retryable ?? entry?.retryable ?? false;
    this.retryAfterMs = frame.retry_after_ms ?? null;
  }
}

/** Too many ops wait for their outcome, so no more are accepted; nothing was queued. */
export class QueueFull extends ClientError {
  /** @readonly @type {number} */
  limit;

  /** @param {number} limit */
  constructor(limit) {
    super(`${limit} ops already wait for their outcomes; await some of them first.`);
    this.limit = limit;
  }
}

/**
 * The end came before the outcome of `opIds`: they may or may not be stored. Sending them again
 * with the same op id is safe (`join(code, { pending })`), and `outcomeOf` returns their outcome.
 */
export class Undecided extends ClientError {
  /** @readonly @type {readonly string[]} */
  opIds;

  /**
   * @param {string} why
   * @param {readonly string[]} opIds
   */
  constructor(why, opIds) {
    super(opIds.length ? `${why} Undecided ops: ${opIds.join(", ")}.` : why);
    this.opIds = opIds;
  }
}

/**
 * The house was left, or access to it ended; `code` says why (`left`: the program asked for it).
 * `refused` is set if it was the server's answer.
 */
export class HouseEnded extends Undecided {
  /** @readonly @type {string} */
  code;
  /** @readonly @type {Refused | null} */
  refused;

  /**
   * @param {string} code
   * @param {readonly string[]} opIds
   * @param {Refused | null} refused
   */
  constructor(code, opIds = [], refused = null) {
    super(`This client is no longer in the house (${code}).`, opIds);
    this.code = code;
    this.refused = refused;
  }
}

/** The client was closed; `refused` is set if the server decided that. */
export class ClientClosed extends Undecided {
  /** @readonly @type {Refused | null} */
  refused;

  /**
   * @param {readonly string[]} opIds
   * @param {Refused | null} refused
   */
  constructor(opIds = [], refused = null) {
    super(refused ? `The server ended this client. ${refused.message}` : "The client is closed.", opIds);
    this.refused = refused;
  }
}

/**
 * No server answered in time, or the answer was not this product's; `detail` says what came
 * instead.
 */
export class Unreachable extends ClientError {
  /** @readonly @type {string | null} */
  detail;

  /**
   * @param {string} url
   * @param {number | null} seconds
   * @param {string | null} detail
   */
  constructor(url, seconds = null, detail = null) {
    const time = seconds === null ? "" : ` within ${seconds} s`;
    const came = detail === null ? "" : `: ${detail}`;
    super(`No server answered at ${url}${time}${came}.`);
    this.detail = detail;
  }
}
