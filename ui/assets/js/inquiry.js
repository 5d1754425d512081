// An inquiry that is being written, and those that were sent about this house.
//
// What is typed is kept until it was sent, discarded, or untouched for a day. It is kept in
// localStorage, not in sessionStorage: whoever writes it may come back in another tab, from a link or
// after the phone has closed the browser. It stays in this browser, and only the same person is shown
// it. The tick of consent is not kept: it is given for what is about to be sent.
//
// The id belongs to what is being written until the server has answered for it. So a lost answer and
// a second press, after a reload or in another tab too, make one inquiry. What was sent is the
// server's word, never this browser's.
//
// `version` is the one whose price stands in the form: for another one nothing is sent.
import { refusalIn } from "./http.js";
import { uuid7 } from "./ids.js";
import { keys, parsed, place, read, remove, write } from "./storage.js";

const PREFIX = "nest-inquiry:";
const KEPT_MS = 86_400_000;
const FIELDS = ["name", "email", "message"];

// How many inquiries are written in this browser, in any tab, and not sent.
export function unsentInquiries(storage) {
  const drafts = keys(storage).filter((key) => key.startsWith(PREFIX)).map((key) => parsed(read(storage, key)));
  return drafts.filter((draft) => FIELDS.some((field) => draft?.[field])).length;
}

export function createInquiry({ configuration, person, post, get, version = () => undefined, changed = () => {}, reactive = (state) => state, storage = place("localStorage"), now = Date.now, newId = uuid7 }) {
  const key = `${PREFIX}${configuration}:${person}`;
  const state = reactive({ ...blank(), sending: false, problem: null, sent: [] });
  forgetOld();
  show(kept());

  function blank() {
    return { id: newId(), name: "", email: "", message: "", consent: false };
  }

  function kept() {
    const draft = parsed(read(storage, key));
    return draft && FIELDS.every((field) => typeof draft[field] === "string") && typeof draft.id === "string" ? draft : null;
  }

  function show(draft) {
    Object.assign(state, draft ? { id: draft.id, name: draft.name, email: draft.email, message: draft.message } : blank());
  }

  // Also those about other houses and of other people.
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
  function heard(event) {
    if (event.key !== key || state.sending) return;
    const draft = kept();
    if (!draft) void refresh();
    show(draft);
  }

  // The answer, or null; then `problem` says why.
  async function send() {
    if (state.sending) return null;
    state.sending = true;
    state.problem = null;
    keep();
    const { id, name, email, message } = state;
    const asked = { inquiry_id: id, name: name.trim(), email: email.trim(), message: message.trim(), consent: true, version: version() };
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

  function done(sent) {
    state.sent = [sent, ...state.sent.filter((each) => each.inquiry_id !== sent.inquiry_id)];
    discard();
    changed();
    return sent;
  }

  // The first press arrived after all, and something else was typed since: that is a new inquiry.
  async function changedSince() {
    state.id = newId();
    keep();
    await refresh();
  }

  // What was sent, by the server's word; what is known stays when it does not answer.
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
