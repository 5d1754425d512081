// A number that counts to its new value. Between the old and the new value it shows only values
// between them, and never turns back; a newer value is counted to from what is shown at that moment.
//
// Time is only what the frames say. Their clock must not be mixed with another one: the time of a
// frame is when the frame began, which may be before the value changed, and then the count would
// first run the wrong way.
const DURATION_MS = 250;

// `show(value)` paints a value. `still()`: nobody sees it move, so it is set at once.
export function createCount({ show, still, requestFrame = (f) => requestAnimationFrame(f), cancelFrame = (id) => cancelAnimationFrame(id) }) {
  let shown = null;
  let frame = 0;

  function set(value) {
    shown = value;
    show(value);
  }

  function to(target) {
    cancelFrame(frame);
    const from = shown;
    if (!Number.isFinite(from) || !Number.isFinite(target) || from === target || still()) return set(target);
    let start = null;
    let part = 0;
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

// Whole euros on the way, slower towards the end.
function between(from, to, part) {
  const eased = 1 - (1 - part) ** 3;
  const value = Math.round((from + (to - from) * eased) / 100) * 100;
  return Math.min(Math.max(from, to), Math.max(Math.min(from, to), value));
}
