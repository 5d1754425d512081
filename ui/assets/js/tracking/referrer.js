// The page that the visitor came from, without private parts of the address. The landing page sees
// it and the page of the house tells it, so it is kept for this tab, if measuring is allowed.
import { mayMeasure } from "./consent.js";
import { place, read, write } from "../shared/storage.js";

const KEY = "nest-referrer";
const CHARACTERS_MAX = 256;

/** @param {string} address @param {string} own */
export function referrerOf(address, own) {
  try {
    const url = new URL(address);
    return /^https?:$/.test(url.protocol) && url.origin !== own
      ? `${url.origin}${url.pathname}`.slice(0, CHARACTERS_MAX)
      : undefined;
  } catch {
    return undefined;
  }
}

const direct = () => referrerOf(document.referrer, window.location.origin);

/** @param {string | undefined} mode */
export function rememberReferrer(mode) {
  const from = direct();
  if (from && mayMeasure(mode)) write(place("sessionStorage"), KEY, from);
}

export const referrer = () => direct() ?? read(place("sessionStorage"), KEY) ?? undefined;
