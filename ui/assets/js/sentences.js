// What happened in a house, in sentences: of every operation, for every category, in both languages.
// Needs no browser, so that Node can read all of them (tests/ui/js/sentences.test.mjs).
import { createTexts } from "./format.js";

// Figures and their units stay on one line. No look-behind: Safari reads it only since 16.4.
function unbroken(text) {
  return text.replace(/(Nest\.|RAL|×) (?=\d)/g, "$1\u00a0").replace(/(\d) (?=×|(?:m²?|cm|kWp|%)(?!\p{L}))/gu, "$1\u00a0");
}

export function createSentences({ catalogue, texts, language }) {
  const categories = new Map(catalogue.categories.map((c) => [c.id, c]));
  const options = new Map(catalogue.categories.flatMap((c) => c.options.map((o) => [`${c.id}/${o.id}`, o])));
  const t = createTexts(texts, language);
  const say = (text) => unbroken(text?.[language()] ?? text?.de ?? "");

  const categoryName = (id) => say(categories.get(id)?.name) || id;
  const views = new Map(catalogue.views.map((v) => [v.id, v]));
  const viewName = (id) => say(views.get(id)?.name) || id;
  const optionName = (category, option) => say(options.get(`${category}/${option}`)?.name) || option || categoryName(category);
  const unitText = (category, quantity) => {
    const rule = categories.get(category)?.quantity;
    return say((quantity === 1 && rule?.unit_one) || rule?.unit);
  };
  const quantityText = (category, quantity) => `${quantity} ${unitText(category, quantity)}`.trim();
  // An option that is called like its category says no more than that it is chosen.
  const sameName = (category, option) => optionName(category, option) === categoryName(category);
  const choiceText = (category, choice) => {
    if (!choice) return t("category.none");
    return sameName(category, choice.option) && !choice.quantity ? t("category.taken") : named(category, choice);
  };
  // Of a category with a single option only the amount is news: "8 panels".
  function named(category, { option, quantity }) {
    if (!quantity) return optionName(category, option);
    const amount = quantityText(category, quantity);
    return categories.get(category)?.options.length === 1 ? amount : `${optionName(category, option)}, ${amount}`;
  }
  const lineDetail = (line) => (sameName(line.category, line.option) ? "" : categoryName(line.category));
  // Within a sentence English writes a common name small: "No solar power", but "No PV".
  const withoutText = (category) => {
    const name = say(category.name);
    const small = language() === "en" && /^\p{Lu}\p{Ll}/u.test(name) ? name[0].toLowerCase() + name.slice(1) : name;
    return t("category.without", { category: small });
  };

  function sayChange(change, values, who) {
    const category = categoryName(change.category);
    const { before, after } = change;
    if (!after) return t("change.cleared" + who, { ...values, category });
    if (before && before.option === after.option) {
      return t("change.quantity" + who, { ...values, category, before: before.quantity ?? 0, after: quantityText(change.category, after.quantity ?? 0) });
    }
    const choice = named(change.category, after);
    return t(`change.${choice === category ? "taken" : "chosen"}${who}`, { ...values, category, choice });
  }

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

  // What an op of somebody else took from the reader, as changes from what the reader had chosen:
  // `earlier` are the changes before it, newest first; `lost` is what was told of as lost already, by
  // category. A choice that is put back as the reader had it is not lost.
  function lostTo(entry, earlier, lost = new Map()) {
    if (entry.mine) return [];
    const own = entry.changes.filter((c) => lost.has(c.category) || (c.cause === "asked" && c.before && ownChoice(c, earlier)));
    return own.map((c) => (lost.has(c.category) ? { ...c, before: lost.get(c.category) } : c)).filter((c) => !sameChoice(c.before, c.after));
  }

  function describeLost({ author: { name }, kind }, { category, before, after }) {
    if (kind === "reset") return t("change.over.reset", { name });
    const values = { name, category: categoryName(category), before: choiceText(category, before), after: choiceText(category, after) };
    return t(after ? "change.over" : "change.over.cleared", values);
  }

  // One's own choice that was asked for before the choice of somebody else was seen, and came after it.
  function describeReplaced(change, name) {
    const { category, before, after } = change;
    return t("change.replaced", { name, category: categoryName(category), before: choiceText(category, before), after: choiceText(category, after) });
  }

  const sameChoice = (one, other) => one?.option === other?.option && one?.quantity === other?.quantity;

  function ownChoice(change, earlier) {
    const last = earlier.find((e) => e.changes.some((c) => c.category === change.category));
    return last?.mine ?? false;
  }

  function describeAdjustment({ change, author, mine }) {
    const category = categoryName(change.category);
    const by = mine ? t("adjusted.byYou") : t("adjusted.byOther", { name: author.name });
    if (!change.after) return t("adjusted.cleared", { category, by });
    if (change.before?.option === change.after.option) {
      return t("adjusted.quantity", { category, before: change.before.quantity ?? 0, after: quantityText(change.category, change.after.quantity ?? 0), by });
    }
    return t("adjusted.option", { category, choice: choiceText(change.category, change.after), by });
  }

  function refusalTitle({ outcome, operation }) {
    const over = outcome === "conflict" && ["undo", "redo"].includes(operation.kind);
    return t(over ? `notice.conflict.${operation.kind}` : `notice.${outcome}`);
  }

  return { t, say, viewName, categoryName, optionName, unitText, quantityText, choiceText, lineDetail, withoutText, describe, lostTo, describeLost, describeReplaced, describeAsked, describeAdjustment, refusalTitle };
}
