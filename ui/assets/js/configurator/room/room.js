// One configuration as this tab shows it.
//
// The client in ../client/, which has the same files as the npm package, decides what is confirmed,
// pending and shown. This module is its link, over the socket of the page: `emit` a text, `receive`
// a frame. It maps the client's state to the state that the parts of the screen read, and keeps it
// for a page that loads again.
//
// When the membership ends nothing is sent any more and the house stays in sight. Changes that were
// not saved stay in `pending`: the screen shows them, and a person who is let in again goes on with
// them.

/**
 * @import { ClientError } from "../../client/errors.js"
 * @import { ClientMessage, ServerMessage, You } from "../../client/messages.js"
 * @import { HouseLink, HouseView, Operation, Recollection, Restored } from "../../client/types.js"
 * @import { AskedOp, KeptOp, RoomOptions } from "./types.js"
 */
import { PROTOCOL } from "../../client/codes.js";
import { HouseEnded, QueueFull, Refused } from "../../client/errors.js";
import { House } from "../../client/house.js";
import { uuid7 } from "../../client/ids.js";
import { createKept } from "../../device/pending_ops.js";
import { place } from "../../shared/storage.js";
import { createAnswers } from "./answers.js";
import { createRequests } from "./requests.js";
import { blank } from "./room_state.js";
import { createSilence } from "./silence.js";

const CHANGES_RECALLED = 10;
const RELOAD = new Set(["slow_reader", "client_too_old", "flooding"]);

