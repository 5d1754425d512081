// The HTTP API of admins, with the cookie of this browser.
const PATH = "/api/admin/";

// Why something was not carried out. `texts`: a sentence in each language; none: nobody answered.
export class Refused extends Error {
  constructor(status, error) {
    super(error?.code ?? String(status));
    this.status = status;
    this.code = error?.code ?? "";
    this.texts = error?.message ?? null;
    this.detail = error?.detail ?? "";
  }
}

export async function answer(method, place, { query = {}, body, signal } = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  const how = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const path = PATH + place + (asked.size ? `?${asked}` : "");
  let found;
  try {
    found = await fetch(path, { method, credentials: "same-origin", signal, ...how });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, null);
  }
  if (found.ok) return found;
  const said = await found.json().catch(() => ({}));
  throw new Refused(found.status, said.error);
}

export const ask = async (method, place, how) => (await answer(method, place, how)).json();
