// Stand-ins for features that browsers of a few years ago lack. The oldest supported one is Safari
// 15.0; a test lists the features that are too new for it (tests/ui/look/test_older_browsers.py).

/**
 * @template T
 * @param {ArrayLike<T>} list
 * @returns {T | undefined}
 */
export const last = (list) => list[list.length - 1];

// A signal that aborts after this many milliseconds, and `over`, which rejects then. Call `done`
// when nothing is left to abort.
/** @param {number} ms */
export function within(ms) {
  const stop = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const over = new Promise((_, fail) => {
    timer = setTimeout(() => {
      stop.abort();
      fail(new Error(`no answer within ${ms} ms`));
    }, ms);
  });
  over.catch(() => {}); // some callers do not wait for it
  return { signal: stop.signal, over, done: () => clearTimeout(timer) };
}

// Without modal dialogs it still lies over the page.
/** @param {HTMLDialogElement} dialog */
export function openDialog(dialog) {
  if (dialog.showModal) return dialog.showModal();
  dialog.setAttribute("open", "");
  Object.assign(dialog.style, {
    position: "fixed",
    zIndex: 1000,
    margin: "auto",
    inset: 0,
    maxHeight: "100%",
    overflow: "auto",
  });
}

/** @param {HTMLDialogElement} dialog */
export function closeDialog(dialog) {
  if (dialog.close) dialog.close();
  else dialog.dispatchEvent(new Event("close"));
}

// "" if the browser does not say.
export const browserLanguage = () => globalThis.navigator?.language || globalThis.navigator?.languages?.[0] || "";
