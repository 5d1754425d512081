// Finds the reader's choices that an op of somebody else replaced. Pure.

/**
 * @import { Change, Choice } from "../../client/messages.js"
 * @import { ChangeEntry } from "../types.js"
 *
 * @typedef {Pick<ChangeEntry, "mine" | "changes">} Earlier
 */

/** @param {Choice | null | undefined} one @param {Choice | null | undefined} other */
const sameChoice = (one, other) => one?.option === other?.option && one?.quantity === other?.quantity;

/** @param {Change} change @param {readonly Earlier[]} earlier */
function ownChoice(change, earlier) {
  const latest = earlier.find((entry) => entry.changes.some((each) => each.category === change.category));
  return latest?.mine ?? false;
}

/**
 * The changes of choices that the reader had made. A choice that is put back as the reader had it
 * is not lost.
 *
 * @param {Earlier} entry
 * @param {readonly Earlier[]} earlier the changes before it, newest first
 * @param {ReadonlyMap<string, Choice | null>} [lost] what was told of as lost already, by category
 * @returns {Change[]}
 */
export function lostTo(entry, earlier, lost = new Map()) {
  if (entry.mine) return [];
  const own = entry.changes.filter(
    (c) => lost.has(c.category) || (c.cause === "asked" && c.before && ownChoice(c, earlier)),
  );
  return own
    .map((c) => (lost.has(c.category) ? { ...c, before: lost.get(c.category) ?? null } : c))
    .filter((c) => !sameChoice(c.before, c.after));
}
