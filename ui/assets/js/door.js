// Invitation and admin login: the token is in the fragment, which browsers never send. It is
// posted, and the history entry that holds it is replaced once it was redeemed or refused.
const DOORS = {
  join: { url: "/api/share-links/redeem", next: (body) => `/c/${encodeURIComponent(body.code)}` },
  adminLogin: { url: "/api/admin/login", next: () => "/admin" },
};
const door = document.getElementById("door");
const text = document.getElementById("door-text");
const button = document.getElementById("door-button");
const { url, next } = DOORS[door.dataset.door];
const token = decodeURIComponent(window.location.hash.slice(1)).replace(/^token=/, "");
const language = document.documentElement.lang;

async function open() {
  button.disabled = true;
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "same-origin",
      body: JSON.stringify({ token }),
    });
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) {
      window.location.replace(next(body));
      return;
    }
    const retryable = answer.status >= 500 || answer.status === 429;
    text.textContent = retryable ? door.dataset.failed : (body.error?.message?.[language] ?? door.dataset.refused);
    button.hidden = !retryable;
    if (!retryable) window.history.replaceState(null, "", window.location.pathname);
  } catch {
    text.textContent = door.dataset.failed;
  }
  button.disabled = false;
}

button.addEventListener("click", open);
if (token) {
  open();
} else {
  text.textContent = door.dataset.noToken;
  button.hidden = true;
}
