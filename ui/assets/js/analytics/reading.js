// The HTTP API of analytics: with the cookie of the admin, or with the token of a shared link.
const PATH = "/api/admin/analytics";
const SHARED = "/api/analytics/shared";

export class Refused extends Error {
  constructor(status, error) {
    super(error?.detail ?? String(status));
    this.status = status;
    this.detail = error?.detail ?? "";
    this.texts = error?.message ?? null;
  }
}

export function address(name, query) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  return `${PATH}/${name}?${asked}`;
}

export function fileAddress(id) {
  return `${PATH}/files/${encodeURIComponent(id)}`;
}

export async function read(name, query = {}, signal = null) {
  return answerOf(await fetch(address(name, query), { credentials: "same-origin", signal }));
}

export async function send(name, body = {}) {
  const asked = { method: "POST", credentials: "same-origin", body: JSON.stringify(body) };
  return answerOf(await fetch(`${PATH}/${name}`, { ...asked, headers: { "Content-Type": "application/json" } }));
}

// The token goes into a header: addresses are written down on the way, headers are not.
export async function readShared(token, signal) {
  const headers = { Authorization: `Bearer ${token}` };
  return answerOf(await fetch(SHARED, { headers, credentials: "omit", referrerPolicy: "no-referrer", signal }));
}

// Through when all of these answers have counted, in ms: a long one may be kept while others are new.
export function countedThrough(answers) {
  const moments = answers.map((answer) => Number(String(answer?.stored_through ?? "").split("-")[0]));
  return Math.min(...moments.filter((ms) => ms > 0), Infinity);
}

// The whole replay of a session, at most so many pages.
export async function readReplay(id, pagesMax = 25) {
  let cursor = "";
  let whole = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const part = await read(`sessions/${encodeURIComponent(id)}/replay`, { limit: 200, cursor });
    if (whole) whole.steps.push(...part.steps);
    else whole = part;
    cursor = part.next;
    if (!cursor) break;
  }
  return whole;
}

async function answerOf(answer) {
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, body.error);
  return body;
}
