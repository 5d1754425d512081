// Requests of a visitor's page, as the person whose cookie this browser has.
import { within } from "./older.js";

const ANSWER_WITHIN_MS = 20_000;

// {ok, status, body}; throws when nobody answers in time. Then it may have been carried out all the same.
export async function request(method, url, body) {
  const patience = within(ANSWER_WITHIN_MS);
  const said = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const answer = await fetch(url, { method, credentials: "same-origin", signal: patience.signal, ...said });
    return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => null) };
  } finally {
    patience.done();
  }
}