/** @param {RoomOptions} options */
export function createRoom({
  frames,
  emit,
  reactive = (state) => state,
  storage = place("sessionStorage"),
  random = Math.random,
  reload,
  giveUp = () => {},
  onFrame,
  onFull,
  ...hearing
}) {
  const state = reactive(blank());
  const kept = createKept(storage);
  const requests = createRequests(send);
  const silence = createSilence(giveUp);
  /** The time at which each op was asked for, by its id. @type {Map<string, number>} */
  const since = new Map();
  const askedAt = (/** @type {string} */ opId) => since.get(opId) ?? Date.now();
  const answers = createAnswers({ state, askedAt, ...hearing });
  /** @type {HouseLink} */
  const link = { random, send, ask: requests.answerTo, forget: () => {} };
  /** @type {readonly AskedOp[]} */
  let pending = [];
  let houses = 0;
  let joined = false; // a join of this tab was answered
  /** @type {Restored | null} */
  let dismissed = null;
  /** @type {ClientError | null} */
  let endedBy = null;
  const first = frames.find((frame) => frame.type === "snapshot");
  if (!first) throw new Error("A page begins with a snapshot.");
  const left = kept.ops(first.configuration, first.you.person);
  let house = enter(first.configuration, left, { epoch: kept.epoch(), recall: CHANGES_RECALLED });
  for (const frame of frames) receive(frame);

  /**
   * @param {string} configuration
   * @param {readonly KeptOp[]} ops
   * @param {Recollection} recollection
   */
  function enter(configuration, ops, recollection) {
    for (const op of ops) since.set(op.op_id, op.since ?? Date.now());
    const entered = new House(link, `join-${(houses += 1)}`, configuration, ops, recollection);
    entered.on("op", ({ op, own }) => answers.applied(op, own));
    entered.on("known", answers.known);
    entered.on("settled", (settled) => {
      answers.settled(settled);
      if (!entered.state.ended) since.delete(settled.op.op_id);
    });
    entered.on("joined", () => {
      joined = true;
      state.ended = null;
      state.accessChanges += 1;
    });
    entered.on("change", show);
    return entered;
  }

  /** @param {HouseView} view */
  function show(view) {
    if (view.ended) return over(view.ended);
    const { pending: ops, ended: _none, restored, ...known } = view;
    pending = ops.map((op) => ({ ...op, since: askedAt(op.op_id) }));
    state.pending = pending;
    const { configuration, epoch, you } = view;
    if (!configuration || !epoch || !you) return; // entered again: the former house stays in sight
    const canBe = canBeTakenBack(you, pending);
    Object.assign(state, known, canBe, { restored: restored === dismissed ? null : restored });
    kept.sawEpoch(epoch);
    kept.keepOps(configuration, you.person, pending);
  }

  /** @param {ClientError} error */
  function over(error) {
    if (error === endedBy) return;
    endedBy = error;
    const ended = error instanceof HouseEnded ? error : null;
    const refused = error instanceof Refused ? error : ended?.refused;
    const [code, text] = [refused?.code ?? ended?.code ?? "left", refused?.text];
    // The server answers `not_found` for every house that a person may not see, but this tab was in it before.
    if (joined && code === "not_found") state.ended = { code: "access_revoked" };
    else if (joined || pending.length || state.ended || !text) state.ended = { code, text };
    else state.gone = text;
  }

  /** @param {ClientMessage} message */
  function send(message) {
    if (state.socket !== "up" && message.type !== "leave") return false;
    onFrame?.("out", message);
    if ("id" in message) silence.asked();
    emit(JSON.stringify(message));
    return true;
  }

  /**
   * The op_id; null if the op was not accepted, after the end or because too many wait.
   *
   * @param {Operation} operation
   * @param {{ guarded?: boolean }} [how]
   */
  function submit(operation, { guarded = false } = {}) {
    if (state.ended) return null;
    const opId = uuid7();
    since.set(opId, Date.now());
    // `settled` tells the end of an op that was accepted.
    house.submit(operation, { guarded, opId }).catch((error) => error instanceof QueueFull && onFull?.(error.limit));
    return house.pending.some((op) => op.op_id === opId) ? opId : null;
  }

  /** @param {ServerMessage} frame */
  function receive(frame) {
    onFrame?.("in", frame);
    silence.end();
    if ("configuration" in frame && state.configuration && frame.configuration !== state.configuration) return;
    if (frame.type === "error" && RELOAD.has(frame.code)) return reload(frame.retry_after_ms ?? 0);
    noteAside(frame);
    const answersLeave = frame.type === "left" && !frame.code;
    if (!answersLeave && (frame.type === "snapshot" || house.concerns(frame))) house.receive(frame);
    requests.hear(frame);
  }

  /** @param {ServerMessage} frame */
  function noteAside(frame) {
    switch (frame.type) {
      case "welcome":
        state.me = frame.person ?? state.me;
        state.sessionId = frame.session_id ?? state.sessionId;
        return;
      case "introduced":
        state.me = frame.person;
        return;
      case "snapshot":
        answers.replaced(frame);
        state.accessChanges += 1;
        return;
      case "access_changed":
        state.accessChanges += 1;
        return;
      case "error":
        if (frame.code !== "access_revoked") return;
        house.end((opIds) => new HouseEnded(frame.code, opIds, new Refused(frame)));
    }
  }

  function connected() {
    state.socket = "up";
    // Another process may have built the page again; it learns the session from this hello.
    if (state.sessionId) send({ type: "hello", protocol: PROTOCOL, session_id: state.sessionId });
    house.connected();
  }

  function disconnected() {
    state.socket = "down";
    silence.end();
    house.disconnected();
    requests.lost();
  }

  // Join again after the membership has ended.
  function join() {
    house = enter(state.configuration ?? state.code, pending, { epoch: state.epoch });
    if (state.socket === "up") house.connected();
  }

  /** @param {string} key */
  function dismiss(key) {
    answers.dismiss(key);
    if (key !== "restored") return;
    dismissed = house.state.restored;
    state.restored = null;
  }

  return {
    state,
    submit,
    receive,
    send,
    request: requests.ask,
    present: (/** @type {{ category?: string | null, view?: string | null }} */ where) => house.present(where),
    connected,
    disconnected,
    dismiss,
    join,
  };
}

// What this person can undo and redo. Of an op that waits nobody knows yet whether it can be undone or, if
// it is an undo, redone.
/** @param {You} you @param {readonly AskedOp[]} pending */
function canBeTakenBack({ can_undo = null, can_redo = null }, pending) {
  const undoes = (/** @type {AskedOp} */ op) => op.operation.kind === "undo";
  return {
    canUndo: can_undo || pending.every(undoes) ? can_undo : null,
    canRedo: can_redo || !pending.some(undoes) ? can_redo : null,
  };
}
