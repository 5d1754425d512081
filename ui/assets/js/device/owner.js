// Keeps track of the owner of the things that this browser keeps. Each storage has the id of its
// person beside them: things of another person are removed before any is shown or sent. An open
// page is told by the storage event, even without a connection; a tab that was not told, because it
// was frozen, removes its own part when it is loaded again.
import { unsentInquiries } from "./inquiry.js";
import { KEPT_UNDER } from "./pending_ops.js";
import { keys, parsed, place, read, remove, write } from "../shared/storage.js";

const OWNER = "nest-owner";
const storagesHere = () => [place("localStorage"), place("sessionStorage")];

// The number of changes of this tab and inquiries of this browser that are not saved or sent.
/** @param {(Storage | null)[]} [storages] */
export function unsentHere(storages = storagesHere()) {
  return storages.reduce((sum, storage) => sum + changes(storage) + unsentInquiries(storage), 0);
}

/** @param {Storage | null} storage */
function changes(storage) {
  const kept = keys(storage).filter((key) => key.startsWith(KEPT_UNDER));
  return kept.reduce((sum, key) => sum + (parsed(read(storage, key))?.length ?? 0), 0);
}

// Whether this storage event says that the browser no longer belongs to `person`.
/** @param {{ key: string | null, newValue: string | null }} event @param {string | undefined} person */
export const isForgotten = (event, person) => event.key === OWNER && event.newValue !== person;

// Note that the page belongs to `person`, an id, or "" for nobody. Returns {removed, unsent}:
// whether things of another person were here, and how many of them were not saved.
/** @param {string} person @param {(Storage | null)[]} [storages] */
export function settle(person, storages = storagesHere()) {
  const others = storages.filter((storage) => read(storage, OWNER) !== null && read(storage, OWNER) !== person);
  const unsent = unsentHere(others);
  for (const storage of others) for (const key of keys(storage)) remove(storage, key);
  if (person) for (const storage of storages) write(storage, OWNER, person);
  return { removed: others.length > 0, unsent };
}
