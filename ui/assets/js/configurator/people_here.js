// The people who are in the house now. Pure.
import { initialsOf } from "../shared/names.js";

/**
 * @import { Person } from "../client/messages.js"
 * @import { Present, RoomState } from "./types.js"
 */

/** @param {Person & { initials?: string }} person */
export const withInitials = (person) => ({
  ...person,
  person: person.id,
  initials: person.initials ?? initialsOf(person.name),
});

/**
 * Every person once, the reader first. Of a person's tabs, the one in a category counts.
 *
 * @param {RoomState} room
 * @returns {Present[]}
 */
export function peopleHere(room) {
  const reader = room.you?.person;
  /** @type {Map<string, Present>} */
  const byPerson = new Map();
  for (const member of room.members) {
    const known = byPerson.get(member.person);
    if (!known || (member.category && !known.category))
      byPerson.set(member.person, { ...member, me: member.person === reader });
  }
  if (room.me && !byPerson.has(room.me.id))
    byPerson.set(room.me.id, { ...withInitials(room.me), me: true, role: room.you?.role });
  return [...byPerson.values()].sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
}
