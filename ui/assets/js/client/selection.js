/**
 * Selections, and the most likely effect of an op on one. The rules are the server's.
 *
 * @import { Change, Choice } from "./messages.js"
 * @import { Guess, Operation, Selection, SingleOperation } from "./types.js"
 */

/**
 * The most likely effect of an operation on the shown selection. Reset, undo and redo are not
 * guessed.
 *
 * @param {Operation} operation
 * @param {Selection} shown
 * @returns {Guess}
 */
export function guess(operation, shown) {
  /** @type {Map<string, Choice | null>} */
  const guessed = new Map();
  for (const single of singles(operation)) {
    const asked = guessed.get(single.category);
    const before = asked === undefined ? chosen(shown, single.category) : asked;
    const after = guessOne(single, before);
    if (after !== undefined) guessed.set(single.category, after);
  }
  return guessed;
}

/**
 * The selection with guesses laid over it; a later guess covers an earlier one.
 *
 * @param {Selection} selection
 * @param {Iterable<Guess>} guesses
 * @returns {Selection}
 */
export function overlaid(selection, guesses) {
  const shown = { ...selection };
  for (const guessed of guesses) {
    for (const [category, choice] of guessed) put(shown, category, choice);
  }
  return shown;
}

/**
 * The selection after changes.
 *
 * @param {Selection} selection
 * @param {readonly Change[]} changes
 * @returns {Selection}
 */
export function changed(selection, changes) {
  const after = { ...selection };
  for (const change of changes) put(after, change.category, change.after);
  return after;
}

/**
 * @param {Record<string, Choice>} selection
 * @param {string} category
 * @param {Choice | null} choice
 */
function put(selection, category, choice) {
  if (choice === null) delete selection[category];
  else selection[category] = choice;
}

/**
 * @param {Operation} operation
 * @returns {readonly SingleOperation[]}
 */
function singles(operation) {
  switch (operation.kind) {
    case "apply":
      return operation.operations;
    case "select":
    case "set_quantity":
    case "clear":
      return [operation];
    default:
      return [];
  }
}

/**
 * The guessed choice; undefined if nothing is guessed.
 *
 * @param {SingleOperation} operation
 * @param {Choice | null} before
 * @returns {Choice | null | undefined}
 */
function guessOne(operation, before) {
  switch (operation.kind) {
    case "select": {
      const quantity = operation.quantity ?? before?.quantity ?? null;
      if (quantity === 0) return null;
      return quantity === null ? { option: operation.option } : { option: operation.option, quantity };
    }
    case "set_quantity":
      if (operation.quantity === 0) return null;
      return before === null ? undefined : { option: before.option, quantity: operation.quantity };
    case "clear":
      return null;
  }
}

/**
 * @param {Selection} selection
 * @param {string} category
 * @returns {Choice | null}
 */
function chosen(selection, category) {
  return Object.prototype.hasOwnProperty.call(selection, category) ? (selection[category] ?? null) : null;
}
