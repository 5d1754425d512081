// Requests of a visitor's page, as the person whose cookie this browser has.
import { within } from "./older_browsers.js";
import { patiently } from "./retry.js";

/**
 * @import { Text } from "../client/messages.js"
 * @import { Answer } from "./types.js"
 */

const ANSWER_WITHIN_MS = 20_000;

// {ok, status, body}; throws if no answer comes in time. The request may have been carried out
// nevertheless.
/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @returns {Promise<Answer>}
 */
export async function request(method, url, body) {
  const said =
    body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const { answer, content } = await patiently(() => once(url, { method, credentials: "same-origin", ...said }));
  return { ok: answer.ok, status: answer.status, body: content };
}

// The server's sentence, in each language, about a request that it refused. Null if it could not
// carry it out just now (5xx): the page knows what was asked, and says what to do.
/** @param {Answer} answer @returns {Text | null} */
export const refusalIn = (answer) => (answer.status >= 500 ? null : (answer.body?.error?.message ?? null));

/** @param {string} url @param {RequestInit} how */
async function once(url, how) {
  const patience = within(ANSWER_WITHIN_MS);
  try {
    const answer = await fetch(url, { signal: patience.signal, ...how });
    return { status: answer.status, headers: answer.headers, answer, content: await answer.json().catch(() => null) };
  } finally {
    patience.done();
  }
}
