/** Requests over REST: registering, making and reading houses, invitations and access. */
import { Refused, Unreachable } from "./client/errors.js";
import type { AccessList, Change, Derived, EndLink, Outcome, Person, Reason, Remove } from "./client/messages.js";
import type { Operation, Selection } from "./client/types.js";

const ANSWER_MS = 15_000;
/** The most attempts at a request that is refused with `too_many_requests`, and the longest wait between two. */
const TRIES = 8;
const WAIT_MAX_MS = 60_000;

export interface Registered {
  readonly person: Person;
  /** The bearer token of this person. Keep it: it cannot be read again. */
  readonly token: string;
}

export interface CreatedHouse {
  readonly id: string;
  readonly code: string;
  /** The address of its page. */
  readonly url: string;
  /** The token of the person who was registered with the house; null if its owner existed before. */
  readonly token: string | null;
}

/** Register a new person, whom others see as `name`. Throws Refused, Unreachable. */
export async function register(url: string, { name }: { name?: string } = {}): Promise<Registered> {
  return (await post(url, "/api/people", name === undefined ? {} : { name }, null)) as Registered;
}

/**
 * Create a house of this person. Without a token and a cookie of the page a new person is registered
 * as its owner. `sessionId` is a visitor session, which then belongs to this house.
 * Throws Refused, Unreachable.
 */
export async function createHouse(
  url: string,
  token: string | null = null,
  { sessionId = null }: { sessionId?: string | null } = {},
): Promise<CreatedHouse> {
  const asked = sessionId === null ? {} : { session_id: sessionId };
  const created = (await post(url, "/api/configurations", asked, token)) as Partial<CreatedHouse>;
  return { token: null, ...created } as CreatedHouse;
}

export interface Ticket {
  /** A secret; pass it as `token` to `connect`. */
  readonly ticket: string;
  readonly expiresInMs: number;
}

/**
 * A ticket, which opens one connection within its lifetime: for programs that must not have the token.
 * Throws Refused, Unreachable.
 */
export async function ticketOf(url: string, token: string | null = null): Promise<Ticket> {
  const issued = await post(url, "/api/tickets", {}, token);
  const { ticket, expires_in_ms } = issued as { ticket: string; expires_in_ms: number };
  return { ticket, expiresInMs: expires_in_ms };
}

/** The lifetime of a link (1 to 2160 hours; default: a week) and its number of uses (1 to 100; default: any). */
export interface InviteOptions {
  readonly lifetimeHours?: number;
  readonly usesMax?: number;
}

/** A new invitation link to a house, for editors or viewers. The server does not show it again. */
export async function invite(
  url: string,
  token: string | null,
  house: string,
  role: "editor" | "viewer" = "editor",
  { lifetimeHours, usesMax }: InviteOptions = {},
): Promise<string> {
  const asked = {
    role,
    ...(lifetimeHours === undefined ? {} : { lifetime_hours: lifetimeHours }),
    ...(usesMax === undefined ? {} : { uses_max: usesMax }),
  };
  return ((await post(url, `${pathOf(house)}/share-links`, asked, token)) as { url: string }).url;
}

/** The people with a role in a house and its links, for its owner and advisors. Throws Refused, Unreachable. */
export async function access(url: string, token: string | null, house: string): Promise<AccessList> {
  return (await ask("GET", url, `${pathOf(house)}/access`, token)) as AccessList;
}

/** End a link, and the roles that came from it unless they are kept. Returns the ids of the removed people. Safe to repeat. */
export async function endLink(
  url: string,
  token: string | null,
  house: string,
  link: string,
  participants: NonNullable<EndLink["participants"]> = "remove",
): Promise<readonly string[]> {
  const path = `${pathOf(house)}/share-links/${encodeURIComponent(link)}?participants=${participants}`;
  return ((await ask("DELETE", url, path, token)) as { removed: string[] }).removed;
}

/**
 * End a person's role, and with it the links by which they could come back (`known`), all links or
 * none. Returns the ids of the links that ended. A person who names themselves leaves. Safe to repeat.
 */
export async function remove(
  url: string,
  token: string | null,
  house: string,
  person: string,
  links: NonNullable<Remove["links"]> = "known",
): Promise<readonly string[]> {
  const path = `${pathOf(house)}/participants/${encodeURIComponent(person)}?links=${links}`;
  return ((await ask("DELETE", url, path, token)) as { links: string[] }).links;
}

/** Accept an invitation. Returns the code of its house, for `join`. */
export async function redeem(url: string, token: string | null, link: string): Promise<string> {
  const secret = link.slice(link.indexOf("#") + 1);
  const found = await post(url, "/api/share-links/redeem", { token: secret }, token);
  return (found as { code: string }).code;
}

