// One configuration as this tab knows it.
//
// The server decides; this module remembers what was asked and not yet answered.
//
//   state.version   the last version whose op (or snapshot) arrived
//   pending         asked, unanswered ops, oldest first; kept in sessionStorage until answered
//
// Every pending op leaves the list in exactly one of these ways: its own `op` or `outcome` frame
// arrives, or an `error` with its op_id says that it will never be carried out. A lost answer is
// asked for again with the SAME op_id, which is safe: the server stores the outcome by op_id.
//
// Who was told to wait (`retry_after_ms`) waits with everything: what was asked later does not
// overtake what was asked before, so the last click stays the last.
//
// Position: `op.version` must be `state.version + 1`. Anything newer (an op, ops, a `position`) means
// that something was missed; then nothing is applied until the answer to `join{since}` has filled
// the gap. Of several ops in one message only the last carries the state after it.
import { reactive } from "vue";
import { uuid7 } from "./ids.js";

const ANSWER_WITHIN_MS = 6000;
const RETRY_MAX_MS = 15000;
const CHANGES_KEPT = 30;
const REJOIN = new Set(["not_joined", "version_unknown", "already_joined"]);
const RELOAD = new Set(["slow_reader", "restarting", "client_too_old", "flooding"]);
const GONE = new Set(["not_found", "not_authenticated"]);
const REVERSALS = new Set(["undo", "redo"]);
const NOTHING = { nothing_to_undo: "canUndo", nothing_to_redo: "canRedo" };

