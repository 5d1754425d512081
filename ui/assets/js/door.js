// Invitation, link back and admin login: the token is in the fragment, which browsers never send. Only the
// button posts it: programs that look into mails open links, run scripts, and must spend nothing.
// The address keeps its token until it was redeemed, so that a damaged one can be mended there.
import { cookiesWork, tokenIn } from "./invitation.js";
import { patiently } from "./patience.js";
import { createTaken } from "./taken.js";

const DOORS = {
  join: { url: "/api/share-links/redeem", length: 32, next: (body) => `/c/${encodeURIComponent(body.code)}` },
  comeBack: { url: "/api/people/come-back", length: 43, next: (body) => (body.code ? `/c/${encodeURIComponent(body.code)}` : "/") },
  adminLogin: { url: "/api/admin/login", length: 43, next: () => "/admin" },
};
const door = document.getElementById("door");
const title = document.getElementById("door-title");
const text = document.getElementById("door-text");
const button = document.getElementById("door-button");
const home = document.getElementById("door-home");
const said = { title: title.textContent, text: text.textContent };
const { url, length, next } = DOORS[door.dataset.door];
const language = document.documentElement.lang;
const box = document.getElementById("taken");
const taken = box ? createTaken(box, open) : null;
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
  else show({ heading: door.dataset.noTokenTitle, sentence: door.dataset.noToken, pressable: false });
}

async function open() {
  if (!cookiesWork()) {
    show({ sentence: door.dataset.noCookies });
    return;
  }
  const token = readToken();
  button.disabled = true;
  text.textContent = door.dataset.opening;
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
    if (answer.status >= 500 || answer.status === 429) show({ sentence: door.dataset.failed });
    else if (token.length < length || answer.status === 400) {
      show({ heading: door.dataset.noTokenTitle, sentence: door.dataset.noToken, pressable: false });
    } else if (body.error?.code === "cookies_differ") show({ sentence: body.error.message[language] });
    else if (taken && body.error?.code === "already_somebody") {
      const name = body.error.detail;
      show({ heading: box.dataset.title.replace("{name}", name), sentence: box.dataset.text.replaceAll("{name}", name), pressable: false });
      home.hidden = true;
      taken(name);
    } else {
      const sentence = body.error?.message?.[language] ?? door.dataset.refused;
      show({ heading: door.dataset.refusedTitle, sentence, pressable: false });
    }
  } catch {
    show({ sentence: door.dataset.failed });
  }
}

button.addEventListener("click", open);
window.addEventListener("hashchange", begin);
begin();
