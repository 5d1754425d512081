// The speed of this visit: LCP, INP and CLS as web-vitals defines them, reported once.
/**
 * @typedef {"LCP" | "INP" | "CLS"} Vital
 * @typedef {PerformanceEntry & { value: number, hadRecentInput: boolean }} Shift
 * @typedef {{ interactionId?: number, duration: number }} Delay
 */

/** @type {Record<Vital, [number, number]>} */
const LIMITS = { LCP: [2500, 4000], INP: [200, 500], CLS: [0.1, 0.25] };
const WORST_KEPT = 10;
const INTERACTIONS_PER_OUTLIER = 50;

/** @param {Vital} name @param {number} value */
export function rating(name, value) {
  const [good, poor] = LIMITS[name];
  return value <= good ? "good" : value <= poor ? "needs-improvement" : "poor";
}

// The largest sum of shifts that are less than 1 s apart, within 5 s.
export function createShifts() {
  let sum = 0;
  let first = 0;
  let last = 0;
  let worst = 0;
  return {
    /** @param {{ value: number, startTime: number }} shift */
    add({ value, startTime }) {
      if (sum && startTime - last < 1000 && startTime - first < 5000) sum += value;
      else [sum, first] = [value, startTime];
      last = startTime;
      worst = Math.max(worst, sum);
    },
    value: () => worst,
  };
}

// The slowest interaction, except for one in fifty.
export function createDelays() {
  /** @type {Map<number, number>} */
  const slowest = new Map();
  let count = 0;
  return {
    /** @param {Delay} delay */
    add({ interactionId, duration }) {
      if (!interactionId) return;
      if (!slowest.has(interactionId)) count += 1;
      slowest.set(interactionId, Math.max(duration, slowest.get(interactionId) ?? 0));
      if (slowest.size > WORST_KEPT)
        slowest.delete([...slowest].reduce((least, one) => (one[1] < least[1] ? one : least))[0]);
    },
    value() {
      const durations = [...slowest.values()].sort((a, b) => b - a);
      return durations[Math.min(durations.length - 1, Math.floor(count / INTERACTIONS_PER_OUTLIER))] ?? null;
    },
  };
}

export function observeVitals() {
  const shifts = createShifts();
  const delays = createDelays();
  /** @type {number | null} */
  let lcp = null;
  let told = false;
  observe("largest-contentful-paint", (entry) => (lcp = entry.startTime));
  const shifting = observe("layout-shift", (entry) => {
    const shift = /** @type {Shift} */ (entry);
    if (!shift.hadRecentInput) shifts.add(shift);
  });
  observe("event", (entry) => delays.add(entry), { durationThreshold: 40 });
  observe("first-input", (entry) => delays.add(entry));

  // The measurements; the first call only.
  return () => {
    if (told) return [];
    told = true;
    /** @type {Record<Vital, number | null>} */
    const found = {
      LCP: lcp && Math.round(lcp),
      INP: delays.value(),
      CLS: shifting ? Math.round(shifts.value() * 1000) / 1000 : null,
    };
    const names = /** @type {Vital[]} */ (Object.keys(found));
    return names.flatMap((name) => {
      const value = found[name];
      return value === null ? [] : [{ name, value, rating: rating(name, value) }];
    });
  };
}

/** @param {string} type @param {(entry: PerformanceEntry) => void} each @param {object} [options] */
function observe(type, each, options = {}) {
  try {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return false;
    new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true, ...options });
    return true;
  } catch {
    return false; // this browser cannot measure it
  }
}
