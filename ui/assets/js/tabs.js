// A number for this tab that no other living tab has, and which queues nobody alive owns.
//
// The number lives in sessionStorage, so a reload keeps it. A duplicated tab inherits it and takes
// another one, because the first still holds the lock. With Web Locks a closed tab lets go by itself;
// without them (old browsers, plain http) a heartbeat says who is alive.
import { keys, parsed, read, remove, write } from "./storage.js";

export const TABS_MAX = 32_768;
const BEAT_MS = 5_000;
const DEAD_AFTER_MS = 20_000;

export function createTabs({ locks, storage, session, prefix, now = Date.now, random = Math.random, every = setInterval }) {
  const name = (tab) => `${prefix}:${tab}`;
  const beat = (tab) => `${prefix}-alive:${tab}`;

  // Runs `work` as the owner of the tab's queue; false when somebody else is.
  async function owning(tab, work) {
    if (locks) {
      try {
        return await locks.request(name(tab), { ifAvailable: true }, async (lock) => (lock ? (await work(), true) : false));
      } catch {
        locks = null; // forbidden here: from now on by heartbeat
      }
    }
    if (now() - Number(read(storage, beat(tab)) ?? 0) < DEAD_AFTER_MS) return false;
    write(storage, beat(tab), String(now()));
    await work();
    remove(storage, beat(tab));
    return true;
  }

  function keepFor(tab) {
    return new Promise((resolve) => {
      const forever = () => {
        resolve(true);
        return new Promise(() => {});
      };
      if (!locks) return void resolve(beating(tab));
      locks
        .request(name(tab), { ifAvailable: true }, (lock) => (lock ? forever() : resolve(false)))
        .catch(() => {
          locks = null;
          resolve(beating(tab));
        });
    });
  }

  // A reload finds the beat of its own earlier page: who wrote it is in sessionStorage too.
  function beating(tab) {
    const last = Number(read(storage, beat(tab)) ?? 0);
    const own = read(session, `${prefix}-beat`) === String(last);
    if (!own && now() - last < DEAD_AFTER_MS) return false;
    const tick = () => {
      const at = String(now());
      write(storage, beat(tab), at);
      write(session, `${prefix}-beat`, at);
    };
    tick();
    every(tick, BEAT_MS);
    return true;
  }

  // {tab, seqs}: the numbers that this tab gave out, by session; a new tab begins at none.
  async function claim() {
    const kept = parsed(read(session, prefix));
    if (Number.isInteger(kept?.tab) && (await keepFor(kept.tab))) return { tab: kept.tab, seqs: { ...kept.seqs } };
    for (let tries = 0; tries < 8; tries += 1) {
      const tab = Math.floor(random() * TABS_MAX);
      if (read(storage, name(tab)) === null && (await keepFor(tab))) return { tab, seqs: {} };
    }
    return { tab: Math.floor(random() * TABS_MAX), seqs: {} };
  }

  const remember = (claimed) => write(session, prefix, JSON.stringify(claimed));

  // Queues in this browser that are not this tab's.
  function others(own) {
    const left = keys(storage).filter((key) => key.startsWith(`${prefix}:`) && key !== name(own));
    return left.map((key) => Number(key.slice(prefix.length + 1))).filter((tab) => Number.isInteger(tab));
  }

  // Nothing of ours stays in this browser.
  function forget() {
    for (const place of [storage, session]) {
      for (const key of keys(place)) if (key.startsWith(prefix)) remove(place, key);
    }
  }

  return { claim, remember, others, owning, forget, name };
}
