// Reads the token behind the # of a link, in the forms in which people and messengers pass it on.
const SHORTEST = 16;

// Signs that programs put into a long word to break it: line ends, soft hyphens, signs without a width.
const BREAKS = /[\r\n\u00ad\u200b-\u200d\u2060\ufeff]/g;

// The token in a fragment, whatever signs, spaces or sentences were put around it or
// percent-encoded ("<…>", "»TOKEN«", "TOKEN.", "TOKEN%20und mehr"), and wherever it was broken. ""
// if there is none. `length` is that of a whole token.
/** @param {string} hash @param {number} length */
export function tokenIn(hash, length) {
  const decoded = hash.replace(/(?:%[0-9a-f]{2})+/gi, decodedSigns).replace(BREAKS, "");
  const runs = decoded.replace(/^#?\s*token=/, "").match(/[\w-]+/g) ?? [];
  const found = runs.find((run) => run.length >= SHORTEST) ?? "";
  return found.slice(0, length);
}

// Bytes that are no UTF-8 belong to no token; ASCII among them may.
/** @param {string} signs */
function decodedSigns(signs) {
  try {
    return decodeURIComponent(signs);
  } catch {
    return signs.replace(/%(..)/g, (_, code) =>
      parseInt(code, 16) < 0x80 ? String.fromCharCode(parseInt(code, 16)) : " ",
    );
  }
}

// Whether this browser keeps our cookies; without a cookie nobody could return to their house.
export function cookiesWork() {
  document.cookie = "nest_cookies=on; path=/; max-age=60; samesite=lax";
  return document.cookie.split("; ").includes("nest_cookies=on");
}
