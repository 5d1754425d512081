// A number for this tab that no other open tab has, and the queues without an open owner.
//
// The number lives in sessionStorage, so a reload keeps it. A duplicated tab inherits it and takes
// another one, because the first still holds the lock. With Web Locks the lock of a closed tab ends
// by itself; without them (old browsers, plain http) a heartbeat shows which tabs are open.
import { keys, parsed, read, remove, write } from "../shared/storage.js";

export const TABS_MAX = 32_768;
const BEAT_MS = 5_000;
const DEAD_AFTER_MS = 20_000;

/**
 * @typedef {{ tab: number, seqs: Record<string, number> }} Claimed
 *
 * @param {{
 *   locks: LockManager | null | undefined,
 *   storage: Storage | null,
 *   session: Storage | null,
 *   prefix: string,
 *   now?: () => number,
 *   random?: () => number,
 *   every?: (work: () => void, ms: number) => unknown,
 * }} how
 */
export function createTabs({
  locks,
  storage,
  session,
  prefix,
  now = Date.now,
  random = Math.random,
  every = setInterval,
}) {
  /** @param {number} tab */
  const name = (tab) => `${prefix}:${tab}`;
  /** @param {number} tab */
  const beat = (tab) => `${prefix}-alive:${tab}`;

  // Run `work` as the owner of the tab's queue; returns false if another page owns it.
  /** @param {number} tab @param {() => Promise<void>} work @returns {Promise<boolean>} */
  async function owning(tab, work) {
    if (locks) {
      try {
        return await locks.request(name(tab), { ifAvailable: true }, async (lock) =>
          lock ? (await work(), true) : false,
        );
      } catch {
        locks = null; // locks are forbidden here: use the heartbeat from now on
      }
    }
    if (now() - Number(read(storage, beat(tab)) ?? 0) < DEAD_AFTER_MS) return false;
    write(storage, beat(tab), String(now()));
    await work();
    remove(storage, beat(tab));
    return true;
  }

  /** @param {number} tab @returns {Promise<boolean>} */
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

  // A reload finds the heartbeat of its own earlier page, whose id is in sessionStorage, too.
  /** @param {number} tab */
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

  // {tab, seqs}: `seqs` has the last number that this tab gave to an event, by session; empty in a new tab.
  /** @returns {Promise<Claimed>} */
  async function claim() {
    const kept = parsed(read(session, prefix));
    if (Number.isInteger(kept?.tab) && (await keepFor(kept.tab))) return { tab: kept.tab, seqs: { ...kept.seqs } };
    for (let tries = 0; tries < 8; tries += 1) {
      const tab = Math.floor(random() * TABS_MAX);
      if (read(storage, name(tab)) === null && (await keepFor(tab))) return { tab, seqs: {} };
    }
    return { tab: Math.floor(random() * TABS_MAX), seqs: {} };
  }

  /** @param {Claimed} claimed */
  const remember = (claimed) => write(session, prefix, JSON.stringify(claimed));

  // The numbers of the other tabs that have a queue in this browser.
  /** @param {number} own */
  function others(own) {
    const left = keys(storage).filter((key) => key.startsWith(`${prefix}:`) && key !== name(own));
    return left.map((key) => Number(key.slice(prefix.length + 1))).filter((tab) => Number.isInteger(tab));
  }

  // Remove everything of ours from this browser.
  function forget() {
    for (const place of [storage, session]) {
      for (const key of keys(place)) if (key.startsWith(prefix)) remove(place, key);
    }
  }

  return { claim, remember, others, owning, forget, name };
}