export function createRoom({ frames, emit, storage = window.sessionStorage, reload, onFrame, onChange, onNothing, onRefused }) {
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
    online: navigator.onLine,
    gone: null,
    ended: null, // why this tab is no member any more, while the house stays in sight
    askingSince: null,
    clock: Date.now(),
    connectionId: null,
  });
  const timers = new Map(); // until when an answer is waited for, by op_id
  let resendTimer = null;
  let holdUntil = 0;
  let joinNumber = 0;
  let gapAskedAt = 0;

  function send(message) {
    if (state.socket !== "up" && message.type !== "leave") return false;
    onFrame?.("out", message);
    emit(JSON.stringify(message));
    return true;
  }

  // -- asking ------------------------------------------------------------------------------

  function submit(operation, { guarded = false } = {}) {
    if (state.ended) return null;
    const entry = {
      op_id: uuid7(),
      base_version: state.version,
      guarded,
      operation,
      since: Date.now(),
      tries: 0,
      refusedTries: 0,
      waiting: false,
    };
    entry.waiting = state.pending.some((p) => p.waiting);
    state.pending.push(entry);
    persist();
    if (!entry.waiting) transmit(entry);
    return entry.op_id;
  }

  function transmit(entry) {
    clearTimer(entry.op_id);
    entry.waiting = false;
    const sent = send({
      type: "op",
      id: entry.op_id,
      configuration: state.configuration,
      op_id: entry.op_id,
      base_version: entry.base_version,
      guarded: entry.guarded,
      operation: entry.operation,
    });
    if (!sent) return; // connected() sends everything again
    entry.tries += 1;
    timers.set(
      entry.op_id,
      setTimeout(() => retry(entry.op_id, 0), ANSWER_WITHIN_MS),
    );
  }

  // The same op again, not before `afterMs`; what waits behind it goes with it, in order.
  function retry(opId, afterMs) {
    const entry = find(opId);
    if (!entry) return;
    clearTimer(opId);
    entry.waiting = true;
    entry.refusedTries += 1;
    const backoff = Math.min(RETRY_MAX_MS, 400 * 2 ** Math.min(entry.refusedTries, 6)) * (0.75 + Math.random() * 0.5);
    hold(Math.max(afterMs * (1 + Math.random() * 0.2), backoff));
  }

  function hold(ms) {
    holdUntil = Math.max(holdUntil, Date.now() + ms);
    clearTimeout(resendTimer);
    resendTimer = setTimeout(resend, holdUntil - Date.now());
  }

  function resend() {
    for (const entry of [...state.pending]) if (entry.waiting || !timers.has(entry.op_id)) transmit(entry);
  }

  const find = (opId) => state.pending.find((p) => p.op_id === opId);

  function settle(opId) {
    clearTimer(opId);
    const at = state.pending.findIndex((p) => p.op_id === opId);
    if (at < 0) return null;
    const [entry] = state.pending.splice(at, 1);
    persist();
    return entry;
  }

  function clearTimer(opId) {
    clearTimeout(timers.get(opId));
    timers.delete(opId);
  }

  function join(full = false) {
    joinNumber += 1;
    const since = !full && state.epoch ? { epoch: state.epoch, version: state.version } : undefined;
    state.askingSince = `join-${joinNumber}`;
    gapAskedAt = Date.now();
    return send({ type: "join", id: state.askingSince, configuration: state.configuration, since });
  }

  // Something was missed: ask for it, unless the answer is on its way.
  function ask() {
    if (state.ended) return;
    if (!state.askingSince || Date.now() - gapAskedAt > ANSWER_WITHIN_MS) join();
  }

  // -- hearing -----------------------------------------------------------------------------

  function receive(frame) {
    onFrame?.("in", frame);
    if (frame.configuration && state.configuration && frame.configuration !== state.configuration) return;
    handlers[frame.type]?.(frame);
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
      caughtUp();
    },
    ops(frame) {
      if (frame.epoch !== state.epoch || frame.from > state.version) return ask();
      for (const op of frame.ops) {
        if (op.version === state.version + 1) apply(op);
        else settle(op.op_id);
      }
      if (frame.members) here(frame);
      if (frame.you) {
        mayTakeBack(frame.you);
        state.you = frame.you;
      }
      if (state.version < frame.to) return join(true);
      if (frame.re && frame.re === state.askingSince) caughtUp();
    },
    op(frame) {
      if (frame.epoch !== state.epoch) return ask();
      if (frame.version <= state.version) return void settle(frame.op_id);
      if (frame.version === state.version + 1) return apply(frame);
      ask();
    },
    position(frame) {
      if (frame.epoch !== state.epoch || frame.version > state.version) ask();
    },
    outcome(frame) {
      const entry = settle(frame.op_id);
      mayTakeBack(frame);
      if (frame.outcome === "rejected" || frame.outcome === "conflict") {
        if (entry) refuse(entry, frame);
      } else if (frame.version > state.version) {
        ask();
      }
    },
    presence(frame) {
      here(frame);
    },
    left(frame) {
      if (frame.code) end({ code: frame.code });
    },
    error(frame) {
      if (RELOAD.has(frame.code)) return reload(frame.retry_after_ms ?? 0);
      const aboutJoin = frame.re && frame.re === state.askingSince;
      const opId = frame.op_id ?? find(frame.re)?.op_id;
      if (state.ended && opId) return; // it stays among what was not saved
      if (frame.code === "access_revoked") return end({ code: frame.code, text: frame.message });
      if (GONE.has(frame.code) && (aboutJoin || opId)) {
        if (state.pending.length || state.ended) end({ code: frame.code, text: frame.message });
        else state.gone = frame.message;
        return;
      }
      if (REJOIN.has(frame.code)) {
        if (state.ended) return;
        join(frame.code === "version_unknown");
        if (opId) retry(opId, 0);
        return;
      }
      if (frame.retryable) {
        if (opId) retry(opId, frame.retry_after_ms ?? 0);
        else if (aboutJoin) {
          const pause = (frame.retry_after_ms ?? 1000) * (0.75 + Math.random() * 0.5);
          setTimeout(() => state.socket === "up" && join(), pause);
        }
        return;
      }
      const entry = opId ? settle(opId) : null;
      if (entry) refuse(entry, { outcome: "failed", reasons: [{ code: frame.code, text: frame.message }], repairs: [] });
    },
  };

  function caughtUp() {
    state.askingSince = null;
    state.ended = null;
    if (Date.now() >= holdUntil) resend();
  }

  // Somebody has ended our membership. Nothing is sent any more, and nothing that was asked for is
  // forgotten: the screen says what is not saved.
  function end(why) {
    state.ended = why;
    state.askingSince = null;
    clearTimeout(resendTimer);
    holdUntil = 0; // whoever is let in again sends at once
    for (const entry of state.pending) clearTimer(entry.op_id);
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
    const asked = settle(frame.op_id);
    const askedHere = Boolean(asked);
    const mine = askedHere || (state.you && frame.author.id === state.you.person);
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
      key: frame.op_id,
      mine,
      askedHere,
      author: frame.author,
      kind: frame.operation_kind,
      changes: frame.changes,
      reasons: frame.reasons,
      outcome: frame.outcome,
      at: Date.parse(frame.at) || Date.now(),
      seenAt: Date.now(),
      version: frame.version,
      total_cents: frame.total_cents,
      change_cents: state.totalCents === null ? undefined : frame.total_cents - state.totalCents,
      waited_ms: asked ? Date.now() - asked.since : null,
    };
    state.totalCents = frame.total_cents;
    for (const change of frame.changes) {
      if (change.cause !== "rule") continue;
      const reasons = frame.reasons.filter((r) => !r.category || r.category === change.category);
      state.adjustments.push({ key: `${frame.op_id}-${change.category}`, category: change.category, change, reasons, author: frame.author, mine });
    }
    state.changes.unshift(entry);
    state.changes.splice(CHANGES_KEPT);
    onChange?.(entry);
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

  const storageKey = () => `nest-pending-${state.configuration}`;

  function persist() {
    const kept = state.pending.map(({ op_id, base_version, guarded, operation, since }) => ({ op_id, base_version, guarded, operation, since }));
    try {
      if (kept.length) storage.setItem(storageKey(), JSON.stringify(kept));
      else storage.removeItem(storageKey());
    } catch {
      // storage may be full or forbidden; the ops are still in memory
    }
  }

  function restore() {
    let kept = [];
    try {
      kept = JSON.parse(storage.getItem(storageKey()) ?? "[]");
    } catch {
      kept = [];
    }
    for (const entry of Array.isArray(kept) ? kept : []) {
      if (!entry?.op_id || !entry?.operation) continue;
      state.pending.push({ ...entry, tries: 0, refusedTries: 0, waiting: true });
    }
  }

  function connected() {
    state.socket = "up";
    for (const entry of state.pending) clearTimer(entry.op_id);
    if (!state.ended) join();
  }

  function disconnected() {
    state.socket = "down";
    state.askingSince = null;
  }

  function dismiss(key) {
    state.refusals = state.refusals.filter((r) => r.key !== key);
    state.adjustments = state.adjustments.filter((a) => a.key !== key);
  }

  for (const frame of frames) receive(frame);
  if (state.configuration) restore();
  return { state, submit, receive, send, connected, disconnected, dismiss, join };
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

// The choice that was asked for and not yet answered, per category: undefined = nothing asked.
export function askedChoices(pending) {
  const asked = {};
  const note = (operation) => {
    if (operation.kind === "select") asked[operation.category] = { option: operation.option, quantity: operation.quantity };
    else if (operation.kind === "clear") asked[operation.category] = null;
    else if (operation.kind === "set_quantity") asked[operation.category] = { quantity: operation.quantity };
    else if (operation.kind === "apply") operation.operations.forEach(note);
  };
  for (const entry of pending) note(entry.operation);
  return asked;
}
