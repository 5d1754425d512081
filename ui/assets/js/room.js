// One configuration as this tab knows it.
//
// The server decides; this module remembers what was asked and not yet answered.
//
//   state.version   the last version whose op (or snapshot) arrived
//   pending         asked, unanswered ops, oldest first (pending.js has the rules); kept in
//                   sessionStorage until answered, so a reload goes on with them
//
// A lost answer is asked for again with the SAME op_id, which is safe: the server stores the outcome
// by op_id. After a `retry_after_ms` everything waits.
//
// Position: `op.version` must be `state.version + 1`. Anything newer (an op, ops, a `position`) means
// that something was missed; then nothing is applied until the answer to `join{since}` has filled
// the gap. Of several ops in one message only the last carries the state after it.
//
// The first join asks for a few versions before its own: they are what was changed last.
import { uuid7 } from "./ids.js";
import { createPending, KEPT_UNDER, PENDING_MAX } from "./pending.js";
import { parsed, place, read, remove, write } from "./storage.js";

const ANSWER_WITHIN_MS = 6000;
const RETRY_MAX_MS = 2000; // a store that was away is used again at once when it is back
const CHANGES_KEPT = 30;
const CHANGES_RECALLED = 10;
const REJOIN = new Set(["not_joined", "version_unknown", "already_joined"]);
const RELOAD = new Set(["slow_reader", "client_too_old", "flooding"]);
const GONE = new Set(["not_found", "not_authenticated"]);
const EPOCH_SEEN = "nest-epoch"; // in sessionStorage, so that a page that loads again knows it, too
const REVERSALS = new Set(["undo", "redo"]);
const NOTHING = { nothing_to_undo: "canUndo", nothing_to_redo: "canRedo" };

