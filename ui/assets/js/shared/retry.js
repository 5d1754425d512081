// A request that was refused because of too many was not carried out: it is sent again at the time
// that the server names.
const WAIT_MAX_MS = 15_000; // nobody waits longer for a button; then the server's sentence is shown
const SPREAD_MS = 250;
const RETRY_AFTER_MAX_MS = 600_000;

// The milliseconds in a Retry-After header, which has seconds or a date.
/** @param {string | null} header @param {number} [now] */
export function retryAfterMs(header, now = Date.now()) {
  if (!header) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS) : 0;
}

// The answer to `ask`, which is called again after 429 for up to 15 seconds.
/**
 * @template {{ status: number, headers: Headers }} T
 * @param {() => Promise<T>} ask
 * @param {{ random?: () => number, wait?: (ms: number) => Promise<unknown> }} [how]
 * @returns {Promise<T>}
 */
export async function patiently(
  ask,
  { random = Math.random, wait = (ms) => new Promise((done) => setTimeout(done, ms)) } = {},
) {
  let waited = 0;
  for (;;) {
    const answer = await ask();
    if (answer.status !== 429) return answer;
    const ms = Math.max(retryAfterMs(answer.headers.get("Retry-After")), 1000) + Math.round(random() * SPREAD_MS);
    waited += ms;
    if (waited > WAIT_MAX_MS) return answer;
    await wait(ms);
  }
}
