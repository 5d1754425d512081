// May this browser be measured? The visitor's word, and before it what the browser says for them.
//
//   refused by the browser (Global Privacy Control, Do Not Track)  nothing is sent, nothing is kept
//   cookie nest_consent=all | none                                 what the visitor decided, for 180 days
//   no cookie                                                      `assumed`: yes; `required`: not yet
const COOKIE = "nest_consent";
const DAYS = 180;

export const refusedByBrowser = (nav = navigator) => nav.globalPrivacyControl === true || nav.doNotTrack === "1" || nav.doNotTrack === "yes";

export function decision(cookies = document.cookie) {
  const given = cookies.split("; ");
  // Of two answers, as of two paths, the refusal counts.
  return ["none", "all"].find((value) => given.includes(`${COOKIE}=${value}`)) ?? null;
}

export function mayMeasure(mode, { nav = navigator, cookies = document.cookie } = {}) {
  if (refusedByBrowser(nav)) return false;
  const decided = decision(cookies);
  return decided === null ? mode !== "required" : decided === "all";
}

export function decide(value) {
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${COOKIE}=${value}; path=/; max-age=${DAYS * 86_400}; samesite=lax${secure}`;
}
