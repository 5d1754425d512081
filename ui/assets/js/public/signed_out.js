// This browser has no person any more: the things that it kept for the last one are removed, too.
// Each tab comes here, because some of them are kept for each tab.
import { unsentHere } from "../device/owner.js";
import { clear } from "../shared/storage.js";
import { sayUnsent } from "./unsent.js";

const unsent = unsentHere();
clear();
sayUnsent(unsent);
