// Loading the page again, where its server asked for that.

// Many pages at once would be too much for a server that just started.
const SOONEST_MS = 500;
const SPREAD_MS = 1500;

/**
 * After at least `afterMs` milliseconds and a random part of two seconds.
 *
 * @param {number} afterMs
 * @param {{ random?: () => number, load?: () => void }} [how]
 */
export function reloadAfter(afterMs, { random = Math.random, load = () => window.location.reload() } = {}) {
  setTimeout(load, afterMs + SOONEST_MS + random() * SPREAD_MS);
}
