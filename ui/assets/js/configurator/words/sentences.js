// Sentences about the changes of a house: for every operation and category, in both languages.
// Needs no browser, so Node can read all of them (tests/ui/js/sentences.mjs).

/**
 * @import { Change, Person } from "../../client/messages.js"
 * @import { Translate, Values } from "../../shared/types.js"
 * @import { CatalogueNames } from "./catalogue_names.js"
 * @import { Adjustment, ChangeEntry, Operation, Refusal } from "../types.js"
 *
 * @typedef {Pick<ChangeEntry, "kind" | "mine" | "changes"> & { readonly author: Pick<Person, "name"> }} Told
 */

/** @param {Translate} t @param {CatalogueNames} names */
export function createSentences(t, names) {
  return { ...createChangeSentences(t, names), ...createLossSentences(t, names) };
}

/** @param {Translate} t @param {CatalogueNames} names */
function createChangeSentences(t, { categoryName, quantityText, named, choiceText }) {
  /** @param {Change} change @param {Values} values @param {string} who */
  function sayChange(change, values, who) {
    const category = categoryName(change.category);
    const { before, after } = change;
    if (!after) return t("change.cleared" + who, { ...values, category });
    if (before && before.option === after.option) {
      const amount = quantityText(change.category, after.quantity ?? 0);
      return t("change.quantity" + who, { ...values, category, before: before.quantity ?? 0, after: amount });
    }
    const choice = named(change.category, after);
    return t(`change.${choice === category ? "taken" : "chosen"}${who}`, { ...values, category, choice });
  }

  /** @param {Told} entry */
  function describe(entry) {
    const name = entry.author.name;
    const who = entry.mine ? ".you" : ".other";
    if (entry.kind === "reset") return t("change.reset" + who, { name });
    if (entry.kind === "undo" || entry.kind === "redo") return describeTakenBack(entry, who);
    const wanted = entry.changes.filter((c) => c.cause === "asked");
    const first = (wanted.length ? wanted : entry.changes)[0];
    if (!first) return t("change.nothing" + who, { name });
    const text = sayChange(first, { name }, who);
    const more = wanted.length - 1;
    return more > 0 ? `${text} ${t("change.more", { count: more })}` : text;
  }

  // Name the choice that is back again, because that is what the reader sees.
  /** @param {Told} entry @param {string} who */
  function describeTakenBack({ kind, changes, author: { name } }, who) {
    const wanted = changes.filter((c) => c.cause === "asked");
    const [first] = wanted.length ? wanted : changes;
    if (!first) return t(`change.${kind}.nothing${who}`, { name });
    const category = categoryName(first.category);
    const text = t(`change.${kind}${who}`, { name, category, choice: choiceText(first.category, first.after) });
    return wanted.length > 1 ? `${text} ${t("change.more", { count: wanted.length - 1 })}` : text;
  }

  // Pending choices in words, for the case that they cannot be saved.
  /** @param {Operation} operation @returns {string} */
  function describeAsked(operation) {
    if (operation.kind === "apply") return operation.operations.map(describeAsked).join(", ");
    const { kind } = operation;
    const category = "category" in operation ? operation.category : "";
    switch (kind) {
      case "select":
        return `${categoryName(category)}: ${choiceText(category, operation)}`;
      case "set_quantity":
        return `${categoryName(category)}: ${quantityText(category, operation.quantity)}`;
      case "clear":
        return `${categoryName(category)}: ${choiceText(category, null)}`;
      default:
        return t(`asked.${kind}`, { category: category && categoryName(category) });
    }
  }

  return { describe, describeAsked };
}

/** @param {Translate} t @param {CatalogueNames} names */
function createLossSentences(t, { categoryName, quantityText, choiceText }) {
  /** @param {Change} change */
  const valuesOf = ({ category, before, after }) => ({
    category: categoryName(category),
    before: choiceText(category, before),
    after: choiceText(category, after),
  });

  /** @param {Pick<Told, "author" | "kind">} entry @param {Change} change */
  function describeLost({ author: { name }, kind }, change) {
    if (kind === "reset") return t("change.over.reset", { name });
    return t(change.after ? "change.over" : "change.over.cleared", { name, ...valuesOf(change) });
  }

  // The reader's own choice that was made before somebody else's was seen, and came after it.
  /** @param {Change} change @param {string} name */
  const describeReplaced = (change, name) => t("change.replaced", { name, ...valuesOf(change) });

  /** @param {Pick<Adjustment, "change" | "mine"> & Pick<Told, "author">} adjustment */
  function describeAdjustment({ change, author, mine }) {
    const category = categoryName(change.category);
    const by = mine ? t("adjusted.byYou") : t("adjusted.byOther", { name: author.name });
    if (!change.after) return t("adjusted.cleared", { category, by });
    if (change.before?.option === change.after.option) {
      const after = quantityText(change.category, change.after.quantity ?? 0);
      return t("adjusted.quantity", { category, before: change.before.quantity ?? 0, after, by });
    }
    return t("adjusted.option", { category, choice: choiceText(change.category, change.after), by });
  }

  /** @param {Pick<Refusal, "outcome" | "operation">} refusal */
  function refusalTitle({ outcome, operation }) {
    const over = outcome === "conflict" && ["undo", "redo"].includes(operation.kind);
    return t(over ? `notice.conflict.${operation.kind}` : `notice.${outcome}`);
  }

  return { describeLost, describeReplaced, describeAdjustment, refusalTitle };
}
