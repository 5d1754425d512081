// Requests of a visitor's page, as the person whose cookie this browser has.
import { within } from "./older.js";
import { patiently } from "./patience.js";

const ANSWER_WITHIN_MS = 20_000;

// {ok, status, body}; throws when nobody answers in time. Then it may have been carried out all the same.
export async function request(method, url, body) {
  const said = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const { answer, content } = await patiently(() => once(url, { method, credentials: "same-origin", ...said }));
  return { ok: answer.ok, status: answer.status, body: content };
}

// What the server says of a request that it refused, in each language. Null where it could not carry it
// out just now (5xx): the page knows what was asked, and says what to do.
export const refusalIn = (answer) => (answer.status >= 500 ? null : (answer.body?.error?.message ?? null));

async function once(url, how) {
  const patience = within(ANSWER_WITHIN_MS);
  try {
    const answer = await fetch(url, { signal: patience.signal, ...how });
    return { status: answer.status, headers: answer.headers, answer, content: await answer.json().catch(() => null) };
  } finally {
    patience.done();
  }
}
