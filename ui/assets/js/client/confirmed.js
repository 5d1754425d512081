/**
 * The confirmed state of one house: the selection at one version, the members, and the reader.
 * Pure.
 *
 * `version` moves by exactly one with an op frame, or jumps with a snapshot; the caller decides
 * which frames continue it.
 *
 * @import { Derived, Member, OpFrame, Outcome, Snapshot, You } from "./messages.js"
 * @import { Restored, Selection } from "./types.js"
 */
import { changed } from "./selection.js";

export class Confirmed {
  /** @type {string | null} */
  configuration = null;
  /** @type {string} */
  code;
  /** @type {string | null} */
  catalogue = null;
  /** @type {string | null} */
  epoch = null;
  version = 0;
  /** @type {Selection} */
  selection = {};
  /** @type {Derived | null} */
  derived = null;
  /** @type {number | null} */
  totalCents = null;
  /** @type {Restored | null} */
  restored = null;
  /** @type {readonly Member[]} */
  members = [];
  memberCount = 0;
  /** @type {You | null} */
  you = null;
  /** The last epoch that was seen, here or by an earlier client. @type {string | null} */
  #seenEpoch;

  /**
   * @param {string} reference
   * @param {string | null} seenEpoch
   */
  constructor(reference, seenEpoch) {
    this.code = reference;
    this.#seenEpoch = seenEpoch;
  }

  /**
   * Whether this state is at that version of that epoch or later, so that the ops after it can be applied.
   *
   * @param {string} epoch
   * @param {number} version
   */
  has(epoch, version) {
    return epoch === this.epoch && version <= this.version;
  }

  /**
   * Replace everything. Returns whether the history is another one than before, because a backup
   * replaced it.
   *
   * @param {Snapshot} frame
   */
  replace(frame) {
    const otherHistory = (this.#seenEpoch ?? frame.epoch) !== frame.epoch;
    if (otherHistory) {
      this.restored = { to: frame.restored_to ?? null };
      this.you = null;
    }
    this.configuration = frame.configuration;
    this.code = frame.code;
    this.catalogue = frame.catalogue;
    this.epoch = this.#seenEpoch = frame.epoch;
    this.version = frame.version;
    this.selection = frame.selection;
    this.derived = frame.derived;
    this.totalCents = frame.derived?.price?.total_cents ?? this.totalCents;
    this.meet(frame.you);
    this.present(frame.members, frame.member_count);
    return otherHistory;
  }

  /**
   * Move to the version of this op; `own` says that it was asked for here.
   *
   * @param {OpFrame} op
   * @param {boolean} own
   */
  apply(op, own) {
    this.version = op.version;
    this.selection = op.selection ?? changed(this.selection, op.changes);
    this.derived = op.derived ?? this.derived;
    this.totalCents = op.total_cents;
    if (own || op.author.id === this.you?.person) this.#mayTakeBack(op);
  }

  /**
   * Take the reader's state. What can be undone stays as it was, if the server did not look it up.
   *
   * @param {You} you
   */
  meet(you) {
    const can_undo = you.can_undo ?? this.you?.can_undo ?? null;
    const can_redo = you.can_redo ?? this.you?.can_redo ?? null;
    this.you = { ...you, can_undo, can_redo };
  }

  /**
   * Take what the outcome of an own op says about undo and redo.
   *
   * @param {Outcome} outcome
   */
  told({ can_undo, can_redo, reasons }) {
    if (!this.you) return;
    const nothing = new Set(reasons.map((reason) => reason.code));
    this.meet({
      ...this.you,
      can_undo: nothing.has("nothing_to_undo") ? false : (can_undo ?? this.you.can_undo),
      can_redo: nothing.has("nothing_to_redo") ? false : (can_redo ?? this.you.can_redo),
    });
  }

  /**
   * Update what can be undone after an op of this person, asked for here or elsewhere.
   *
   * @param {OpFrame} op
   */
  #mayTakeBack({ operation_kind: kind, changes }) {
    if (!this.you || !changes.length) return;
    if (kind === "undo") this.you = { ...this.you, can_redo: true };
    else if (kind === "redo") this.you = { ...this.you, can_undo: true };
    else this.you = { ...this.you, can_undo: true, can_redo: false };
  }

  /**
   * Take the members, and the reader's role, which may have changed. An admin who watches is not
   * among them.
   *
   * @param {readonly Member[]} members
   * @param {number | undefined} count
   */
  present(members, count) {
    this.members = members;
    this.memberCount = Math.max(count ?? 0, members.length);
    const you = this.you;
    const role = members.find((each) => each.person === you?.person)?.role;
    if (you && role && you.role !== "admin" && you.role !== role) this.you = { ...you, role };
  }
}
