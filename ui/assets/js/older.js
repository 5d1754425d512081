// What browsers of a few years ago do not have, done with what they have. The oldest one meant is
// Safari 15.0; a test lists what is too new for it (tests/ui/test_older_browsers.py).

export const last = (list) => list[list.length - 1];

// A signal that aborts after so many milliseconds, `over` that fails then; `done` when nothing is to
// be aborted any more.
export function within(ms) {
  const stop = new AbortController();
  let timer;
  const over = new Promise((_, fail) => {
    timer = setTimeout(() => {
      stop.abort();
      fail(new Error(`no answer within ${ms} ms`));
    }, ms);
  });
  over.catch(() => {}); // not everybody waits for it
  return { signal: stop.signal, over, done: () => clearTimeout(timer) };
}

// Where there are no modal dialogs it lies over the page all the same.
export function openDialog(dialog) {
  if (dialog.showModal) return dialog.showModal();
  dialog.setAttribute("open", "");
  Object.assign(dialog.style, { position: "fixed", zIndex: 1000, margin: "auto", inset: 0, maxHeight: "100%", overflow: "auto" });
}

export function closeDialog(dialog) {
  if (dialog.close) dialog.close();
  else dialog.dispatchEvent(new Event("close"));
}

// "" where the browser does not say.
export const browserLanguage = () => globalThis.navigator?.language || globalThis.navigator?.languages?.[0] || "";
