// Connections that do nothing, in rooms of `size` members: their memory, and the processor time to keep them.
import { pause } from "../figures.mjs";
import { meter, residentKb } from "../machine.mjs";
import { fill, members, problems } from "../rooms.mjs";

export async function run({ driver, url, rooms, pids, memory, size, seconds }) {
  await fill({ driver, url, rooms: rooms.slice(0, 1), size: 2, writers: 0 }); // the first room makes the server load its code
  await pause(500);
  const before = residentKb(memory);
  const filled = await fill({ driver, url, rooms: rooms.slice(1), size, writers: 0 });
  await pause(1000);
  const used = meter(pids);
  await pause(seconds * 1000);
  const { total, seconds: wall } = used();
  const count = members(filled).length;
  return {
    kb_per_connection: (residentKb(memory) - before) / count,
    connections: count,
    idle_cores: total / wall,
    problems: problems(filled),
  };
}
