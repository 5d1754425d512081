// What stands behind the # of a link, as people and messengers hand it on.
const SHORTEST = 16;

// What programs put into a long word to break it: line ends, soft hyphens, signs without a width.
const BREAKS = /[\r\n\u00ad\u200b-\u200d\u2060\ufeff]/g;

// The token in a fragment: whatever signs, spaces or sentences were put around it or percent-encoded
// ("<…>", "»TOKEN«", "TOKEN.", "TOKEN%20und mehr"), and wherever it was broken. "" when there is none.
// `length`: of a whole token.
export function tokenIn(hash, length) {
  const decoded = hash.replace(/(?:%[0-9a-f]{2})+/gi, decodedSigns).replace(BREAKS, "");
  const runs = decoded.replace(/^#?\s*token=/, "").match(/[\w-]+/g) ?? [];
  const found = runs.find((run) => run.length >= SHORTEST) ?? "";
  return found.slice(0, length);
}

// Signs that are no UTF-8 belong to no token; what is ASCII among them may.
function decodedSigns(signs) {
  try {
    return decodeURIComponent(signs);
  } catch {
    return signs.replace(/%(..)/g, (_, code) => (parseInt(code, 16) < 0x80 ? String.fromCharCode(parseInt(code, 16)) : " "));
  }
}

// Whether this browser keeps a cookie of ours; without one nobody would find the way back to a house.
export function cookiesWork() {
  document.cookie = "nest_cookies=on; path=/; max-age=60; samesite=lax";
  return document.cookie.split("; ").includes("nest_cookies=on");
}
