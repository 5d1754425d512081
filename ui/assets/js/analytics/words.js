// How figures are said: numbers, money, times in one zone, and the names of the catalogue.
import { createHappened } from "../happened.js";
import { Refused } from "../calling.js";
import { count, createTexts, difference, euroRounded } from "../format.js";

const LOCALES = { de: "de-AT", en: "en-GB" };
const SHAPES = {
  hour: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  month: { month: "short", year: "numeric" },
  day: { day: "numeric", month: "numeric" },
};
const NOTHING = "–";

export function createWords({ catalogue, texts, language, zone }) {
  const t = createTexts(texts, () => language);
  const names = new Map(catalogue.categories.map((c) => [c.id, c]));
  const happened = createHappened({ categories: catalogue.categories, t, language: () => language });
  const at = (shape, timeZone = zone) => new Intl.DateTimeFormat(LOCALES[language], { ...shape, timeZone });
  const moment = (value) => (typeof value === "number" ? value : Date.parse(value));

  const number = (value) => (typeof value === "number" ? count(value, language) : NOTHING);
  const tenth = (value) => count(Math.round(value * 10) / 10, language);
  const sign = (value) => (value > 0 ? "+" : value < 0 ? "−" : "±");
  const category = happened.place;
  const spoken = new Intl.DisplayNames(LOCALES[language], { type: "language" });
  const option = (of, id) => names.get(of)?.options.find((o) => o.id === id)?.name[language] ?? id;

  return {
    t,
    language,
    zone,
    number,
    category,
    option,
    languageName: (code) => code.replace(/^([a-z]{2,3})(?:-([A-Z]{2}))?$/, (_, base, region) => spoken.of(base) + (region ? ` (${region})` : "")),
    type: happened.type,
    value: happened.value,
    isCategory: (id) => names.has(id),
    order: (id) => [...names.keys()].indexOf(id),
    percent: (value) => (typeof value === "number" ? `${tenth(value * 100)}\u00a0%` : NOTHING),
    euro: (cents) => (typeof cents === "number" ? euroRounded(cents, language) : NOTHING),
    moreEuro: (cents) => (Math.round(cents / 100) ? difference(Math.round(cents / 100) * 100, language) : `±\u00a0${euroRounded(0, language)}`),
    more: (value, unit = "") => `${sign(Math.round(value * 10))}\u00a0${tenth(Math.abs(value))}${unit}`,
    span: (ms) => (typeof ms === "number" ? spanOf(Math.round(ms / 1000), tenth) : NOTHING),
    time: (value) => (value == null ? NOTHING : at({ dateStyle: "short", timeStyle: "medium" }).format(moment(value))),
    minute: (value, timeZone = zone) => (value == null ? NOTHING : at({ dateStyle: "short", timeStyle: "short" }, timeZone).format(moment(value))),
    date: (value) => (value == null ? NOTHING : at({ dateStyle: "medium" }).format(moment(value))),
    day: (day) => at({ dateStyle: "short" }, "UTC").format(Date.parse(`${day}T00:00:00Z`)),
    label: (value, unit) => at(SHAPES[unit] ?? SHAPES.day).format(moment(value)),
    // By the text of its time; an hour that comes twice says its offset, so that both can be told apart.
    labels(moments, unit) {
      const said = moments.map((each) => this.label(each, unit));
      const twice = (n) => said[n] === said[n - 1] || said[n] === said[n + 1];
      return new Map(moments.map((each, n) => [each, unit === "hour" && twice(n) ? `${said[n]} (${offsetOf(each)})` : said[n]]));
    },
    weekday: (n) => at({ weekday: "long" }, "UTC").format(Date.UTC(2024, 0, n)), // 1 is a Monday
    said: (message) => message?.[language] ?? "",
    why: (error) => whyOf(error, t, language),
    part: (value) => (value === "" ? t("analytics.unknown") : value === "(other)" ? t("analytics.other") : value),
    step: (id) => (BOUNDS.has(id) ? t(`analytics.${BOUNDS.get(id)}`) : category(id)),
    // A step of the funnel: a category, or one of the bounds.
    funnelStep(id) {
      const chose = /^chose_(\d+)$/.exec(id);
      if (chose) return t("analytics.stepChoseIn", { n: chose[1] });
      return STEPS.has(id) ? t(`analytics.${STEPS.get(id)}`) : category(id);
    },
    // A number of minutes, in the largest whole unit.
    lasting(minutes) {
      const [size, unit] = LASTING.find(([each]) => minutes % each === 0);
      return new Intl.NumberFormat(LOCALES[language], { style: "unit", unit, unitDisplay: "long" }).format(minutes / size);
    },
    choice: (of, chosen) => (chosen ? option(of, chosen.option) + (chosen.quantity == null ? "" : `\u00a0× ${chosen.quantity}`) : NOTHING),
  };
}

const STEPS = new Map([["began", "stepBegan"], ["chose", "stepChose"], ["opened", "stepOpened"], ["completed", "stepCompleted"]]);
const LASTING = [[1440, "day"], [60, "hour"], [1, "minute"]];

const offsetOf = (moment) => `UTC${moment.endsWith("Z") ? "+00:00" : moment.slice(-6)}`.replace("-", "−");

const BOUNDS = new Map([["began", "pathBegan"], ["left", "pathLeft"], ["active", "pathActive"], ["completed", "pathCompleted"]]);

// The API names the place and the reason of what does not fit; those that a reader can cause are said
// in words of their own.
function whyOf(error, t, language) {
  const reason = /^\w+: (too_long|too_far|unknown_zone):/.exec(error.detail)?.[1];
  if (reason) return t(`analytics.${reason}`);
  const said = error.texts?.[language];
  if (said) return [said, error.detail].filter(Boolean).join(" ");
  return error instanceof Refused ? t("analytics.noAnswer") : error.message;
}

function spanOf(seconds, tenth) {
  if (seconds < 60) return `${seconds}\u00a0s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)}\u00a0min` : `${tenth(seconds / 3600)}\u00a0h`;
}
