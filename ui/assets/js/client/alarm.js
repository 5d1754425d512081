/** One timer: setting it again postpones it, and once it rings it is unset. */
export class Alarm {
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  get isSet() {
    return this.#timer !== null;
  }

  /**
   * @param {number} afterMs
   * @param {() => void} ring
   */
  set(afterMs, ring) {
    this.clear();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      ring();
    }, afterMs);
  }

  clear() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
