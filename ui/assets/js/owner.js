// Whose things this browser keeps. Each storage has the id of its person beside them: what was kept
// for somebody else is removed before anything of it is shown or sent. A page that is open hears it by
// the storage event, without a connection too; a tab that did not hear it, as one that was frozen,
// removes its own part when it is loaded again.
import { unsentInquiries } from "./inquiry.js";
import { KEPT_UNDER } from "./pending.js";
import { keys, parsed, place, read, remove, write } from "./storage.js";

const OWNER = "nest-owner";
const STORAGES = ["localStorage", "sessionStorage"];

// What is not saved or sent: changes of this tab, inquiries of this browser.
export function unsentHere(storages = STORAGES.map(place)) {
  return storages.reduce((sum, storage) => sum + changes(storage) + unsentInquiries(storage), 0);
}

function changes(storage) {
  const kept = keys(storage).filter((key) => key.startsWith(KEPT_UNDER));
  return kept.reduce((sum, key) => sum + (parsed(read(storage, key))?.length ?? 0), 0);
}

// Whether this storage event says that the browser is not that of `person` any more.
export const isForgotten = (event, person) => event.key === OWNER && event.newValue !== person;

// The page is that of `person`, an id, "" for nobody: {removed, unsent} says whether something of
// somebody else was here, and how much of it was not saved.
export function settle(person, storages = STORAGES.map(place)) {
  const others = storages.filter((storage) => ![null, person].includes(read(storage, OWNER)));
  const unsent = unsentHere(others);
  for (const storage of others) for (const key of keys(storage)) remove(storage, key);
  if (person) for (const storage of storages) write(storage, OWNER, person);
  return { removed: others.length > 0, unsent };
}
