// Money, texts and small pieces of language. Nothing here computes a price.
/**
 * @import { Entries, Language, Translate } from "./types.js"
 */
const LOCALES = { de: "de-AT", en: "en-IE" };
/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {Language} language @param {number} digits */
function euroFormat(language, digits) {
  const key = `${language}${digits}`;
  let format = formats.get(key);
  if (!format) {
    const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    format = new Intl.NumberFormat(LOCALES[language], { style: "currency", currency: "EUR", ...fraction });
    formats.set(key, format);
  }
  return format;
}

/** @param {string} text */
const deGrouping = (text) => text.replace(/(\d)[\u00a0\u202f](?=\d)/g, "$1.");

/** @param {number} cents @param {Language} language */
export function euro(cents, language) {
  const digits = cents % 100 === 0 ? 0 : 2;
  const text = euroFormat(language, digits).format(Math.abs(cents) / 100);
  const sign = cents < 0 ? "−\u00a0" : "";
  return sign + (language === "de" ? deGrouping(text) : text);
}

/** @param {number} cents @param {Language} language */
export function euroRounded(cents, language) {
  return euro(Math.round(cents / 100) * 100, language);
}

/** @param {number} cents @param {Language} language */
export function difference(cents, language) {
  if (cents < 0) return `−\u00a0${euro(-cents, language)}`;
  return `+\u00a0${euro(cents, language)}`;
}

// "3. November 2026 um 11:00 (Wien)", in the same words as ui/public/restored.py.
/** @param {string | number} moment @param {Language} language */
export function dayAndTime(moment, language) {
  const there = new Intl.DateTimeFormat(LOCALES[language], {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "Europe/Vienna",
  });
  return `${there.format(new Date(moment))} (${language === "de" ? "Wien" : "Vienna"})`;
}

/** @param {number} ms @param {Language} language */
export function clockTime(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], { hour: "2-digit", minute: "2-digit" }).format(ms);
}

// Day and time in words.
/** @param {number} ms @param {Language} language */
export function inDays(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], {
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
  }).format(ms);
}

/** @param {number} ms @param {Language} language */
export function calendarDay(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long" }).format(ms);
}

/** @param {number} number @param {Language} language */
export function count(number, language) {
  return deGroupingFor(language, new Intl.NumberFormat(LOCALES[language]).format(number));
}

/** @param {Language} language @param {string} text */
function deGroupingFor(language, text) {
  return language === "de" ? deGrouping(text) : text;
}

// The key of the text for this number: singular or plural.
/** @param {string} key @param {number} number */
export const forCount = (key, number) => (number === 1 ? `${key}.one` : key);

/** @param {Entries} entries @param {() => Language} languageOf @returns {Translate} */
export function createTexts(entries, languageOf) {
  return function t(key, values = {}) {
    // Filled in one pass: a person's name may itself look like a place to fill.
    return (entries[key]?.[languageOf()] ?? key).replace(/\{(\w+)\}/g, (place, name) =>
      name in values ? String(values[name]) : place,
    );
  };
}
