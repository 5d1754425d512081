// The HTTP API of admins, with the cookie of this browser.
import { patiently } from "../shared/retry.js";

import { asker } from "./attendance.js";

const PATH = "/api/admin/";

// The reason why a request was not carried out. `texts` is a sentence in each language; null if
// there was no answer.
/**
 * @import { Text } from "../client/messages.js"
 * @typedef {{ code?: string, message?: Text, detail?: string }} Said
 * @typedef {{ query?: Record<string, string | number | null | undefined>, body?: unknown, signal?: AbortSignal }} How
 */
export class Refused extends Error {
  /** @param {number} status @param {Said | null | undefined} error */
  constructor(status, error) {
    super(error?.code ?? String(status));
    this.status = status;
    this.code = error?.code ?? "";
    this.texts = error?.message ?? null;
    this.detail = error?.detail ?? "";
  }
}

/** @param {string} place @param {How["query"]} [query] */
function addressOf(place, query = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== "" && value != null) asked.set(name, String(value));
  const question = asked.toString();
  return PATH + place + (question && `?${question}`);
}

/** @param {string} address @param {RequestInit} how */
export async function call(address, how) {
  let found;
  try {
    found = await patiently(() => fetch(address, how));
  } catch (error) {
    if (how.signal?.aborted) throw error;
    throw new Refused(0, null);
  }
  if (found.ok) return found;
  const said = await found.json().catch(() => ({}));
  throw new Refused(found.status, said.error);
}

/** @param {string} method @param {string} place @param {How} [how] */
export function answer(method, place, { query, body, signal } = {}) {
  const said = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = body === undefined ? asker() : { ...asker(), "content-type": "application/json" };
  return call(addressOf(place, query), { method, credentials: "same-origin", signal, headers, ...said });
}
