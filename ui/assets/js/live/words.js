// Texts, figures, times and names, as the live view shows them.
import { count, createTexts, difference, euroRounded } from "../shared/format.js";
import { createEventWords } from "../staff/words/event_words.js";

/**
 * @import { CatalogueCategory, Entries, Language } from "../shared/types.js"
 *
 * @typedef {ReturnType<typeof createLiveTexts>} Texts
 * @typedef {ReturnType<typeof createLiveWords>} Words
 */

const CODE = /^[0-9A-Za-z_-]{1,64}$/;
const ALSO_MAX = 20;
const NOTHING = "–";

// Made once: making one for each of 300 lines took 16 ms of every render (docs/performance.md).
/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
/** @type {Record<"clock" | "day", Intl.DateTimeFormatOptions>} */
const SHAPES = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  day: { day: "numeric", month: "numeric" },
};

/** @param {Language} language */
const localeOf = (language) => (language === "de" ? "de-AT" : "en-GB");

/** @param {Language} language @param {keyof typeof SHAPES} shape */
function formatOf(language, shape) {
  const key = language + shape;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(localeOf(language), { ...SHAPES[shape], timeZone: "Europe/Vienna" });
    formats.set(key, format);
  }
  return format;
}

/** @param {Entries} entries @param {Language} language */
export function createLiveTexts(entries, language) {
  /** @param {number} ms */
  const clock = (ms) => formatOf(language, "clock").format(ms);
  /** @param {number} ms */
  const day = (ms) => formatOf(language, "day").format(ms);
  return {
    t: createTexts(entries, () => language),
    language,
    clock,
    /** @param {number} ms */
    isToday: (ms) => day(ms) === day(Date.now()),
    // If the time is not of today, the date stands before it.
    /** @param {number} ms */
    when: (ms) => (day(ms) === day(Date.now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`),
    /** @param {number} minute */
    minute: (minute) => clock(minute * 60_000).slice(0, 5),
    /** @param {unknown} value */
    number: (value) => (typeof value === "number" ? count(value, language) : String(value ?? NOTHING)),
    /** @param {unknown} cents */
    euro: (cents) => (typeof cents === "number" ? euroRounded(cents, language) : NOTHING),
    /** @param {number} cents */
    difference: (cents) => difference(cents, language),
    /** @param {string} spent milliseconds, as they were sent */
    seconds(spent) {
      const ms = Number(spent);
      if (!Number.isFinite(ms)) return spent;
      if (ms < 1000) return `${Math.round(ms)} ms`;
      const format = new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: 1 });
      return `${format.format(ms / 1000)} s`;
    },
  };
}

/** @param {readonly CatalogueCategory[]} categories @param {Texts} texts */
export function createLiveWords(categories, { t, language }) {
  const events = createEventWords({ categories, t, language: () => language });
  return {
    categories,
    categoryName: events.place,
    typeName: events.type,
    valueName: events.value,
    /** @param {unknown} code */
    codeOk: (code) => CODE.test(String(code ?? "")),
    /** @param {string} code */
    houseUrl: (code) => `/c/${encodeURIComponent(code)}?as=admin`,
    // The options with this name: people search for the words that they read, but events have ids.
    /** @param {string} text */
    optionsNamed(text) {
      const needle = text.trim().toLowerCase();
      if (needle.length < 2) return [];
      const found = [...events.options].filter(([, name]) => name[language].toLowerCase().includes(needle));
      return [...new Set(found.map(([key]) => key.split("/")[1]))].slice(0, ALSO_MAX);
    },
  };
}
