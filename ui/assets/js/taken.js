// A link back meets a browser that is somebody else's: whose it is, and the way on. The browser
// forgets its person, after one more question that says what would be lost, and opens the link then.
import { forgetDevice, makeWayBack } from "./forgetting.js";
import { createSiblings } from "./siblings.js";

// `open()` opens the link, for whoever has this browser then.
export function createTaken(box, open) {
  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const siblings = createSiblings();
  const sure = part("sure");
  const link = part("link");
  let told = 0; // what is lost, as the page says it

  // What waits in the tabs of this browser.
  async function count() {
    const unsent = await siblings.unsent();
    const more = unsent > told;
    told = unsent;
    part("waiting").hidden = !unsent;
    part("waiting").textContent = unsent ? box.dataset.waiting.replace("{count}", String(unsent)) : "";
    return more;
  }

  async function ask() {
    part("ask").hidden = true;
    sure.hidden = false;
    part("title").focus();
    await count();
  }

  function keep() {
    sure.hidden = true;
    part("ask").hidden = false;
    part("begin").focus();
  }

  async function make() {
    const { url, until } = await makeWayBack();
    link.value = url;
    part("until").textContent = box.dataset.until.replace("{date}", new Date(until).toLocaleDateString(document.documentElement.lang === "de" ? "de-AT" : "en-GB"));
    part("made").hidden = false;
    part("unmade").hidden = true;
    link.select();
  }

  async function forget() {
    if (await count()) return; // more is lost than was said: it is pressed once more
    await forgetDevice(link.value);
    box.hidden = true;
    siblings.close();
    await open();
  }

  async function trying(work) {
    const buttons = box.querySelectorAll("button");
    const problem = part("problem");
    problem.hidden = true;
    for (const button of buttons) button.disabled = true;
    try {
      await work();
    } catch {
      problem.hidden = false;
    }
    for (const button of buttons) button.disabled = false;
  }

  part("begin").addEventListener("click", ask);
  part("keep").addEventListener("click", keep);
  part("make").addEventListener("click", () => trying(make));
  part("forget").addEventListener("click", () => trying(forget));
  link.addEventListener("focus", () => link.select());

  // `name`: of the person whose browser this is.
  return function show(name) {
    for (const element of box.querySelectorAll("[data-named]")) element.textContent = element.dataset.named.replace("{name}", name);
    box.hidden = false;
  };
}
