// What stands behind the # of a link, as people and messengers hand it on.
const SHORTEST = 16;

// The token in a fragment: whatever signs, spaces or sentences were put around it or percent-encoded
// ("<…>", "TOKEN.", "TOKEN%20und mehr"). "" when there is none. `length`: of a whole token.
export function tokenIn(hash, length) {
  const decoded = hash.replace(/%([0-7][0-9a-f])/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  const runs = decoded.replace(/^#?\s*token=/, "").match(/[\w-]+/g) ?? [];
  const found = runs.find((run) => run.length >= SHORTEST) ?? "";
  return found.slice(0, length);
}

// Whether this browser keeps a cookie of ours; without one nobody would find the way back to a house.
export function cookiesWork() {
  document.cookie = "nest_cookies=on; path=/; max-age=60; samesite=lax";
  return document.cookie.split("; ").includes("nest_cookies=on");
}
