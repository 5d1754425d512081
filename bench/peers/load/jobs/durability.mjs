// Sends `edits` edits. When the server has answered all of them, it is killed and the client leaves. The
// caller starts the server again, and the job counts the edits that a new client does not find.
import { fill } from "../rooms.mjs";

export async function run({ driver, url, rooms, edits, tell }) {
  const [room] = await fill({ driver, url, rooms, size: 1, writers: 1 });
  await Promise.all(Array.from({ length: edits }, () => room.edit(0)));
  await tell("kill");
  room.members[0].leave();
  await tell("start");
  const [fresh] = await fill({ driver, url, rooms, size: 1, writers: 0 });
  return { acknowledged: edits, lost: edits - 1 - (fresh.members[0].value(0) ?? -1) };
}
