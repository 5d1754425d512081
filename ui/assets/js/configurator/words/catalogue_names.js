// The names of categories, options, quantities and views in the catalogue. Needs no browser.

/**
 * @import { Choice } from "../../client/messages.js"
 * @import { Catalogue, CatalogueCategory } from "../../shared/types.js"
 * @import { Texts } from "./texts.js"
 *
 * @typedef {ReturnType<typeof createCatalogueNames>} CatalogueNames
 */

/** @param {Catalogue} catalogue @param {Texts} texts */
export function createCatalogueNames(catalogue, { t, say, language }) {
  const categories = new Map(catalogue.categories.map((c) => [c.id, c]));
  const options = new Map(catalogue.categories.flatMap((c) => c.options.map((o) => [`${c.id}/${o.id}`, o])));

  /** @param {string} id */
  const categoryName = (id) => say(categories.get(id)?.name) || id;
  /** @param {string} category @param {string | undefined} option */
  const optionName = (category, option) =>
    say(options.get(`${category}/${option}`)?.name) || option || categoryName(category);
  /** @param {string} category @param {number} quantity */
  function quantityText(category, quantity) {
    const rule = categories.get(category)?.quantity;
    return `${quantity} ${say((quantity === 1 && rule?.unit_one) || rule?.unit)}`.trim();
  }
  // An option with the name of its category only says that it is chosen.
  /** @param {string} category @param {string} option */
  const sameName = (category, option) => optionName(category, option) === categoryName(category);
  // For a category with a single option only the amount matters: "8 panels".
  /** @param {string} category @param {Choice} choice */
  function named(category, { option, quantity }) {
    if (!quantity) return optionName(category, option);
    const amount = quantityText(category, quantity);
    return categories.get(category)?.options.length === 1 ? amount : `${optionName(category, option)}, ${amount}`;
  }
  /** @param {string} category @param {Choice | null | undefined} choice */
  function choiceText(category, choice) {
    if (!choice) return t("category.none");
    return sameName(category, choice.option) && !choice.quantity ? t("category.taken") : named(category, choice);
  }
  /** @param {{ readonly category: string, readonly option: string }} line */
  const lineDetail = (line) => (sameName(line.category, line.option) ? "" : categoryName(line.category));
  // Within a sentence English writes a common noun small: "No solar power", but "No PV".
  /** @param {CatalogueCategory} category */
  function withoutText(category) {
    const name = say(category.name);
    const small = language() === "en" && /^\p{Lu}\p{Ll}/u.test(name) ? name[0].toLowerCase() + name.slice(1) : name;
    return t("category.without", { category: small });
  }
  /** @param {string | null | undefined} id */
  const known = (id) => (id && categories.has(id) ? id : null);

  return { categoryName, optionName, quantityText, named, choiceText, lineDetail, withoutText, known };
}
