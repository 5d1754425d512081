// Nobody is known in this browser any more: what the pages of that person kept here goes, too. Each
// tab comes here, because a part of it is kept for each tab.
import { unsentHere } from "./owner.js";
import { clear } from "./storage.js";
import { sayUnsent } from "./unsent.js";

const unsent = unsentHere();
clear();
sayUnsent(unsent);
