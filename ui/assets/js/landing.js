// Remembers where somebody came from, and the language somebody picked here for the configurator.
import { rememberReferrer } from "./referrer.js";

rememberReferrer(document.body.dataset.consent);
for (const link of document.querySelectorAll("a[data-language]")) {
  link.addEventListener("click", () => {
    document.cookie = `nest_language=${link.dataset.language}; path=/; max-age=31536000; samesite=lax`;
  });
}
