// Keeps the page that the visitor came from, and the language chosen here for the configurator.
import { cookiesWork } from "./link_token.js";
import { rememberReferrer } from "../tracking/referrer.js";

// A browser that sends a cookie begins at once, without the test for cookies (POST /start).
for (const form of document.querySelectorAll('form[action="/start"]')) form.addEventListener("submit", cookiesWork);
rememberReferrer(document.body.dataset.consent);
for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[data-language]"))) {
  link.addEventListener("click", () => {
    document.cookie = `nest_language=${link.dataset.language}; path=/; max-age=31536000; samesite=lax`;
  });
}
