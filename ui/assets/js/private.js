// "This house is private" is not the reason where the browser keeps no cookie: then nobody is known
// here, and the page says what is missing instead. Where it has only the cookie of an earlier release,
// that is exchanged, once, and the page is asked for again.
import { cookiesWork } from "./invitation.js";
import { place, read, write } from "./storage.js";

const page = document.getElementById("private");
const MOVED = "nest-moved";

async function move() {
  const kept = place("sessionStorage");
  if (read(kept, MOVED) || !write(kept, MOVED, "1")) return;
  await fetch("/api/people/me/token", { method: "POST", credentials: "same-origin" }).catch(() => null);
  window.location.reload(); // another tab may have been faster: then this one has the new cookie, too
}

if (!cookiesWork()) {
  page.querySelector("h1").textContent = page.dataset.title;
  page.querySelector("p").textContent = page.dataset.sentence;
  document.title = `${page.dataset.title} – NEST-Haus`;
  document.getElementById("again").hidden = false;
} else if ("moves" in page.dataset) move();
