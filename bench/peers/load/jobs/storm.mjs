// All connections are reset at once, edits go on, and all members reconnect within `within` seconds. Each
// must receive exactly the edits that it missed; a fresh copy of the document does not count as that.
import { onSchedule, pause, percentiles } from "../figures.mjs";
import { meter } from "../machine.mjs";
import { fill, problems } from "../rooms.mjs";

export async function run({ driver, url, rooms, pids, size, rate, away, within, tell }) {
  const filled = await fill({ driver, url, rooms, size: size + 1, writers: 1 }); // member 0 stays and edits
  const clients = filled.flatMap((room) => room.members.slice(1).map((member) => ({ room, member })));
  const edit = (number) => filled[number % filled.length].editSeen(0);
  await Promise.all(filled.map((_, number) => edit(number)));
  await tell("calm");
  await pause(within * 1000);
  await tell("before");
  const marks = filled.map((room) => room.ledger.sent[0].length);
  clients.forEach(({ member }) => member.net.resetAndDestroy());
  const used = meter(pids);
  let editing = true;
  const answers = [];
  const author = (async () => {
    for (let number = 0; editing; number += 1) {
      answers.push(filled[number % filled.length].edit(0));
      await pause(1000 / rate);
    }
  })();
  await pause(away * 1000);
  const took = [];
  const found = [];
  await onSchedule(clients.length / within, clients.length, (number) => {
    const { room, member } = clients[number];
    const began = performance.now();
    const mark = marks[filled.indexOf(room)];
    const missed = () => room.ledger.sent[0].length - mark;
    found.push(
      member.back({ missed }).then(
        ({ recovered }) => {
          took.push(performance.now() - began);
          return recovered;
        },
        () => null,
      ),
    );
  });
  const ends = await Promise.race([Promise.all(found), pause(30_000)]);
  editing = false;
  await author;
  await Promise.all(answers);
  await pause(1000);
  const { total } = used();
  await tell("after");
  return {
    clients: clients.length,
    answered: took.length,
    recovered: ends ? ends.filter(Boolean).length : 0,
    failed: ends ? ends.filter((each) => each === null).length : clients.length - took.length,
    recovered_part: ends ? ends.filter(Boolean).length / clients.length : 0,
    edits_while_away: answers.length,
    ...percentiles("resume", took),
    cpu_ms_per_client: (total * 1000) / clients.length,
    problems: problems(filled),
  };
}
