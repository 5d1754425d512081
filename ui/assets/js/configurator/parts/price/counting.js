// A number that counts to its new value. Between the old and the new value it shows only values
// between them, and never turns back; a newer value is counted to from what is shown at that moment.
//
// The only clock is that of the frames. It must not be mixed with another one: the time of a frame
// is that of its beginning, which may be before the value changed, and then the count would first
// run the wrong way.
const DURATION_MS = 250;

// `show(value)` paints a value. If `still()` is true nobody would see it move, so it is set at
// once.
/**
 * @param {{
 *   show: (value: number) => void,
 *   still: () => boolean,
 *   requestFrame?: (tick: FrameRequestCallback) => number,
 *   cancelFrame?: (frame: number) => void,
 * }} how
 */
export function createCount({
  show,
  still,
  requestFrame = (f) => requestAnimationFrame(f),
  cancelFrame = (id) => cancelAnimationFrame(id),
}) {
  /** @type {number | null} */
  let shown = null;
  let frame = 0;

  /** @param {number} value */
  function set(value) {
    shown = value;
    show(value);
  }

  /** @param {number} target */
  function to(target) {
    cancelFrame(frame);
    const from = shown;
    if (from === null || !Number.isFinite(from) || !Number.isFinite(target) || from === target || still())
      return set(target);
    /** @type {number | null} */
    let start = null;
    let part = 0;
    /** @param {number} now */
    const tick = (now) => {
      start ??= now;
      part = Math.max(part, (now - start) / DURATION_MS);
      if (!(part < 1) || still()) return set(target);
      set(between(from, target, part));
      frame = requestFrame(tick);
    };
    frame = requestFrame(tick);
  }

  return { set, to, stop: () => cancelFrame(frame) };
}

// Whole euros in between, slower towards the end.
/** @param {number} from @param {number} to @param {number} part */
function between(from, to, part) {
  const eased = 1 - (1 - part) ** 3;
  const value = Math.round((from + (to - from) * eased) / 100) * 100;
  return Math.min(Math.max(from, to), Math.max(Math.min(from, to), value));
}
