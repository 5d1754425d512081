// Remembers the language somebody picked here for the configurator.
for (const link of document.querySelectorAll("a[data-language]")) {
  link.addEventListener("click", () => {
    document.cookie = `nest_language=${link.dataset.language}; path=/; max-age=31536000; samesite=lax`;
  });
}
