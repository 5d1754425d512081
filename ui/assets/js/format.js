// Money, texts and small pieces of language. Nothing here computes a price.
const LOCALES = { de: "de-AT", en: "en-IE" };
const formats = new Map();

function euroFormat(language, digits) {
  const key = `${language}${digits}`;
  if (!formats.has(key)) {
    formats.set(
      key,
      new Intl.NumberFormat(LOCALES[language], {
        style: "currency",
        currency: "EUR",
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }),
    );
  }
  return formats.get(key);
}

const deGrouping = (text) => text.replace(/(\d)[\u00a0\u202f](?=\d)/g, "$1.");

export function euro(cents, language) {
  const digits = cents % 100 === 0 ? 0 : 2;
  const text = euroFormat(language, digits).format(Math.abs(cents) / 100);
  const sign = cents < 0 ? "−\u00a0" : "";
  return sign + (language === "de" ? deGrouping(text) : text);
}

export function euroRounded(cents, language) {
  return euro(Math.round(cents / 100) * 100, language);
}

export function difference(cents, language) {
  if (cents < 0) return `−\u00a0${euro(-cents, language)}`;
  return `+\u00a0${euro(cents, language)}`;
}

// "3. November 2026 um 11:00 (Wien)", as the pages of ui/pages/restored.py say it.
export function dayAndTime(moment, language) {
  const there = new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long", timeStyle: "short", timeZone: "Europe/Vienna" });
  return `${there.format(new Date(moment))} (${language === "de" ? "Wien" : "Vienna"})`;
}

export function clockTime(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], { hour: "2-digit", minute: "2-digit" }).format(ms);
}

// Day and time, as one says it.
export function inDays(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }).format(ms);
}

export function calendarDay(ms, language) {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long" }).format(ms);
}

export function count(number, language) {
  return deGroupingFor(language, new Intl.NumberFormat(LOCALES[language]).format(number));
}

function deGroupingFor(language, text) {
  return language === "de" ? deGrouping(text) : text;
}

// The key for this number: of one thing, or of several.
export const forCount = (key, number) => (number === 1 ? `${key}.one` : key);

export function createTexts(entries, languageOf) {
  return function t(key, values = {}) {
    // In one pass: what somebody is called may itself look like a place to fill.
    return (entries[key]?.[languageOf()] ?? key).replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
  };
}
