// Takes away the first paint, which is the server's HTML, when the live page stands in its place.
// A house is uncovered only when its picture is painted, so that it never vanishes in between.
const PICTURE_WITHIN_MS = 3000;
const first = document.getElementById("first");
const app = document.getElementById("app");

if (first && app) {
  const watching = new MutationObserver(look);
  watching.observe(app, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  look();

  function look() {
    if (!app.firstElementChild) return;
    if (!first.classList.contains("first-house")) return done();
    if (!first.classList.contains("first-over")) {
      first.classList.add("first-over");
      first.setAttribute("aria-hidden", "true");
      first.setAttribute("inert", "");
      setTimeout(done, PICTURE_WITHIN_MS);
    }
    const pictures = app.querySelector(".picture");
    if (!pictures || pictures.querySelector("img.shown")) done();
  }

  function done() {
    watching.disconnect();
    first.remove();
  }
}
