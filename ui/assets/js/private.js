// "This house is private" is not the reason where the browser keeps no cookie: then nobody is known
// here, and the page says what is missing instead.
import { cookiesWork } from "./invitation.js";

const page = document.getElementById("private");
if (!cookiesWork()) {
  page.querySelector("h1").textContent = page.dataset.title;
  page.querySelector("p").textContent = page.dataset.sentence;
  document.title = `${page.dataset.title} – NEST-Haus`;
  document.getElementById("again").hidden = false;
}
