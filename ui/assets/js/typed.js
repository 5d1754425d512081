// What somebody has typed into a field and not sent yet. It is kept for this tab, so that a reload,
// which a restart of the server does too, does not take it away, and it is gone with the tab.
import { place, read, remove, write } from "./storage.js";

export function createTyped(field, storage = place("sessionStorage")) {
  const key = `nest-typed-${field}`;
  return {
    // The text, or null.
    text: () => read(storage, key),
    keep: (text) => void write(storage, key, text),
    forget: () => remove(storage, key),
  };
}
