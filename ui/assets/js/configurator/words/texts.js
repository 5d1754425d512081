// Texts, sums and times in the language of the reader. Needs no browser.
import { calendarDay, clockTime, createTexts, difference, euro, euroRounded } from "../../shared/format.js";

/**
 * @import { Text } from "../../client/messages.js"
 * @import { Entries, Language } from "../../shared/types.js"
 *
 * @typedef {ReturnType<typeof createReaderTexts>} Texts
 */

// A number and its unit stay on one line. No look-behind: Safari supports it only since 16.4.
/** @param {string} text */
function unbroken(text) {
  return text
    .replace(/(Nest\.|RAL|×) (?=\d)/g, "$1\u00a0")
    .replace(/(\d) (?=×|(?:m²?|cm|kWp|%)(?!\p{L}))/gu, "$1\u00a0");
}

/** @param {Entries} entries @param {() => Language} language */
export function createReaderTexts(entries, language) {
  const t = createTexts(entries, language);
  return {
    t,
    language,
    /** @param {Partial<Text> | null | undefined} text */
    say: (text) => unbroken(text?.[language()] ?? text?.de ?? ""),
    /** @param {number} cents */
    euro: (cents) => euro(cents, language()),
    /** @param {number} cents */
    euroRounded: (cents) => euroRounded(cents, language()),
    /** @param {number} cents */
    difference: (cents) => difference(cents, language()),
    /** @param {number} ms */
    time: (ms) => clockTime(ms, language()),
    /** @param {number} ms */
    date: (ms) => calendarDay(ms, language()),
    /** @param {{ readonly amount_cents?: number | null }} line */
    lineAmount({ amount_cents: cents }) {
      if (cents === null || cents === undefined) return t("price.onRequest");
      return cents === 0 ? t("price.included") : euro(cents, language());
    },
  };
}
