// What the page was asked, as it stands in its address: read with suspicion, written without noise.
// The names are those of the HTTP API.
import { isZone } from "./zones.js";

export const TABS = ["overview", "choices", "ways", "visitors", "sessions", "sharing"];
export const RANGES = ["24h", "7d", "30d", "90d", "all"];
export const COMPARISONS = ["", "previous", "year"];
export const BOTS = ["", "only", "all"];
export const PARTS = ["device", "language", "referrer"];

export const STEPS_MAX = 16;
export const WINDOWS = ["15", "60", "1440", "10080", "43200"];

const STEP = /^\w[\w-]{0,63}$/;
const STEPS_CHARACTERS = 512;
const WINDOW_MINUTES_MAX = 43_200;
const SEARCH_MAX = 2000;
export const UNITS = ["", "hour", "day", "week", "month"];
const SESSION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const PLAIN = { tab: "overview", timeRange: "7d", from: "", to: "", compare: "previous", bots: "", by: "", unit: "", steps: "", window: "", replay: "" };

// Whatever is not known, or does not go together, is as if it had not been said.
export function askedOf(search, zone) {
  const said = new URLSearchParams(search.length <= SEARCH_MAX ? search : "");
  const one = (name, known) => (known.includes(said.get(name)) ? said.get(name) : PLAIN[name]);
  const asked = {
    tab: one("tab", TABS),
    timeRange: one("timeRange", RANGES),
    ...daysOf(said.get("from"), said.get("to")),
    compare: said.get("compare") === "none" ? "" : one("compare", COMPARISONS),
    bots: one("bots", BOTS),
    by: one("by", PARTS),
    unit: one("unit", UNITS),
    steps: stepsOf(said.get("steps") ?? ""),
    window: windowOf(said.get("window") ?? ""),
    replay: SESSION.test(said.get("replay") ?? "") ? said.get("replay") : "",
    tz: isZone(said.get("tz")) ? said.get("tz") : zone,
  };
  return isEndless(asked) ? { ...asked, compare: "" } : asked;
}

// Only what differs from the plain page; `keep` are parameters of the page that are not ours.
export function searchOf(asked, zone, keep = {}) {
  const said = new URLSearchParams(keep);
  for (const name of Object.keys(PLAIN)) {
    const value = name === "compare" && !isEndless(asked) ? asked.compare || "none" : asked[name];
    if (value && value !== PLAIN[name]) said.set(name, value);
  }
  if (asked.from) said.delete("timeRange");
  if (asked.tz !== zone) said.set("tz", asked.tz);
  const text = said.toString();
  return text ? `?${text}` : "";
}

// The range as the API takes it; days of one zone, and without a comparison where there is none.
export function rangeOf(asked) {
  const { timeRange, from, to, bots, tz } = asked;
  return from ? { from, to, bots, tz } : { timeRange, bots, tz };
}

export function isEndless(asked) {
  return !asked.from && asked.timeRange === "all";
}

// Steps of a funnel in their order, each once; a category that there is no more counts as any other.
function stepsOf(text) {
  const steps = text.length <= STEPS_CHARACTERS ? text.split(",") : [];
  const sound = steps.length <= STEPS_MAX && new Set(steps).size === steps.length && steps.every((step) => STEP.test(step));
  return sound ? text : "";
}

function windowOf(text) {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= WINDOW_MINUTES_MAX ? text : "";
}

function daysOf(from, to) {
  const first = isDay(from) ? from : "";
  const last = first && isDay(to) && to >= first ? to : "";
  return { from: first, to: last };
}

function isDay(text) {
  if (!DAY.test(text ?? "")) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}
