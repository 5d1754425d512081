/**
 * Listeners by name. An error in one of them stops neither the others nor the protocol.
 *
 * @template {object} Events
 */
export class Listeners {
  /** @type {Map<keyof Events, Set<(event: never) => void>>} */
  #byName = new Map();

  /**
   * Calls `listener` from now on; the returned function ends that.
   *
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(event: Events[Name]) => void} listener
   * @returns {() => void}
   */
  on(name, listener) {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} event
   */
  tell(name, event) {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      try {
        /** @type {(event: Events[Name]) => void} */ (listener)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
