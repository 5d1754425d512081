// The HTTP API of analytics, with the cookie of the admin. One answer per question; a later question
// to the same place makes an earlier answer void.
const PATH = "/api/admin/analytics";

export class Refused extends Error {
  constructor(message) {
    super(typeof message === "string" ? message : "");
    this.texts = message;
  }
}

export function address(name, query) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null));
  return `${PATH}/${name}?${asked}`;
}

export async function read(name, query, signal) {
  const answer = await fetch(address(name, query), { credentials: "same-origin", signal });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.error?.message ?? String(answer.status));
  return body;
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
