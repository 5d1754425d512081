// Invitation, link back and admin login: the token is in the fragment, which browsers never send.
// Only the button posts it: programs that scan mails open links and run scripts, and must not use
// it up. The address keeps its token until it was redeemed, so that a damaged link can be mended
// there.
/** @import { Language } from "../shared/types.js" */
import { byId, textOf } from "../shared/dom.js";
import { cookiesWork, tokenIn } from "./link_token.js";
import { patiently } from "../shared/retry.js";
import { createPersonSwitch } from "./switch_person.js";

/**
 * @typedef {{ code?: string }} Opened
 * @type {Record<string, { url: string, length: number, next: (body: Opened) => string }>}
 */
const LINKS = {
  join: { url: "/api/share-links/redeem", length: 32, next: (body) => `/c/${encodeURIComponent(body.code ?? "")}` },
  comeBack: {
    url: "/api/people/come-back",
    length: 43,
    next: (body) => (body.code ? `/c/${encodeURIComponent(body.code)}` : "/"),
  },
  adminLogin: { url: "/api/admin/login", length: 43, next: () => "/admin" },
};
const page = byId("link", HTMLElement);
const title = byId("link-title", HTMLElement);
const text = byId("link-text", HTMLElement);
const button = byId("link-button", HTMLButtonElement);
const home = byId("link-home", HTMLElement);
const said = { title: title.textContent ?? "", text: text.textContent ?? "" };
const sentences = (/** @type {string} */ key) => textOf(page, key);
const { url, length, next } = LINKS[sentences("link")];
const language = /** @type {Language} */ (document.documentElement.lang);
const box = document.getElementById("taken");
const taken = box ? createPersonSwitch(box, open) : null;
const readToken = () => tokenIn(window.location.hash, length);

function show({ heading = said.title, sentence = said.text, pressable = true }) {
  title.textContent = heading;
  text.textContent = sentence;
  button.hidden = !pressable;
  home.hidden = pressable;
  if (box) box.hidden = true;
  button.disabled = false;
}

function begin() {
  if (readToken()) show({});
  else show({ heading: sentences("noTokenTitle"), sentence: sentences("noToken"), pressable: false });
}

async function open() {
  if (!cookiesWork()) {
    show({ sentence: sentences("noCookies") });
    return;
  }
  const token = readToken();
  button.disabled = true;
  text.textContent = sentences("opening");
  try {
    const answer = await patiently(() =>
      fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        credentials: "same-origin",
        body: JSON.stringify({ token }),
      }),
    );
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) {
      window.location.replace(next(body));
      return;
    }
    if (answer.status >= 500 || answer.status === 429) show({ sentence: sentences("failed") });
    else if (token.length < length || answer.status === 400) {
      show({ heading: sentences("noTokenTitle"), sentence: sentences("noToken"), pressable: false });
    } else if (body.error?.code === "cookies_differ") show({ sentence: body.error.message[language] });
    else if (taken && box && body.error?.code === "already_somebody") {
      const name = body.error.detail;
      show({
        heading: textOf(box, "title").replace("{name}", name),
        sentence: textOf(box, "text").replaceAll("{name}", name),
        pressable: false,
      });
      home.hidden = true;
      taken(name);
    } else {
      const sentence = body.error?.message?.[language] ?? sentences("refused");
      show({ heading: sentences("refusedTitle"), sentence, pressable: false });
    }
  } catch {
    show({ sentence: sentences("failed") });
  }
}

button.addEventListener("click", open);
window.addEventListener("hashchange", begin);
begin();
