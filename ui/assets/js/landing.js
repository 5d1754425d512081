// Remembers where somebody came from, and the language somebody picked here for the configurator.
import { cookiesWork } from "./invitation.js";
import { rememberReferrer } from "./referrer.js";

// A browser that brings a cookie begins without being asked for one first (POST /start).
for (const form of document.querySelectorAll('form[action="/start"]')) form.addEventListener("submit", cookiesWork);
rememberReferrer(document.body.dataset.consent);
for (const link of document.querySelectorAll("a[data-language]")) {
  link.addEventListener("click", () => {
    document.cookie = `nest_language=${link.dataset.language}; path=/; max-age=31536000; samesite=lax`;
  });
}
