// Many small rooms, each with `rate` edits a second; two members of each take turns.
import { eventually, onSchedule, percentiles } from "../figures.mjs";
import { meter, residentKb } from "../machine.mjs";
import { bytesRead, fill, problems } from "../rooms.mjs";

export async function run({ driver, url, rooms, pids, memory, size, rate, seconds }) {
  const before = residentKb(memory);
  const filled = await fill({ driver, url, rooms, size, writers: 2 });
  const connected = residentKb(memory) - before;
  const turn = (number) => filled[number % filled.length].edit(Math.floor(number / filled.length) % 2);
  await play(filled, rate * filled.length, 2 * filled.length, turn);
  filled.forEach(({ ledger }) => ledger.reset());
  const [bytes, used] = [bytesRead(filled), meter(pids)];
  await play(filled, rate * filled.length, seconds * rate * filled.length, turn);
  const { total, by, seconds: wall } = used();
  const ledgers = filled.map(({ ledger }) => ledger);
  const edits = ledgers.reduce((sum, each) => sum + each.edits, 0);
  const deliveries = ledgers.reduce((sum, each) => sum + each.deliveries, 0);
  return {
    ...percentiles(
      "peer",
      ledgers.flatMap((each) => each.peers),
    ),
    ...percentiles(
      "ack",
      ledgers.flatMap((each) => each.acks),
    ),
    cpu_ms_per_edit: (total * 1000) / edits,
    deliveries_per_cpu_s: deliveries / total,
    bytes_per_delivery: (bytesRead(filled) - bytes) / deliveries,
    kb_per_connection: connected / (filled.length * size),
    server_cores: total / wall,
    cpu_by: by,
    problems: problems(filled),
  };
}

async function play(filled, rate, count, turn) {
  const answers = [];
  await onSchedule(rate, count, (number) => answers.push(turn(number)));
  await Promise.all(answers);
  await eventually(() => filled.every(({ ledger }) => ledger.missing === 0), 15, "everybody has seen every edit").catch(
    () => {},
  );
}
