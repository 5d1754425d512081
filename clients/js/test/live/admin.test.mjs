// Admins watch the interactions over every transport, after a cut connection, and with a slow reader.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Refused } from "../../dist/index.js";
import { connected, newHouse, ONE, Proxy, TRANSPORTS, TWO } from "./support.mjs";

const ADMIN = process.env.NEST_ADMIN_TOKEN;

function watched(watcher, wanted) {
  const found = [];
  const enough = (async () => {
    for await (const batch of watcher) {
      assert.equal(batch.skipped ?? 0, 0);
      assert.equal(batch.gap ?? false, false);
      found.push(...batch.events);
      if (found.length >= wanted) return;
    }
  })();
  return { found, enough };
}

function everything(name, transport) {
  test("every interaction once and in order, across a lost connection", { timeout: 60_000 }, async (t) => {
    const { token } = await newHouse();
    const visitor = await connected(t, { url: TWO, token, transport });
    const proxy = await new Proxy(ONE).listen(t);
    const admin = await connected(t, { url: proxy.url, token: ADMIN, transport });
    const session = `js-${name}-${Date.now()}`;
    const filter = { session_id: session };
    const { found, enough } = watched(admin.watch({ since: "0-0", filter }), 60);
    const tracked = [];
    for (let n = 0; n < 60; n += 1) {
      const interaction = { eventType: "selection", category: `category-${n}` };
      const { event_id, duplicate } = await visitor.track(session, interaction);
      assert.equal(duplicate ?? false, false);
      tracked.push(event_id);
      if (n % 20 === 10) proxy.cut(n === 10 ? TWO : ONE);
    }
    await enough;
    const missed = tracked.filter((id) => !found.some((event) => event.event_id === id));
    assert.deepEqual(missed, []);
    assert.deepEqual(
      found.map((event) => event.event_id),
      tracked,
    );
  });

  test("a person who is no admin may not watch", { timeout: 60_000 }, async (t) => {
    const { token } = await newHouse();
    const client = await connected(t, { url: ONE, token, transport });
    const { enough } = watched(client.watch(), 1);
    await assert.rejects(enough, (error) => error instanceof Refused && error.code === "admins_only");
  });
}

describe("every transport", { concurrency: 3 }, () => {
  for (const [name, transport] of Object.entries(TRANSPORTS)) describe(name, () => everything(name, transport));
});
