// An inquiry that is being written, and those that were sent about this house.
//
// The draft is kept until it was sent, discarded, or untouched for a day. It is kept in
// localStorage, not in sessionStorage: its author may come back in another tab, from a link or
// after the phone has closed the browser. It stays in this browser, and only the same person sees
// it. The tick of consent is not kept: it is given for the inquiry that is about to be sent.
//
// The id belongs to what is being written until the server has answered for it. So a lost answer and
// a second press, after a reload or in another tab too, make one inquiry. What was sent is the
// server's word, never this browser's.
//
// `version` is the one whose price stands in the form: for another one nothing is sent.
/**
 * @import { Text } from "../client/messages.js"
 * @import { Answer } from "../shared/types.js"
 *
 * @typedef {{ id: string, name: string, email: string, message: string }} Draft
 * @typedef {{ inquiry_id: string, reference: string, at: string, version: number, total_cents: number }} SentInquiry
 * @typedef {{ code: string, said?: Text | null }} Problem
 * @typedef {Draft & { consent: boolean, sending: boolean, problem: Problem | null, sent: SentInquiry[] }} InquiryState
 */
import { refusalIn } from "../shared/http.js";
import { uuid7 } from "../client/ids.js";
import { keys, parsed, place, read, remove, write } from "../shared/storage.js";

const PREFIX = "nest-inquiry:";
const KEPT_MS = 86_400_000;
const FIELDS = /** @type {const} */ (["name", "email", "message"]);

// The number of inquiries in this browser, in any tab, that were written but not sent.
/** @param {Storage | null} storage */
export function unsentInquiries(storage) {
  const drafts = keys(storage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => parsed(read(storage, key)));
  return drafts.filter((draft) => FIELDS.some((field) => draft?.[field])).length;
}

/**
 * @param {{
 *   configuration: string,
 *   person: string | undefined,
 *   post: (asked: object) => Promise<Answer>,
 *   get: () => Promise<Answer>,
 *   version?: () => number | undefined,
 *   changed?: () => void,
 *   reactive?: (state: InquiryState) => InquiryState,
 *   storage?: Storage | null,
 *   now?: () => number,
 *   newId?: () => string,
 * }} how
 */
export function createInquiry({
  configuration,
  person,
  post,
  get,
  version = () => undefined,
  changed = () => {},
  reactive = (state) => state,
  storage = place("localStorage"),
  now = Date.now,
  newId = uuid7,
}) {
  const key = `${PREFIX}${configuration}:${person}`;
  const state = reactive({ ...blank(), sending: false, problem: null, sent: [] });
  forgetOld();
  show(kept());

  function blank() {
    return { id: newId(), name: "", email: "", message: "", consent: false };
  }

  /** @returns {Draft | null} */
  function kept() {
    const draft = parsed(read(storage, key));
    return draft && FIELDS.every((field) => typeof draft[field] === "string") && typeof draft.id === "string"
      ? draft
      : null;
  }

  /** @param {Draft | null} draft */
  function show(draft) {
    Object.assign(
      state,
      draft ? { id: draft.id, name: draft.name, email: draft.email, message: draft.message } : blank(),
    );
  }

  // Includes those about other houses and of other people.
  function forgetOld() {
    for (const each of keys(storage).filter((name) => name.startsWith(PREFIX))) {
      const age = now() - parsed(read(storage, each))?.at;
      if (!(age >= 0 && age < KEPT_MS)) remove(storage, each);
    }
  }

  const written = () => FIELDS.some((field) => state[field] !== "");

  function keep() {
    if (!written()) return remove(storage, key);
    const { id, name, email, message } = state;
    write(storage, key, JSON.stringify({ id, name, email, message, at: now() }));
  }

  function discard() {
    remove(storage, key);
    show(null);
    state.problem = null;
  }

  // Another tab has typed, sent or discarded.
  /** @param {{ key: string | null }} event */
  function heard(event) {
    if (event.key !== key || state.sending) return;
    const draft = kept();
    if (!draft) void refresh();
    show(draft);
  }

  // The answer, or null; `problem` then says why.
  async function send() {
    if (state.sending) return null;
    state.sending = true;
    state.problem = null;
    keep();
    const { id, name, email, message } = state;
    const asked = {
      inquiry_id: id,
      name: name.trim(),
      email: email.trim(),
      message: message.trim(),
      consent: true,
      version: version(),
    };
    try {
      const answer = await post(asked);
      if (answer.ok) return done(answer.body);
      const code = answer.body?.error?.code ?? "failed";
      state.problem = { code, said: refusalIn(answer) };
      if (code === "inquiry_id_reused") await changedSince();
    } catch {
      state.problem = { code: "failed" };
    } finally {
      state.sending = false;
    }
    return null;
  }

  /** @param {SentInquiry} sent */
  function done(sent) {
    state.sent = [sent, ...state.sent.filter((each) => each.inquiry_id !== sent.inquiry_id)];
    discard();
    changed();
    return sent;
  }

  // The first press did arrive, and the text was changed since: that is a new inquiry.
  async function changedSince() {
    state.id = newId();
    keep();
    await refresh();
  }

  // Ask the server which inquiries were sent; if it does not answer, the known ones stay.
  async function refresh() {
    try {
      const answer = await get();
      if (answer.ok && Array.isArray(answer.body?.inquiries)) state.sent = answer.body.inquiries;
    } catch {
      // asked again with the next connection
    }
  }

  return { state, keep, discard, heard, send, refresh, written };
}
