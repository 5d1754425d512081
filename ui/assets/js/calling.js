// The HTTP API of admins, with the cookie of this browser.
import { patiently } from "./patience.js";

import { asker } from "./attended.js";

const PATH = "/api/admin/";

// Why something was not carried out. `texts`: a sentence in each language; null: nobody answered.
export class Refused extends Error {
  constructor(status, error) {
    super(error?.code ?? String(status));
    this.status = status;
    this.code = error?.code ?? "";
    this.texts = error?.message ?? null;
    this.detail = error?.detail ?? "";
  }
}

export function addressOf(place, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  const question = asked.toString();
  return PATH + place + (question && `?${question}`);
}

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

export function answer(method, place, { query, body, signal } = {}) {
  const said = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = body === undefined ? asker() : { ...asker(), "content-type": "application/json" };
  return call(addressOf(place, query), { method, credentials: "same-origin", signal, headers, ...said });
}

export const ask = async (method, place, how) => (await answer(method, place, how)).json();
