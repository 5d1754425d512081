// Words in the reader's language for the choices in the house and for its changes.
import { createCatalogueNames } from "./catalogue_names.js";
import { createSentences } from "./sentences.js";

/**
 * @import { Choice, Financing } from "../../client/messages.js"
 * @import { Catalogue } from "../../shared/types.js"
 * @import { Texts } from "./texts.js"
 * @import { Present } from "../types.js"
 *
 * @typedef {ReturnType<typeof createWords>} Words
 */

/** @param {Catalogue} catalogue @param {Texts} texts */
export function createWords(catalogue, texts) {
  const { t, language, euroRounded } = texts;
  const names = createCatalogueNames(catalogue, texts);
  const size = catalogue.size_category;
  return {
    ...names,
    ...createSentences(t, names),
    /** @param {string | null | undefined} role */
    roleName: (role) => (role ? t("role." + role) : ""),
    /** @param {Present} p */
    whereIs: (p) => (p.category ? t("people.at", { category: names.categoryName(p.category) }) : t("people.somewhere")),
    // A description of the picture, for people who do not see it.
    /** @param {string} view @param {Readonly<Record<string, Choice>>} selection */
    pictureAlt(view, selection) {
      const shows = catalogue.views.find((v) => v.id === view)?.shows ?? [];
      const details = shows
        .filter((id) => id !== size && selection[id])
        .map((id) => `${names.categoryName(id)}: ${names.choiceText(id, selection[id])}`);
      const nest = selection[size];
      const name = nest ? names.optionName(size, nest.option) : "NEST";
      return t("stage.alt." + view, { size: name, details: details.join("; ") || t("category.none") });
    },
    /** @param {Financing | null | undefined} financing */
    financingText(financing) {
      if (!financing) return "";
      const locale = language() === "de" ? "de-AT" : "en-IE";
      const rate = new Intl.NumberFormat(locale, { minimumFractionDigits: 1 }).format(financing.rate_percent);
      const amount = euroRounded(financing.monthly_cents);
      return t("financing", { months: financing.months, rate, amount });
    },
  };
}
