// A tab that tracks its visit, with a browser and a server that take what they are given.
import { mock } from "node:test";
import { createTracker } from "../../../../ui/assets/js/tracking/track.js";
import { Browser, Server } from "../world.mjs";

export function startClock() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.UTC(2026, 10, 25) });
}

async function settled() {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}

/** The clock goes on; everything that was due by then has happened. */
export async function pass(ms) {
  mock.timers.tick(ms);
  await settled();
}

export async function opened({
  browser = new Browser(),
  server = new Server(),
  tab = browser.tab(),
  random = () => 0.5,
  ...more
} = {}) {
  const beacons = [];
  const tracker = createTracker(() => "s1", {
    storage: browser.storage,
    session: tab.session,
    locks: tab.locks,
    fetch: server.fetch,
    beacon: (url, blob) => (beacons.push({ url, blob }), true),
    visit: () => ({ language: "de-AT" }),
    device: () => ({ type: "desktop" }),
    random,
    ...more,
  });
  await tracker.ready;
  return { browser, server, tab, tracker, beacons };
}
