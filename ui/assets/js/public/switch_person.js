// A link back is opened in the browser of another person: the page says whose it is, and offers the
// way on. After one more question, which says what would be lost, the browser forgets its person
// and opens the link.
import { find, textOf } from "../shared/dom.js";
import { forgetDevice, makeWayBack } from "../device/forget.js";
import { createOtherTabs } from "../device/other_tabs.js";

// `open()` opens the link, for the person of the browser at that time.
/** @param {HTMLElement} box @param {() => Promise<void>} open */
export function createPersonSwitch(box, open) {
  /** @param {string} name */
  const part = (name) => find(box, `[data-part="${name}"]`, HTMLElement);
  const tabs = createOtherTabs();
  const sure = part("sure");
  const link = find(box, '[data-part="link"]', HTMLInputElement);
  let told = 0; // the loss that the page has told

  // Count the changes that wait in the tabs of this browser, and show the number; returns whether
  // there are more than it showed before.
  async function count() {
    const unsent = await tabs.unsent();
    const more = unsent > told;
    told = unsent;
    part("waiting").hidden = !unsent;
    part("waiting").textContent = unsent ? textOf(box, "waiting").replace("{count}", String(unsent)) : "";
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
    part("until").textContent = textOf(box, "until").replace(
      "{date}",
      new Date(until).toLocaleDateString(document.documentElement.lang === "de" ? "de-AT" : "en-GB"),
    );
    part("made").hidden = false;
    part("unmade").hidden = true;
    link.select();
  }

  async function forget() {
    if (await count()) return; // more is lost than was told, so it must be pressed once more
    await forgetDevice(link.value);
    box.hidden = true;
    tabs.close();
    await open();
  }

  /** @param {() => Promise<void>} work */
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

  // `name` is the name of the person of this browser.
  /** @param {string} name */
  return function show(name) {
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("[data-named]")))
      element.textContent = textOf(element, "named").replace("{name}", name);
    box.hidden = false;
  };
}
