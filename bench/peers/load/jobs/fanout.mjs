// One full room. First one author makes `rate` edits a second: the time until everybody has each edit.
// Then `writers` people each make the next edit as soon as everybody has their last one: the cost of a
// delivery for the server.
import { eventually, onSchedule, pause, percentiles } from "../figures.mjs";
import { meter, residentKb } from "../machine.mjs";
import { bytesRead, fill, problems } from "../rooms.mjs";

export async function run({ driver, url, rooms, pids, memory, size, rate, seconds, writers }) {
  const before = residentKb(memory);
  const [room] = await fill({ driver, url, rooms: rooms.slice(0, 1), size, writers });
  const connected = residentKb(memory) - before;
  await pause(500);
  for (let number = 0; number < 5; number += 1) await room.editSeen(0);
  const light = await steady(room, pids, rate, seconds);
  const full = await flatOut(room, pids, writers, seconds);
  return { ...light, ...full, kb_per_connection: connected / size, problems: problems([room]) };
}

async function steady(room, pids, rate, seconds) {
  room.ledger.reset();
  const used = meter(pids);
  const answers = [];
  await onSchedule(rate, rate * seconds, () => answers.push(room.edit(0)));
  await Promise.all(answers);
  await eventually(() => room.ledger.missing === 0, 15, "everybody has seen every edit").catch(() => {});
  const { total } = used();
  return {
    ...percentiles("peer", room.ledger.peers),
    ...percentiles("ack", room.ledger.acks),
    steady_cpu_ms_per_edit: (total * 1000) / room.ledger.edits,
    steady_deliveries_per_cpu_s: room.ledger.deliveries / total,
  };
}

async function flatOut(room, pids, writers, seconds) {
  room.ledger.reset();
  const [bytes, used] = [bytesRead([room]), meter(pids)];
  const ends = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: Math.min(writers, room.members.length) }, async (_, writer) => {
      while (performance.now() < ends) await room.editSeen(writer);
    }),
  );
  const { total, by, seconds: wall } = used();
  const { edits, deliveries, peers } = room.ledger;
  return {
    cpu_ms_per_edit: (total * 1000) / edits,
    deliveries_per_cpu_s: deliveries / total,
    deliveries_per_s: deliveries / wall,
    bytes_per_delivery: (bytesRead([room]) - bytes) / deliveries,
    server_cores: total / wall,
    cpu_by: by,
    ...percentiles("full", peers, [50, 99]),
  };
}
