/** How long to wait before trying again: "full jitter", so that clients do not come back at once. */

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export const RECONNECT: Backoff = { baseMs: 500, capMs: 30_000 };
/** On a connection that stands: a store that was away is used again at once when it is back. */
export const RESEND: Backoff = { baseMs: 200, capMs: 2_000 };

/** The pause before try number `tries` (from 0); never shorter than the server asked for. */
export function pauseMs(
  backoff: Backoff,
  tries: number,
  atLeastMs: number,
  random: () => number,
): number {
  const widest = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(tries, 16));
  return Math.round(atLeastMs + random() * widest);
}
