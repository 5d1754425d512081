// One job against one server: `node main.mjs` with the job as JSON on standard input; its figures
// as the last line on standard output. A line that begins with `@` asks the caller to look at
// something and to answer with a line.
import { createInterface } from "node:readline";
import { drivers } from "./drivers.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const task = JSON.parse((await lines.next()).value);
const { run } = await import(`./jobs/${task.job}.mjs`);

async function tell(what) {
  process.stdout.write(`@${what}\n`);
  await lines.next();
}

const figures = await run({ ...task, driver: drivers[task.driver], tell });
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
