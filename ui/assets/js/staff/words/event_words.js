// Words for an event: its kind, its place, its value. An id without a word is shown unchanged.
const QUANTITY = /^quantity:(\d{1,9})$/;

/**
 * @import { CatalogueCategory, Language, Translate } from "../../shared/types.js"
 *
 * @param {{ categories: readonly CatalogueCategory[], t: Translate, language: () => Language }} how
 */
export function createEventWords({ categories, t, language }) {
  const names = new Map(categories.map((c) => [c.id, c.name]));
  const options = new Map(categories.flatMap((c) => c.options.map((o) => [`${c.id}/${o.id}`, o.name])));
  // The texts are the only list of words: a key that they lack is returned unchanged.
  /** @param {string} prefix @param {string} id */
  const word = (prefix, id) => {
    const key = `${prefix}.${id}`;
    const said = t(key);
    return said === key ? null : said;
  };
  return {
    options,
    /** @param {string} type */
    type: (type) => word("admin.type", type) ?? type,
    /** @param {string} id */
    place: (id) => names.get(id)?.[language()] ?? word("admin.place", id) ?? id,
    // The name of an option, with its quantity for `option:quantity`; of a view; or of a control.
    /** @param {string} category @param {string} value */
    value(category, value) {
      const [option, quantity] = String(value).split(":");
      const name = options.get(`${category}/${option}`)?.[language()];
      if (name) return quantity ? `${name} × ${quantity}` : name;
      const many = QUANTITY.exec(value);
      if (many) return t("admin.quantity", { n: many[1] });
      return word("admin.value", value) ?? word("view", value) ?? value;
    },
  };
}
