/** What comes before a connection: becoming somebody, having a house, accepting an invitation. */
import { Refused } from "./errors.js";
import type { Person } from "./messages.js";

export interface Registered {
  readonly person: Person;
  /** Proves who this is, from now on: keep it. */
  readonly token: string;
}

export interface CreatedHouse {
  readonly id: string;
  readonly code: string;
  /** Where people open it in a browser. */
  readonly url: string;
  /** Only when a person was made along with it; null for whoever was known. */
  readonly token: string | null;
}

/** Become a new person. Throws Refused. */
export async function register(url: string): Promise<Registered> {
  return (await post(url, "/api/people", {}, null)) as Registered;
}

/** A new house of this person; without a token, and without a cookie of the page, of a new one. */
export async function createHouse(url: string, token: string | null = null): Promise<CreatedHouse> {
  const created = (await post(url, "/api/configurations", {}, token)) as Partial<CreatedHouse>;
  return { token: null, ...created } as CreatedHouse;
}

export interface Ticket {
  /** What to give as `token` to `connect`. A secret. */
  readonly ticket: string;
  readonly expiresInMs: number;
}

/** What opens one connection, once and soon, of somebody who must not have the token. Throws Refused. */
export async function ticketOf(url: string, token: string | null = null): Promise<Ticket> {
  const issued = await post(url, "/api/tickets", {}, token);
  const { ticket, expires_in_ms } = issued as { ticket: string; expires_in_ms: number };
  return { ticket, expiresInMs: expires_in_ms };
}

/** An invitation link to a house: whoever has it may edit, or only look. */
export async function invite(
  url: string,
  token: string | null,
  house: string,
  role: "editor" | "viewer" = "editor",
): Promise<string> {
  const path = `/api/configurations/${encodeURIComponent(house)}/share-links`;
  return ((await post(url, path, { role }, token)) as { url: string }).url;
}

/** Accept an invitation; the code of the house that it leads to, to be joined. */
export async function redeem(url: string, token: string | null, link: string): Promise<string> {
  const secret = link.slice(link.indexOf("#") + 1);
  const found = await post(url, "/api/share-links/redeem", { token: secret }, token);
  return (found as { code: string }).code;
}

async function post(url: string, path: string, body: object, token: string | null): Promise<unknown> {
  const answer = await fetch(new URL(path, url), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const content: unknown = await answer.json().catch(() => null);
  if (answer.ok) return content;
  const error = (content as { error?: { code: string } } | null)?.error;
  throw new Refused(error ?? { code: answer.status >= 500 ? "unavailable" : "internal" });
}
