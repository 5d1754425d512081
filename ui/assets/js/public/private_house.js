// "This house is private" is the wrong reason if the browser keeps no cookie: then nobody is known
// here, and the page says that cookies are missing. If the browser has only the cookie of an
// earlier release, that is exchanged, once, and the page is requested again. If the person was
// forgotten, for example by another tab while this one was offline, the things that this browser
// kept for them are removed, and the page says so.
import { cookiesWork } from "./link_token.js";
import { settle } from "../device/owner.js";
import { byId, find, textOf } from "../shared/dom.js";
import { place, read, write } from "../shared/storage.js";
import { sayUnsent } from "./unsent.js";

const page = byId("private", HTMLElement);
const MOVED = "nest-moved";

async function move() {
  const kept = place("sessionStorage");
  if (read(kept, MOVED) || !write(kept, MOVED, "1")) return;
  await fetch("/api/people/me/token", { method: "POST", credentials: "same-origin" }).catch(() => null);
  // Another tab may have been faster: then this one has the new cookie, too.
  window.location.reload();
}

/** @param {string} title @param {string} sentence */
function say(title, sentence) {
  find(page, "h1", HTMLElement).textContent = title;
  find(page, "p", HTMLElement).textContent = sentence;
  document.title = `${title} – NEST-Haus`;
}

function forgetOthers() {
  const person = textOf(page, "person");
  const { removed, unsent } = settle(person);
  const why = person ? "other" : "over";
  if (removed) say(textOf(page, `${why}Title`), textOf(page, why));
  sayUnsent(unsent);
}

if (!cookiesWork()) {
  say(textOf(page, "title"), textOf(page, "sentence"));
  byId("again", HTMLElement).hidden = false;
} else if ("moves" in page.dataset) move();
else forgetOthers();
