/**
 * The wait before the next try, with "full jitter", so that clients do not all come back at once.
 *
 * @typedef {object} Backoff
 * @property {number} baseMs
 * @property {number} capMs
 */

/** @type {Readonly<Backoff>} */
export const RECONNECT = { baseMs: 500, capMs: 30_000 };
/**
 * For attempts on a connection that works: these stay frequent, so that a store is used soon after its return.
 * @type {Readonly<Backoff>}
 */
export const RESEND = { baseMs: 200, capMs: 2_000 };

/**
 * The pause in milliseconds before try number `tries` (from 0); never shorter than the server
 * demands.
 *
 * @param {Readonly<Backoff>} backoff
 * @param {number} tries
 * @param {number} atLeastMs
 * @param {() => number} random
 */
export function pauseMs(backoff, tries, atLeastMs, random) {
  const widest = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(tries, 16));
  return Math.round(atLeastMs + random() * widest);
}
