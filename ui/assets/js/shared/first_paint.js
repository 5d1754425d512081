// Removes the first paint, which is the server's HTML, when the live page has taken its place. A
// house is uncovered only when its picture is painted, so it never vanishes in between.
const PICTURE_WITHIN_MS = 3000;
const first = document.getElementById("first");
const app = document.getElementById("app");

if (first && app) takeAway(first, app);

/** @param {HTMLElement} painted @param {HTMLElement} live */
function takeAway(painted, live) {
  const watching = new MutationObserver(look);
  watching.observe(live, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  look();

  function look() {
    if (!live.firstElementChild) return;
    if (!painted.classList.contains("first-house")) return done();
    if (!painted.classList.contains("first-over")) {
      painted.classList.add("first-over");
      painted.setAttribute("aria-hidden", "true");
      painted.setAttribute("inert", "");
      setTimeout(done, PICTURE_WITHIN_MS);
    }
    const pictures = live.querySelector(".picture");
    if (!pictures || pictures.querySelector("img.shown")) done();
  }

  function done() {
    watching.disconnect();
    painted.remove();
  }
}
