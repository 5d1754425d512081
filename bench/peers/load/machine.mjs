// Processor time and memory of trees of processes, read from /proc.
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

function processes() {
  const found = new Map();
  for (const pid of readdirSync("/proc")) {
    if (pid < "0" || pid > "9~") continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [, parent, , , , , , , , , , user, system, childUser, childSystem] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      found.set(Number(pid), { parent, alone: user + system, ended: childUser + childSystem });
    } catch {
      /* it has ended */
    }
  }
  return found;
}

function tree(all, root) {
  const members = [root];
  for (const member of members) for (const [pid, { parent }] of all) if (parent === member) members.push(pid);
  return members.filter((pid) => all.has(pid));
}

/** Seconds of processor time by name, children that have ended included. */
export function processorSeconds(roots) {
  const all = processes();
  return Object.fromEntries(
    Object.entries(roots).map(([name, root]) => {
      const ticks = tree(all, root).reduce((sum, pid) => sum + all.get(pid).alone + all.get(pid).ended, 0);
      return [name, ticks / TICKS_PER_SECOND];
    }),
  );
}

/** Resident memory of one process in kB. */
export function residentKb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))[1]);
}

/** Measures the processor time of a block: `const used = meter(pids); ...; used()`. */
export function meter(roots) {
  const began = performance.now();
  const before = processorSeconds(roots);
  return () => {
    const after = processorSeconds(roots);
    const by = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
    return { by, total: Object.values(by).reduce((a, b) => a + b, 0), seconds: (performance.now() - began) / 1000 };
  };
}
