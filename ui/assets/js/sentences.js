// What happened in a house, in sentences: of every operation, for every category, in both languages.
// Needs no browser, so that Node can read all of them (tests/ui/js/sentences.test.mjs).
import { createTexts } from "./format.js";

export function createSentences({ catalogue, texts, language }) {
  const categories = new Map(catalogue.categories.map((c) => [c.id, c]));
  const options = new Map(catalogue.categories.flatMap((c) => c.options.map((o) => [`${c.id}/${o.id}`, o])));
  const t = createTexts(texts, language);
  const say = (text) => (text?.[language()] ?? text?.de ?? "").replace(/(?:Nest\.|RAL|×) (?=\d)|\d (?=×|(?:m²?|cm|kWp|%)(?!\p{L}))/gu, (gap) => gap.replace(" ", "\u00a0"));

  const categoryName = (id) => say(categories.get(id)?.name) || id;
  const optionName = (category, option) => say(options.get(`${category}/${option}`)?.name) || option || categoryName(category);
  const unitText = (category, quantity) => {
    const rule = categories.get(category)?.quantity;
    return say((quantity === 1 && rule?.unit_one) || rule?.unit);
  };
  const quantityText = (category, quantity) => `${quantity} ${unitText(category, quantity)}`.trim();
  const choiceText = (category, choice) => {
    if (!choice) return t("category.none");
    const name = optionName(category, choice.option);
    return choice.quantity ? `${name}, ${quantityText(category, choice.quantity)}` : name;
  };

  function sayChange(change, who) {
    const category = categoryName(change.category);
    const { before, after } = change;
    if (!after) return t("change.cleared" + who, { category });
    if (before && before.option === after.option) {
      return t("change.quantity" + who, { category, before: before.quantity ?? 0, after: after.quantity ?? 0, unit: unitText(change.category, after.quantity) });
    }
    return t("change.chosen" + who, { category, choice: choiceText(change.category, after) });
  }

  function describe(entry) {
    const name = entry.author.name;
    const who = entry.mine ? ".you" : ".other";
    if (entry.kind === "reset") return t("change.reset" + who, { name });
    if (entry.kind === "undo" || entry.kind === "redo") return describeTakenBack(entry, who);
    const wanted = entry.changes.filter((c) => c.cause === "asked");
    const first = (wanted.length ? wanted : entry.changes)[0];
    if (!first) return t("change.nothing" + who, { name });
    const text = sayChange(first, who).replaceAll("{name}", name);
    const more = wanted.length - 1;
    return more > 0 ? `${text} ${t("change.more", { count: more })}` : text;
  }

  // What is there again, because that is what one sees.
  function describeTakenBack({ kind, changes, author: { name } }, who) {
    const wanted = changes.filter((c) => c.cause === "asked");
    const [first] = wanted.length ? wanted : changes;
    if (!first) return t(`change.${kind}.nothing${who}`, { name });
    const text = t(`change.${kind}${who}`, { name, category: categoryName(first.category), choice: choiceText(first.category, first.after) });
    return wanted.length > 1 ? `${text} ${t("change.more", { count: wanted.length - 1 })}` : text;
  }

  // Pending choices in words, for when they cannot be saved.
  function describeAsked(operation) {
    if (operation.kind === "apply") return operation.operations.map(describeAsked).join(", ");
    if (!operation.category) return t(`asked.${operation.kind}`);
    const { category, option, quantity } = operation;
    if (operation.kind === "set_quantity") return `${categoryName(category)}: ${quantityText(category, quantity)}`;
    return `${categoryName(category)}: ${choiceText(category, option ? { option, quantity } : null)}`;
  }

  function describeAdjustment({ change, author, mine }) {
    const category = categoryName(change.category);
    const by = mine ? t("adjusted.byYou") : t("adjusted.byOther", { name: author.name });
    if (!change.after) return t("adjusted.cleared", { category, by });
    if (change.before?.option === change.after.option) {
      return t("adjusted.quantity", { category, before: change.before.quantity ?? 0, after: change.after.quantity ?? 0, by });
    }
    return t("adjusted.option", { category, choice: choiceText(change.category, change.after), by });
  }

  function refusalTitle({ outcome, operation }) {
    const over = outcome === "conflict" && ["undo", "redo"].includes(operation.kind);
    return t(over ? `notice.conflict.${operation.kind}` : `notice.${outcome}`);
  }

  return { t, say, categoryName, optionName, unitText, quantityText, choiceText, describe, describeAsked, describeAdjustment, refusalTitle };
}
