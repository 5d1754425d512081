// Notices that a connection is dead, before the browser does: a message that has to be answered was
// sent, and nothing at all came for ten seconds (CL12). The server says something every two seconds.
const SILENCE_MS = 10_000;

/** @param {() => void} over called once for each silence */
export function createSilence(over) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function end() {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    asked() {
      timer ??= setTimeout(() => {
        end();
        over();
      }, SILENCE_MS);
    },
    end,
  };
}