/** The stored state of a house. */
export interface StoredHouse {
  readonly id: string;
  readonly code: string;
  readonly url: string;
  readonly catalogue: string;
  readonly epoch: string;
  readonly version: number;
  readonly role: string;
  readonly selection: Selection;
  readonly derived: Derived;
}

/** A house by its code, its id or the address of its page, without joining it. */
export async function read(url: string, token: string | null, house: string): Promise<StoredHouse> {
  return (await ask("GET", url, `/api/configurations/${encodeURIComponent(meant(house))}`, token)) as StoredHouse;
}

/** A committed op of the log. */
export interface LoggedOp {
  readonly version: number;
  readonly op_id: string;
  readonly outcome: Outcome["outcome"];
  readonly author: Person;
  readonly operation: Operation;
  readonly changes: readonly Change[];
  readonly reasons: readonly Reason[];
  readonly total_cents: number | null;
  readonly at: string;
}

/** A page of the log: the ops after `since`, in order. If it is not `complete`, ask again after the last one. */
export interface LogPage {
  readonly configuration: string;
  readonly epoch: string;
  readonly since: number;
  readonly version: number;
  readonly complete: boolean;
  readonly ops: readonly LoggedOp[];
}

/** The committed ops of a house after a version, at most `limit` (500) at a time. */
export async function log(
  url: string,
  token: string | null,
  house: string,
  { since = 0, limit = 500 }: { since?: number; limit?: number } = {},
): Promise<LogPage> {
  const path = `/api/configurations/${encodeURIComponent(meant(house))}/ops?since=${since}&limit=${limit}`;
  return (await ask("GET", url, path, token)) as LogPage;
}

function pathOf(house: string): string {
  return `/api/configurations/${encodeURIComponent(meant(house))}`;
}

/** The code or id in the address of a page; any other text unchanged. */
export function meant(reference: string): string {
  const page = /^https?:\/\/[^/]+\/c\/([^/?#]+)/.exec(reference.trim());
  return page ? decodeURIComponent(page[1]!) : reference.trim();
}

/** Whether two codes or ids, in any spelling, name the same house. */
export function sameName(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(reference: string): string {
  const kept = reference.toUpperCase().replace(/[^0-9A-Z]/g, "");
  return kept.length === 8 ? kept.replace(/O/g, "0").replace(/[IL]/g, "1").replace(/U/g, "V") : kept;
}

function post(url: string, path: string, body: object, token: string | null): Promise<unknown> {
  return ask("POST", url, path, token, body);
}

/** The answer. A request that was refused with `too_many_requests` is sent again after the wait that is named. */
async function ask(method: string, url: string, path: string, token: string | null, body?: object): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await askOnce(method, url, path, token, body);
    } catch (problem) {
      const tooMuch = problem instanceof Refused && problem.code === "too_many_requests";
      const waitMs = tooMuch ? (problem.retryAfterMs ?? 1_000) : Infinity;
      if (waitMs > WAIT_MAX_MS || tries === TRIES) throw problem;
      await new Promise((done) => setTimeout(done, waitMs));
    }
  }
}

async function askOnce(
  method: string,
  url: string,
  path: string,
  token: string | null,
  body?: object,
): Promise<unknown> {
  let answer: Response;
  let content: unknown;
  try {
    answer = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout?.(ANSWER_MS) ?? null,
    });
    content = await answer.json().catch(() => null);
  } catch (problem) {
    throw new Unreachable(url, null, why(problem));
  }
  if (answer.ok && content !== null) return content;
  const error = (content as { error?: { code?: unknown } } | null)?.error;
  if (typeof error?.code === "string") throw new Refused(error as { code: string });
  throw new Unreachable(url, null, `it answered with status ${answer.status}, and not as this product does`);
}

/** The reason of a failed request, as far as the platform gives one; Node keeps it in `cause`. */
function why(problem: unknown): string {
  const cause = (problem as { cause?: { message?: string; code?: string } } | null)?.cause;
  return cause?.message || cause?.code || (problem as Error | null)?.message || String(problem);
}

/** What answers HTTP at this address although no connection was possible, as the end of a sentence. */
export async function whatAnswers(url: string): Promise<string> {
  try {
    const path = new URL("/api/catalogue", url);
    const answer = await fetch(path, { signal: AbortSignal.timeout?.(2_000) ?? null });
    const product = answer.ok && (answer.headers.get("content-type") ?? "").includes("json");
    if (product) {
      return "it answers requests now, but no connection came about before; has it just started, or does a proxy hold back WebSockets?";
    }
    return `it answered with status ${answer.status}, and not as this product does`;
  } catch (problem) {
    return why(problem);
  }
}
