// Values that this browser keeps for us. This is the only module that touches localStorage and
// sessionStorage. Both may be missing, forbidden (then even their names throw; a page of NiceGUI
// has a stand-in), full, or emptied at any time. In these cases a page works as long as it is open,
// but keeps nothing.

// The Storage with this name, or null if it is forbidden.
/** @param {"localStorage" | "sessionStorage"} name @returns {Storage | null} */
export function place(name) {
  try {
    return window[name] ?? null;
  } catch {
    return null;
  }
}

/** @param {Storage | null} storage @param {string} key */
export function read(storage, key) {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

// Whether the value was kept.
/** @param {Storage | null} storage @param {string} key @param {string} text */
export function write(storage, key, text) {
  try {
    storage?.setItem(key, text);
    return Boolean(storage);
  } catch {
    return false;
  }
}

/** @param {Storage | null} storage @param {string} key */
export function remove(storage, key) {
  try {
    storage?.removeItem(key);
  } catch {
    // then it is not there either
  }
}

/** @param {Storage | null} storage @returns {string[]} */
export function keys(storage) {
  if (!storage) return [];
  try {
    return Array.from({ length: storage.length }, (_, i) => storage.key(i)).filter((key) => key !== null);
  } catch {
    return [];
  }
}

// Remove everything that our pages keep in this browser.
export function clear() {
  for (const storage of [place("localStorage"), place("sessionStorage")]) {
    for (const key of keys(storage)) remove(storage, key);
  }
}

// The value of a JSON text; null for no text, and for a text that is no JSON.
/**
 * @param {string | null | undefined} text
 * @returns {any} as it was written, perhaps by an earlier release: the caller looks before it uses it
 */
export function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
