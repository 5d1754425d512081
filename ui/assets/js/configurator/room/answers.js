// The results of ops, as the screen lists them: changes, newest first; refusals of this tab's ops;
// changes by rules.

/**
 * @import { OpFrame, Snapshot } from "../../client/messages.js"
 * @import { PendingOp, Settled } from "../../client/types.js"
 * @import { ChangeEntry, Refusal, RoomHearing, RoomState } from "./types.js"
 */
import { Refused } from "../../client/errors.js";

const CHANGES_KEPT = 30;
const NOTHING = new Set(["nothing_to_undo", "nothing_to_redo"]);

/**
 * `askedAt(opId)` is the time at which an op of this tab was asked for.
 *
 * @param {{ state: RoomState, askedAt: (opId: string) => number } & RoomHearing} options
 */
export function createAnswers({ state, askedAt, onChange, onNothing, onRefused }) {
  /** The price before the next op. @type {number | null} */
  let cents = null;

  /** The changes between the two versions are unknown. @param {Snapshot} frame */
  function replaced({ version, epoch, derived }) {
    if (version !== state.version || (state.epoch && epoch !== state.epoch)) state.changes = [];
    cents = derived?.price?.total_cents ?? null;
  }

  /**
   * @param {OpFrame} op
   * @param {boolean} own
   */
  function applied(op, own) {
    const touched = new Set(op.changes.map((change) => change.category));
    state.adjustments = state.adjustments.filter((a) => !touched.has(a.category));
    state.refusals = state.refusals.filter((r) => !r.category || !touched.has(r.category));
    const mine = own || isMine(op);
    const now = Date.now();
    const waited_ms = own ? now - askedAt(op.op_id) : null;
    const change_cents = cents === null ? undefined : op.total_cents - cents;
    cents = op.total_cents;
    for (const change of op.changes) {
      if (change.cause !== "rule") continue;
      const reasons = op.reasons.filter((r) => !r.category || r.category === change.category);
      state.adjustments.push({
        key: `${op.op_id}-${change.category}`,
        category: change.category,
        change,
        reasons,
        author: op.author,
        mine,
      });
    }
    const entry = { ...changeOf(op, mine), askedHere: own, seenAt: now, change_cents, waited_ms };
    note(entry);
    onChange?.(entry);
  }

  /** An op before this page's first state, which includes it already. @param {OpFrame} op */
  function known(op) {
    if (state.changes.some((entry) => entry.version === op.version)) return;
    note({ ...changeOf(op, isMine(op)), askedHere: false, seenAt: Date.parse(op.at) || 0 });
  }

  /** @param {Settled} settled */
  function settled({ op, outcome, error }) {
    const said = outcome?.outcome;
    if (outcome && (said === "rejected" || said === "conflict")) refuse(op, { ...outcome, outcome: said });
    else if (error instanceof Refused)
      refuse(op, { outcome: "failed", reasons: [{ code: error.code, text: error.text }], repairs: [] });
  }

  /**
   * @param {PendingOp} op
   * @param {Pick<Refusal, "outcome" | "reasons" | "repairs">} answer
   */
  function refuse({ op_id, operation }, { outcome, reasons, repairs }) {
    const nothing = reasons.find((r) => NOTHING.has(r.code));
    if (nothing) return onNothing?.(nothing);
    const asked = "category" in operation ? operation.category : null;
    const category = asked ?? reasons.find((r) => r.category)?.category ?? null;
    const refusal = { key: op_id, category, operation, outcome, reasons, repairs };
    state.refusals = [...state.refusals.filter((r) => r.category !== category), refusal];
    onRefused?.(refusal);
  }

  /** @param {string} key */
  function dismiss(key) {
    state.refusals = state.refusals.filter((r) => r.key !== key);
    state.adjustments = state.adjustments.filter((a) => a.key !== key);
  }

  const isMine = (/** @type {OpFrame} */ op) => state.you !== null && op.author.id === state.you.person;

  /**
   * @param {OpFrame} op
   * @param {boolean} mine
   */
  function changeOf({ op_id, author, operation_kind, changes, reasons, outcome, at, version, total_cents }, mine) {
    return {
      key: op_id,
      mine,
      author,
      kind: operation_kind,
      changes,
      reasons,
      outcome,
      at: Date.parse(at) || Date.now(),
      version,
      total_cents,
    };
  }

  /** @param {ChangeEntry} entry */
  function note(entry) {
    const after = state.changes.findIndex((each) => each.version < entry.version);
    state.changes.splice(after < 0 ? state.changes.length : after, 0, entry);
    state.changes.splice(CHANGES_KEPT);
  }

  return { replaced, applied, known, settled, dismiss };
}