export function createRoom({ frames, emit, reactive = (state) => state, storage = place("sessionStorage"), random = Math.random, reload, onFrame, onChange, onNothing, onRefused, onFull }) {
  const state = reactive({
    me: null,
    sessionId: null,
    you: null,
    configuration: null,
    code: null,
    epoch: null,
    version: 0,
    selection: {},
    derived: null,
    totalCents: null,
    members: [],
    memberCount: 0,
    canUndo: null, // true, false, or null: not known
    canRedo: null,
    pending: [],
    refusals: [],
    adjustments: [],
    changes: [],
    socket: "connecting",
    online: globalThis.navigator?.onLine !== false,
    gone: null,
    restored: null, // {to}: a backup took the place of what this tab, or its page before, had seen
    ended: null, // why this tab is no member any more, while the house stays in sight
    accessChanges: 0, // how often this tab heard, or may have missed, that links or roles changed
    askingSince: null,
    clock: Date.now(),
    connectionId: null,
  });
  const queue = createPending(state.pending);
  let answerTimer = null; // for the op that is on its way
  let joinTimer = null;
  let pauseTimer = null; // while it runs no op is sent
  let toldUntil = 0; // the server asked for this pause
  let joinNumber = 0;
  const requests = new Map(); // what `request` waits for, by id
  let requestNumber = 0;
  let gapAskedAt = 0;
  let recalled = false; // a join of this tab was answered

  function send(message) {
    if (state.socket !== "up" && message.type !== "leave") return false;
    onFrame?.("out", message);
    emit(JSON.stringify(message));
    return true;
  }

  // -- asking ------------------------------------------------------------------------------

  // The op_id, or null when nothing was taken: after the end, or because too much waits.
  function submit(operation, { guarded = false } = {}) {
    if (state.ended) return null;
    const op = { op_id: uuid7(), base_version: state.version, epoch: state.epoch, guarded, operation, since: Date.now(), refusedTries: 0 };
    if (!queue.add(op)) {
      onFull?.(PENDING_MAX);
      return null;
    }
    persist();
    sendNext();
    return op.op_id;
  }

  function sendNext() {
    if (state.socket !== "up" || state.askingSince || state.ended || pauseTimer) return;
    const op = queue.next(state.version);
    if (!op) return;
    const { op_id, base_version, guarded, operation, epoch } = op;
    clearTimeout(answerTimer);
    answerTimer = setTimeout(() => again(op_id, 0), ANSWER_WITHIN_MS);
    send({ type: "op", id: op_id, configuration: state.configuration, op_id, base_version, guarded, operation, epoch: epoch ?? undefined });
  }

  // The same op again, not before `afterMs`.
  function again(opId, afterMs) {
    const op = queue.find(opId);
    if (!op || op.outcome) return;
    if (queue.onItsWay === opId) unanswered();
    op.refusedTries += 1;
    const backoff = Math.min(RETRY_MAX_MS, 400 * 2 ** Math.min(op.refusedTries, 6)) * (0.75 + random() * 0.5);
    if (afterMs) toldUntil = Math.max(toldUntil, Date.now() + afterMs);
    pause(Math.max(afterMs * (1 + random() * 0.2), backoff));
  }

  function pause(ms) {
    clearTimeout(pauseTimer);
    pauseTimer = setTimeout(() => {
      pauseTimer = null;
      sendNext();
    }, ms);
  }

  function unanswered() {
    clearTimeout(answerTimer);
    queue.lost();
  }

  function settle(opId) {
    if (queue.onItsWay === opId) clearTimeout(answerTimer);
    const op = queue.end(opId);
    if (op) persist();
    return op;
  }

  function join(full = false) {
    joinNumber += 1;
    const version = recalled ? state.version : Math.max(0, state.version - CHANGES_RECALLED);
    const since = !full && state.epoch ? { epoch: state.epoch, version } : undefined;
    const asking = `join-${joinNumber}`;
    state.askingSince = asking;
    gapAskedAt = Date.now();
    joinAgain(asking, ANSWER_WITHIN_MS);
    return send({ type: "join", id: asking, configuration: state.configuration, since });
  }

  // Nothing is sent before a join is answered, so one whose answer got lost must not wait for ever.
  function joinAgain(asking, afterMs) {
    clearTimeout(joinTimer);
    joinTimer = setTimeout(() => state.socket === "up" && state.askingSince === asking && join(), afterMs);
  }

  // Something was missed: ask for it, unless the answer is on its way.
  function ask() {
    if (state.ended) return;
    if (!state.askingSince || Date.now() - gapAskedAt > ANSWER_WITHIN_MS) join();
  }

  // The frame that answers this message, or null where none comes: then whoever asks may ask again.
  function request(message) {
    return new Promise((resolve) => {
      const id = `request-${(requestNumber += 1)}`;
      const timer = setTimeout(() => requested(id, null), ANSWER_WITHIN_MS);
      requests.set(id, { resolve, timer });
      if (!send({ ...message, id })) requested(id, null);
    });
  }

  function requested(id, frame) {
    const waiting = requests.get(id);
    if (!waiting) return;
    requests.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(frame);
  }

  // -- hearing -----------------------------------------------------------------------------

  function receive(frame) {
    onFrame?.("in", frame);
    if (frame.configuration && state.configuration && frame.configuration !== state.configuration) return;
    handlers[frame.type]?.(frame);
    if (frame.re) requested(frame.re, frame);
  }

  const handlers = {
    welcome(frame) {
      state.me = frame.person ?? state.me;
      state.sessionId = frame.session_id ?? state.sessionId;
      state.connectionId = frame.connection ?? state.connectionId;
    },
    introduced(frame) {
      state.me = frame.person;
    },
    snapshot(frame) {
      const otherHistory = state.epoch !== null && state.epoch !== frame.epoch;
      if (frame.version !== state.version || otherHistory) state.changes = []; // what came between is not known
      if ((state.epoch ?? read(storage, EPOCH_SEEN) ?? frame.epoch) !== frame.epoch) state.restored = { to: frame.restored_to ?? null };
      if (otherHistory) state.canUndo = state.canRedo = null;
      if (state.epoch !== frame.epoch) write(storage, EPOCH_SEEN, frame.epoch);
      state.configuration = frame.configuration;
      state.code = frame.code;
      state.epoch = frame.epoch;
      state.version = frame.version;
      state.selection = frame.selection;
      state.derived = frame.derived;
      state.totalCents = frame.derived.price.total_cents;
      here(frame);
      mayTakeBack(frame.you);
      state.you = frame.you;
      release(otherHistory ? Infinity : state.version);
      caughtUp(frame.re);
    },
    ops(frame) {
      if (frame.epoch !== state.epoch || frame.from > state.version) return ask();
      for (const op of frame.ops) {
        if (op.version === state.version + 1) apply(op);
        else known(op);
      }
      if (frame.members) here(frame);
      if (frame.you) {
        mayTakeBack(frame.you);
        state.you = frame.you;
      }
      if (state.version < frame.to) return join(true);
      if (frame.re && frame.re === state.askingSince) caughtUp(frame.re);
      else sendNext();
    },
    op(frame) {
      if (frame.epoch !== state.epoch) return ask();
      if (frame.version > state.version + 1) return ask();
      if (frame.version === state.version + 1) apply(frame);
      else known(frame);
      sendNext();
    },
    position(frame) {
      if (frame.epoch !== state.epoch || frame.version > state.version) ask();
    },
    outcome(frame) {
      mayTakeBack(frame);
      if (queue.onItsWay === frame.op_id) clearTimeout(answerTimer);
      if (frame.outcome === "rejected" || frame.outcome === "conflict") {
        const op = settle(frame.op_id);
        if (op) refuse(op, frame);
      } else {
        queue.committed(frame.op_id, frame);
        release(state.version);
        if (frame.version > state.version) ask();
      }
      sendNext();
    },
    presence(frame) {
      here(frame);
    },
    access_changed() {
      state.accessChanges += 1;
    },
    left(frame) {
      if (frame.code) end({ code: frame.code });
    },
    error(frame) {
      if (RELOAD.has(frame.code)) return reload(frame.retry_after_ms ?? 0);
      const aboutJoin = frame.re && frame.re === state.askingSince;
      const opId = frame.op_id ?? queue.find(frame.re)?.op_id;
      if (state.ended && opId) return; // it stays among what was not saved
      if (frame.code === "access_revoked") return end({ code: frame.code, text: frame.message });
      if (GONE.has(frame.code) && (aboutJoin || opId)) {
        // The server says the same of every house that is not open to one; this tab was let in before.
        if (recalled && frame.code === "not_found") end({ code: "access_revoked" });
        else if (state.pending.length || state.ended || recalled) end({ code: frame.code, text: frame.message });
        else state.gone = frame.message;
        return;
      }
      const op = opId ? queue.find(opId) : null;
      if (op?.outcome) return; // an answer to an earlier try
      const fromAnotherHistory = op && frame.code === "version_unknown" && op.epoch !== state.epoch && !state.askingSince;
      if (REJOIN.has(frame.code) && !fromAnotherHistory) {
        if (state.ended) return;
        join(frame.code === "version_unknown");
        if (op) again(opId, 0);
        return;
      }
      if (frame.retryable) {
        if (op) again(opId, frame.retry_after_ms ?? 0);
        else if (aboutJoin) joinAgain(frame.re, (frame.retry_after_ms ?? 1000) * (1 + random() * 0.5));
        return;
      }
      if (!op) return;
      settle(opId);
      refuse(op, { outcome: "failed", reasons: [{ code: frame.code, text: frame.message }], repairs: [] });
      sendNext();
    },
  };

  // `re`: the join that brought it, where it was asked for.
  function caughtUp(re) {
    if (re) recalled = true;
    state.accessChanges += 1;
    state.askingSince = null;
    state.ended = null;
    clearTimeout(joinTimer);
    sendNext();
  }

  // Somebody has ended our membership. Nothing is sent any more, and nothing that was asked for is
  // forgotten: the screen says what is not saved.
  function end(why) {
    state.ended = why;
    state.askingSince = null;
    unanswered();
    clearTimeout(joinTimer);
    sendAtOnce(); // whoever is let in again
  }

  function sendAtOnce() {
    clearTimeout(pauseTimer);
    pauseTimer = null;
  }

  function here(frame) {
    state.members = frame.members;
    state.memberCount = frame.member_count ?? frame.members.length;
    const role = frame.members.find((m) => m.connection === state.connectionId)?.role;
    if (role && state.you && state.you.role !== role) state.you = { ...state.you, role };
  }

  // Null: the server did not look; then what was known stays.
  function mayTakeBack(told) {
    state.canUndo = told.can_undo ?? state.canUndo;
    state.canRedo = told.can_redo ?? state.canRedo;
  }

  function apply(frame) {
    if (queue.onItsWay === frame.op_id) clearTimeout(answerTimer);
    const asked = queue.effected(frame.op_id, frame.version, frame.epoch);
    if (asked) persist();
    const mine = Boolean(asked) || isMine(frame);
    state.version = frame.version;
    if (frame.selection) state.selection = frame.selection;
    if (frame.derived) state.derived = frame.derived;
    if (mine && frame.changes.length && !REVERSALS.has(frame.operation_kind)) [state.canUndo, state.canRedo] = [true, false];
    else if (mine && frame.operation_kind === "undo" && frame.changes.length) state.canRedo = true;
    else if (mine && frame.operation_kind === "redo" && frame.changes.length) state.canUndo = true;
    const touched = new Set(frame.changes.map((change) => change.category));
    state.adjustments = state.adjustments.filter((a) => !touched.has(a.category));
    state.refusals = state.refusals.filter((r) => !touched.has(r.category));
    const entry = {
      ...changeOf(frame, mine),
      askedHere: Boolean(asked),
      seenAt: Date.now(),
      change_cents: state.totalCents === null ? undefined : frame.total_cents - state.totalCents,
      waited_ms: asked ? Date.now() - asked.since : null,
    };
    state.totalCents = frame.total_cents;
    for (const change of frame.changes) {
      if (change.cause !== "rule") continue;
      const reasons = frame.reasons.filter((r) => !r.category || r.category === change.category);
      state.adjustments.push({ key: `${frame.op_id}-${change.category}`, category: change.category, change, reasons, author: frame.author, mine });
    }
    note(entry);
    release(frame.version);
    onChange?.(entry);
  }

  // An op that is in the state already: what was changed before this page came.
  function known(frame) {
    settle(frame.op_id);
    const at = Date.parse(frame.at) || 0;
    if (!state.changes.some((entry) => entry.version === frame.version)) note({ ...changeOf(frame, isMine(frame)), askedHere: false, seenAt: at });
  }

  const isMine = (frame) => state.you !== null && frame.author.id === state.you.person;

  function changeOf({ op_id, author, operation_kind, changes, reasons, outcome, at, version, total_cents }, mine) {
    return { key: op_id, mine, author, kind: operation_kind, changes, reasons, outcome, at: Date.parse(at) || Date.now(), version, total_cents };
  }

  // Newest first.
  function note(entry) {
    const after = state.changes.findIndex((each) => each.version < entry.version);
    state.changes.splice(after < 0 ? state.changes.length : after, 0, entry);
    state.changes.splice(CHANGES_KEPT);
  }

  function release(version) {
    if (state.pending.some((op) => op.outcome)) {
      queue.release(version);
      persist();
    }
  }

  function refuse(entry, answer) {
    const operation = entry.operation;
    const nothing = answer.reasons.find((r) => NOTHING[r.code]);
    if (nothing) {
      state[NOTHING[nothing.code]] = false;
      onNothing?.(nothing);
      return;
    }
    const category = operation.category ?? answer.reasons.find((r) => r.category)?.category ?? null;
    state.refusals = state.refusals.filter((r) => r.category !== category);
    const refusal = { key: entry.op_id, category, operation, outcome: answer.outcome, reasons: answer.reasons, repairs: answer.repairs };
    state.refusals.push(refusal);
    onRefused?.(refusal);
  }

  // -- keeping -----------------------------------------------------------------------------

  const storageKey = () => `${KEPT_UNDER}${state.configuration}`;

  function persist() {
    const kept = state.pending.map(({ op_id, base_version, epoch, guarded, operation, since }) => ({ op_id, base_version, epoch, guarded, operation, since, person: state.you?.person }));
    if (kept.length) write(storage, storageKey(), JSON.stringify(kept));
    else remove(storage, storageKey());
  }

  // Only what the same person asked for: another one may use this tab now.
  function restore() {
    const kept = parsed(read(storage, storageKey()));
    for (const op of Array.isArray(kept) ? kept : []) {
      if (op?.op_id && op.operation?.kind && op.person === state.you?.person) queue.add({ ...op, refusedTries: 0 });
    }
  }

  function connected() {
    state.socket = "up";
    unanswered();
    if (Date.now() >= toldUntil) sendAtOnce();
    // The page behind the socket may be a new one, which knows no session but that of whom it hears.
    if (state.sessionId) send({ type: "hello", protocol: 1, session_id: state.sessionId });
    if (!state.ended) join();
  }

  function disconnected() {
    state.socket = "down";
    state.askingSince = null;
    unanswered();
    for (const id of [...requests.keys()]) requested(id, null);
  }

  function dismiss(key) {
    state.refusals = state.refusals.filter((r) => r.key !== key);
    state.adjustments = state.adjustments.filter((a) => a.key !== key);
    if (key === "restored") state.restored = null;
  }

  for (const frame of frames) receive(frame);
  if (state.configuration) restore();
  return { state, submit, receive, send, request, connected, disconnected, dismiss, join };
}

// What the status beside the title may claim.
export function statusOf(state) {
  const waiting = state.pending.length;
  if (state.gone || state.ended) return { name: "gone", count: waiting };
  if (!state.online || state.socket === "down") return { name: "offline", count: waiting };
  if (!waiting) return { name: "saved", count: 0 };
  const oldest = Math.max(...state.pending.map((p) => state.clock - p.since));
  if (state.pending.some((p) => p.refusedTries > 0) || oldest > 3000) return { name: "retrying", count: waiting };
  return { name: "saving", count: waiting };
}
