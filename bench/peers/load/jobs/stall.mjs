// Three members: an author, a reader, and a third one, who stops reading if `stalled` is set.
import { eventually, onSchedule, pause, percentiles } from "../figures.mjs";
import { residentKb } from "../machine.mjs";
import { fill, problems } from "../rooms.mjs";

const WARM_EDITS = 200; // fill the buffers of every connection, which are no growth

export async function run({ driver, url, rooms, memory, rate, edits, bytes, together, stalled }) {
  const [room] = await fill({ driver, url, rooms, size: 3, writers: 1, bytes });
  const [, healthy, third] = room.members;
  await onSchedule(rate, WARM_EDITS, () => void room.edit(0));
  await pause(1000);
  room.ledger.reset();
  const [before, began, socket] = [residentKb(memory), healthy.net.bytesRead, third.net];
  if (stalled) socket.pause();
  let peak = before;
  const looking = setInterval(() => {
    peak = Math.max(peak, residentKb(memory));
  }, 50);
  if (together) await paced(room, edits, rate);
  else await onSchedule(rate, edits, () => void room.edit(0));
  await pause(1500);
  clearInterval(looking);
  peak = Math.max(peak, residentKb(memory));
  const got = room.ledger.peers.length / (stalled ? 1 : 2);
  const result = {
    ...percentiles("reader", room.ledger.peers, [50, 99]),
    got,
    sent: edits,
    grown_mb: (peak - before) / 1024,
    bytes_per_edit: (healthy.net.bytesRead - began) / got,
  };
  socket.resume(); // the end of the connection arrives after the unread bytes
  await pause(1500);
  const closed = third.closed;
  if (closed && third.back) await third.back({ missed: () => 0 });
  if (!rooms[0].push) await eventually(() => whole(room), 5, "it has everything").catch(() => {});
  return {
    ...result,
    stalled_closed: Number(closed),
    stalled_whole: rooms[0].push ? null : Number(whole(room)),
    problems: problems([room]),
  };
}

/** Whether the third member has everything that the reader has. */
function whole({ ledger, members: [, healthy, third] }) {
  return third.view ? third.view.version === healthy.view.version : ledger.missing === 0;
}

/** Make edits one after the other, on schedule as long as the server answers in time. */
async function paced(room, edits, rate) {
  const begins = performance.now();
  for (let number = 0; number < edits; number += 1) {
    const wait = begins + (number * 1000) / rate - performance.now();
    if (wait > 1) await pause(wait);
    await room.edit(0);
  }
}
