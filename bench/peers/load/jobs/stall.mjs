// Three members: an author, a reader, and one who stops reading. What it costs the others.
import { onSchedule, pause, percentiles } from '../figures.mjs';
import { meter, residentKb } from '../machine.mjs';
import { fill, problems } from '../rooms.mjs';

export async function run({ driver, url, rooms, pids, memory, rate, edits, bytes, together }) {
  const calm = await round({ driver, url, room: rooms[0], pids, memory, rate, edits, bytes, together, stalled: false });
  const stalled = await round({ driver, url, room: rooms[1], pids, memory, rate, edits, bytes, together, stalled: true });
  return {
    calm_p99_ms: calm.reader_p99_ms,
    healthy_p50_ms: stalled.reader_p50_ms,
    healthy_p99_ms: stalled.reader_p99_ms,
    p99_against_calm: stalled.reader_p99_ms / calm.reader_p99_ms,
    healthy_got: stalled.got,
    sent: stalled.sent,
    calm_growth_mb: calm.growth_mb,
    growth_mb: Math.max(0, stalled.growth_mb - Math.max(0, calm.growth_mb)),
    stalled_closed: stalled.closed,
    bytes_per_edit: stalled.bytes_per_edit,
    problems: stalled.problems,
  };
}

async function round({ driver, url, room: where, pids, memory, rate, edits, bytes, together, stalled }) {
  const [room] = await fill({ driver, url, rooms: [where], size: 3, writers: 1, bytes });
  const [, healthy, third] = room.members;
  const warm = 200; // so that buffers that everybody has are not taken for growth
  await onSchedule(rate, warm, () => void room.edit(0));
  await pause(500);
  room.ledger.reset();
  const before = residentKb(memory);
  const [began, used] = [healthy.net.bytesRead, meter(pids)];
  const thirdsSocket = third.net;
  if (stalled) thirdsSocket.pause();
  let peak = before;
  const looking = setInterval(() => { peak = Math.max(peak, residentKb(memory)); }, 50);
  let answered = 0;
  const seenBefore = room.ledger.sent[0].length;
  if (together) await paced(room, edits, rate, () => { answered += 1; });
  else await onSchedule(rate, edits, () => { room.edit(0).then(() => { answered += 1; }); });
  await pause(1500);
  clearInterval(looking);
  peak = Math.max(peak, residentKb(memory));
  const sent = room.ledger.sent[0].length - seenBefore;
  const peers = stalled ? room.ledger.peers : room.ledger.peers.filter((_, index) => index % 2 === 0);
  const result = {
    ...percentiles('reader', peers),
    got: peers.length,
    sent,
    answered,
    growth_mb: (peak - before) / 1024,
    closed: await isClosed(third, thirdsSocket),
    bytes_per_edit: (healthy.net.bytesRead - began) / sent,
    problems: { ...problems([room]), undelivered: 0 },
    cpu: used().total,
  };
  room.members.forEach((member) => member.leave());
  await pause(500);
  return result;
}

/** At most so many under way: for whoever cannot keep up with the schedule. */
async function paced(room, edits, rate, count) {
  const begins = performance.now();
  for (let number = 0; number < edits; number += 1) {
    const wait = begins + (number * 1000) / rate - performance.now();
    if (wait > 1) await pause(wait);
    await room.edit(0);
    count();
  }
}

/** Whether the server has ended the connection: what is unread hides it until it is read. */
async function isClosed(member, socket) {
  socket.resume();
  await pause(1500);
  return member.closed;
}
