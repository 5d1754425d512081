// "This house is private" is not the reason where the browser keeps no cookie: then nobody is known
// here, and the page says what is missing instead. Where it has only the cookie of an earlier release,
// that is exchanged, once, and the page is asked for again. Where somebody was forgotten, as by another
// tab while this one was offline, what this browser kept for them goes, and the page says so.
import { cookiesWork } from "./invitation.js";
import { settle } from "./owner.js";
import { place, read, write } from "./storage.js";
import { sayUnsent } from "./unsent.js";

const page = document.getElementById("private");
const MOVED = "nest-moved";

async function move() {
  const kept = place("sessionStorage");
  if (read(kept, MOVED) || !write(kept, MOVED, "1")) return;
  await fetch("/api/people/me/token", { method: "POST", credentials: "same-origin" }).catch(() => null);
  window.location.reload(); // another tab may have been faster: then this one has the new cookie, too
}

function say(title, sentence) {
  page.querySelector("h1").textContent = title;
  page.querySelector("p").textContent = sentence;
  document.title = `${title} – NEST-Haus`;
}

function forgetOthers() {
  const { person, overTitle, over, otherTitle, other } = page.dataset;
  const { removed, unsent } = settle(person);
  if (removed) say(...(person ? [otherTitle, other] : [overTitle, over]));
  sayUnsent(unsent);
}

if (!cookiesWork()) {
  say(page.dataset.title, page.dataset.sentence);
  document.getElementById("again").hidden = false;
} else if ("moves" in page.dataset) move();
else forgetOthers();
