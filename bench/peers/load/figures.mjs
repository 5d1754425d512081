// The times at which edits were sent and seen, by one clock.

/** The smallest value that at least this part of the values does not exceed. */
export function percentile(values, part) {
  if (!values.length) return null;
  const ordered = Float64Array.from(values).sort();
  return ordered[Math.max(0, Math.ceil(part * ordered.length) - 1)];
}

export function percentiles(name, values, parts = [50, 95, 99]) {
  return Object.fromEntries(parts.map((part) => [`${name}_p${part}_ms`, percentile(values, part / 100)]));
}

/** Edits of one room: each writer numbers its own. A reader that sees n has seen all before n. */
export class Ledger {
  constructor(size) {
    this.size = size;
    this.sent = [];
    this.reset();
  }

  /** Forget the figures, but not the edits. Edits that are under way now are not counted later. */
  reset() {
    this.from = this.sent.map((numbers) => numbers?.length ?? 0);
    this.peers = [];
    this.acks = [];
    this.deliveries = 0;
    this.edits = 0;
    this.jumps = 0;
  }

  ask(writer) {
    const numbers = (this.sent[writer] ??= []);
    this.from[writer] ??= 0;
    numbers.push({ at: performance.now(), missing: this.size - 1, whole: null });
    this.edits += 1;
    return numbers.length - 1;
  }

  acknowledged(writer, number) {
    if (number >= this.from[writer]) this.acks.push(performance.now() - this.sent[writer][number].at);
  }

  /** The function to call with each edit that arrives at one reader. */
  reader(index) {
    const next = [];
    return (writer, number) => {
      if (writer === index) return;
      const now = performance.now();
      this.jumps += Math.max(0, number - (next[writer] ?? 0));
      for (let seen = next[writer] ?? 0; seen <= number; seen += 1) {
        const edit = this.sent[writer][seen];
        edit.missing -= 1;
        if (seen >= this.from[writer]) {
          this.deliveries += 1;
          this.peers.push(now - edit.at);
        }
        if (edit.missing === 0) edit.whole?.();
      }
      next[writer] = Math.max(next[writer] ?? 0, number + 1);
    };
  }

  /** Resolves when all readers that count have seen this edit. */
  seenByAll(writer, number) {
    const edit = this.sent[writer][number];
    return edit.missing <= 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          edit.whole = resolve;
        });
  }

  get missing() {
    return this.sent.reduce(
      (sum, numbers) => sum + (numbers ?? []).reduce((part, edit) => part + Math.max(0, edit.missing), 0),
      0,
    );
  }
}

export const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Calls `act(i)` `rate` times a second, on schedule whether or not the last one was answered. */
export async function onSchedule(rate, count, act) {
  const begins = performance.now();
  for (let number = 0; number < count; number += 1) {
    const wait = begins + (number * 1000) / rate - performance.now();
    if (wait > 0) await pause(wait);
    act(number);
  }
}

/** Runs `act` for every item, `atOnce` of them at a time. */
export async function each(items, atOnce, act) {
  const left = items.entries();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const [index, item] of left) await act(item, index);
    }),
  );
}

export async function eventually(condition, seconds, what) {
  const ends = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > ends) throw new Error(`not in ${seconds} s: ${what}`);
    await pause(5);
  }
}
