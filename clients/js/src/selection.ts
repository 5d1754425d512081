/** What is chosen, and what an op most likely makes of it. The rules are the server's. */
import type { Apply, Change, Choice, Clear, Op, Select, SetQuantity } from "./messages.js";

export type Operation = Op["operation"];
export type SingleOperation = Select | SetQuantity | Clear;

/** Category → what is chosen; a category that is not chosen is absent. */
export type Selection = Readonly<Record<string, Choice>>;

/** Category → what is shown until the server has answered; null: not chosen. */
export type Guess = ReadonlyMap<string, Choice | null>;

/** What an operation most likely makes of what is shown. Reset, undo and redo are not guessed. */
export function guess(operation: Operation, shown: Selection): Guess {
  const guessed = new Map<string, Choice | null>();
  for (const single of singles(operation)) {
    const asked = guessed.get(single.category);
    const before = asked === undefined ? chosen(shown, single.category) : asked;
    const after = guessOne(single, before);
    if (after !== undefined) guessed.set(single.category, after);
  }
  return guessed;
}

/** The selection with guesses laid over it, the later ones above. */
export function overlaid(selection: Selection, guesses: Iterable<Guess>): Selection {
  const shown: Record<string, Choice> = { ...selection };
  for (const guessed of guesses) {
    for (const [category, choice] of guessed) put(shown, category, choice);
  }
  return shown;
}

/** The selection after changes. */
export function changed(selection: Selection, changes: readonly Change[]): Selection {
  const after: Record<string, Choice> = { ...selection };
  for (const change of changes) put(after, change.category, change.after);
  return after;
}

function put(selection: Record<string, Choice>, category: string, choice: Choice | null): void {
  if (choice === null) delete selection[category];
  else selection[category] = choice;
}

function singles(operation: Operation): readonly SingleOperation[] {
  switch (operation.kind) {
    case "apply":
      return (operation as Apply).operations;
    case "select":
    case "set_quantity":
    case "clear":
      return [operation];
    default:
      return [];
  }
}

/** Undefined where there is nothing to guess. */
function guessOne(operation: SingleOperation, before: Choice | null): Choice | null | undefined {
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

function chosen(selection: Selection, category: string): Choice | null {
  return Object.hasOwn(selection, category) ? selection[category]! : null;
}
