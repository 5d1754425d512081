// What "forget this device" does, on the page of a house and at a link back.
import { request } from "./http.js";
import { clear } from "./storage.js";

// {url, until}: a link that brings this browser's person back to their houses.
export const makeWayBack = () => post("way-back");

// This browser is nobody's afterwards, and has kept nothing. The link of `makeWayBack` goes on working;
// one that somebody else made with this token ends.
export async function forgetDevice(url = "") {
  await post("sign-out", { way_back: url.split("#")[1] ?? null });
  clear();
}

// Throws when it was not done, or may not have been.
async function post(what, body) {
  const answer = await request("POST", `/api/people/me/${what}`, body);
  if (!answer.ok) throw new Error(what);
  return answer.body;
}
