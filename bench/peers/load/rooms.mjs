// Rooms full of members, entered a few at a time.
import { Ledger, each } from "./figures.mjs";

const AT_ONCE = 25;

export class Room {
  constructor(room, size) {
    this.room = room;
    this.ledger = new Ledger(size);
    this.members = [];
  }

  /** Send one edit and note when it is answered; resolves with its number then. */
  async edit(writer) {
    const number = this.ledger.ask(writer);
    await this.members[writer].edit(writer, number);
    this.ledger.acknowledged(writer, number);
    return number;
  }

  /** As `edit`, until every reader has it, too. */
  async editSeen(writer) {
    const number = await this.edit(writer);
    await this.ledger.seenByAll(writer, number);
  }
}

export async function fill({ driver, url, rooms, size, writers, bytes }) {
  const filled = rooms.map((room) => new Room(room, size));
  const seats = filled.flatMap((room) => Array.from({ length: size }, (_, index) => ({ room, index })));
  const enter = async ({ room, index }) => {
    room.members[index] = await driver.enter({
      url,
      room: room.room,
      index,
      bytes,
      writes: index < writers,
      seen: room.ledger.reader(index),
    });
  };
  await each(
    seats.filter(({ index }) => index === 0),
    AT_ONCE,
    enter,
  ); // the first member makes the document
  await each(
    seats.filter(({ index }) => index > 0),
    AT_ONCE,
    enter,
  );
  return filled;
}

export const members = (rooms) => rooms.flatMap((room) => room.members);

export const bytesRead = (rooms) => members(rooms).reduce((sum, member) => sum + (member.net?.bytesRead ?? 0), 0);

/**
 * The problems that every run reports: gaps in versions, refusals, and edits that a reader has not seen.
 * `jumps` counts values that were replaced by a later one before they were seen; a peer that does not
 * merge values has lost them.
 */
export function problems(rooms) {
  const views = members(rooms)
    .map((member) => member.view)
    .filter(Boolean);
  const said = views.flatMap((view) => view.problems);
  return {
    undelivered: rooms.reduce((sum, room) => sum + room.ledger.missing, 0),
    jumps: rooms.reduce((sum, room) => sum + room.ledger.jumps, 0),
    gaps: views.reduce((sum, view) => sum + view.gaps, 0),
    snapshots: views.reduce((sum, view) => sum + view.snapshots, 0),
    refused: said.length,
    said: [...new Set(said)].slice(0, 5),
  };
}
