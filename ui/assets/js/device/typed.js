// Keeps the text that was typed into a field and not sent yet, for this tab: a reload, which a
// restart of the server also causes, does not lose it. It ends with the tab.
import { place, read, remove, write } from "../shared/storage.js";

/** @param {string} field */
export function createTyped(field, storage = place("sessionStorage")) {
  const key = `nest-typed-${field}`;
  return {
    // The kept text, or null.
    text: () => read(storage, key),
    /** @param {string} text */
    keep: (text) => void write(storage, key, text),
    forget: () => remove(storage, key),
  };
}
