// Says on a page how much was removed that nobody had saved.
export function sayUnsent(count) {
  const place = document.getElementById("unsent");
  place.hidden = !count;
  place.textContent = count ? place.dataset.said.replace("{count}", String(count)) : "";
}
