// The HTTP API of analytics: with the cookie of the admin, or with the token of a shared link.
import { addressOf, ask, call } from "../calling.js";

const SHARED = "/api/analytics/shared";

export const address = (name, query) => addressOf(`analytics/${name}`, query);

export const fileAddress = (id) => address(`files/${encodeURIComponent(id)}`);

export const read = (name, query = {}, signal = null) => ask("GET", `analytics/${name}`, { query, signal });

export const send = (name, body = {}) => ask("POST", `analytics/${name}`, { body });

// The token goes into a header: addresses are written down on the way, headers are not.
const shared = (token, place, signal) =>
  call(SHARED + place, { headers: { Authorization: `Bearer ${token}` }, credentials: "omit", referrerPolicy: "no-referrer", signal });

export const readShared = async (token, signal) => (await shared(token, "", signal)).json();

// A figure of a shared dashboard as a file, saved as if its address had been followed.
export async function fetchShared(token, name, query) {
  const found = await shared(token, `/${name}?${new URLSearchParams(query)}`);
  const address = URL.createObjectURL(await found.blob());
  const link = Object.assign(document.createElement("a"), { href: address, download: `${name}.${query.format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// Through when all of these answers have counted, in ms: a long one may be kept while others are new.
export function countedThrough(answers) {
  const moments = answers.map((answer) => Number(String(answer?.stored_through ?? "").split("-")[0]));
  const nowMs = Date.now(); // an id of a Redis whose clock was ahead is of no time that has been
  return Math.min(...moments.filter((ms) => ms > 0).map((ms) => Math.min(ms, nowMs)), Infinity);
}

// When the oldest of these answers was counted, in ms.
export const asOf = (answers) => Math.min(...answers.map((answer) => Date.parse(answer?.as_of ?? "")).filter(Number.isFinite), Infinity);

// The replay of a session, at most so many pages; `next` stays where there are more.
export async function readReplay(id, pagesMax = 25) {
  let cursor = "";
  let whole = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const part = await read(`sessions/${encodeURIComponent(id)}/replay`, { limit: 200, cursor });
    if (whole) whole.steps.push(...part.steps);
    else whole = part;
    cursor = whole.next = part.next;
    if (!cursor) break;
  }
  return whole;
}
