// Consent: whether this browser may be measured. The visitor decides; before that, the browser's
// signals count.
//
//   refused by the browser (Global Privacy Control, Do Not Track)  nothing is sent, nothing is kept
//   cookie nest_consent=all | none                                 what the visitor decided, for 180 days
//   no cookie                                                      `assumed`: yes; `required`: not yet
const COOKIE = "nest_consent";
const DAYS = 180;

/**
 * @typedef {"assumed" | "required"} ConsentMode
 * @typedef {{ globalPrivacyControl?: boolean, doNotTrack?: string | null }} Objections what a navigator says
 */

/** @param {Objections} [nav] */
export const refusedByBrowser = (nav = navigator) =>
  nav.globalPrivacyControl === true || nav.doNotTrack === "1" || nav.doNotTrack === "yes";

export function decision(cookies = document.cookie) {
  const given = cookies.split("; ");
  // Of two answers (as two paths can have), the refusal counts.
  return ["none", "all"].find((value) => given.includes(`${COOKIE}=${value}`)) ?? null;
}

/** @param {string | undefined} mode @param {{ nav?: Objections, cookies?: string }} [how] */
export function mayMeasure(mode, { nav = navigator, cookies = document.cookie } = {}) {
  if (refusedByBrowser(nav)) return false;
  const decided = decision(cookies);
  return decided === null ? mode !== "required" : decided === "all";
}

/** @param {"all" | "none"} value */
export function decide(value) {
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${COOKIE}=${value}; path=/; max-age=${DAYS * 86_400}; samesite=lax${secure}`;
}
