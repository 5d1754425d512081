// Carries out "forget this device", on the page of a house and at a link back.
import { request } from "../shared/http.js";
import { clear } from "../shared/storage.js";

// {url, until}: a link that brings this browser's person back to their houses.
/** @returns {Promise<{ url: string, until: string }>} */
export const makeWayBack = () => post("way-back");

// Afterwards this browser has no person and keeps nothing. The link of `makeWayBack` stays
// valid; another link that was made with this token ends.
export async function forgetDevice(url = "") {
  await post("sign-out", { way_back: url.split("#")[1] ?? null });
  clear();
}

// Throws if it failed, or if no answer says that it was done.
/** @param {string} what @param {unknown} [body] */
async function post(what, body) {
  const answer = await request("POST", `/api/people/me/${what}`, body);
  if (!answer.ok) throw new Error(what);
  return answer.body;
}
