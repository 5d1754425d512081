// What this browser keeps for us. The only module that touches localStorage and sessionStorage: both
// may be missing, forbidden (then already their names throw; a page of NiceGUI has a stand-in), full,
// or emptied at any time. Then a page works as long as it is open, and what should be kept is not.

// The Storage of this name, or null where it is forbidden.
export function place(name) {
  try {
    return window[name] ?? null;
  } catch {
    return null;
  }
}

export function read(storage, key) {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

// Whether it is kept.
export function write(storage, key, text) {
  try {
    storage?.setItem(key, text);
    return Boolean(storage);
  } catch {
    return false;
  }
}

export function remove(storage, key) {
  try {
    storage?.removeItem(key);
  } catch {
    // then it is not there either
  }
}

export function keys(storage) {
  try {
    return Array.from({ length: storage?.length ?? 0 }, (_, i) => storage.key(i)).filter((key) => key !== null);
  } catch {
    return [];
  }
}

// Everything that our pages keep in this browser is gone.
export function clear() {
  for (const name of ["localStorage", "sessionStorage"]) {
    const storage = place(name);
    for (const key of keys(storage)) remove(storage, key);
  }
}

// What a text of JSON says; null for no text and for none of ours.
export function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
