// Links into a house, and the people whose role came from them. Pure.

/** @import { AccessList, Participant, ShareLink } from "../../../client/messages.js" */

// The listed people who still have the role that the link gave them.
/** @param {AccessList} access @param {Pick<ShareLink, "id">} link */
export const comersBy = (access, link) => access.participants.filter((p) => p.link === link.id);

// The number of links that stay valid when this person is removed: those that they neither made nor
// used. Links that are not listed are not counted.
/** @param {AccessList} access @param {Pick<Participant, "id" | "link">} p */
export function stayingOpen(access, p) {
  const noted = access.links.filter(
    (l) => l.made_by.id === p.id || l.id === p.link || l.used_by.some((each) => each.id === p.id),
  );
  return access.link_count - noted.length;
}
