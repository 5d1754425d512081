// The client on two real web processes, over every transport.
import assert from "node:assert/strict";
import http from "node:http";
import { describe, test } from "node:test";

import {
  ClientClosed,
  connect,
  createHouse,
  invite,
  log as opLog,
  read,
  redeem,
  Refused,
  register,
  ticketOf,
  Unreachable,
} from "../../dist/index.js";
import { connected, log, newHouse, ONE, Proxy, settledWithin, TRANSPORTS, TWO, until } from "./support.mjs";

function everything(transport) {
  test("two clients on two processes edit one house", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const anna = await (await connected(t, { url: ONE, token, transport })).join(code);
    const ben = await (await connected(t, { url: TWO, token, transport })).join(code);
    const heard = [];
    ben.on("op", ({ op, own }) => heard.push([op.version, own]));

    const asked = anna.select("nest", "nest120");
    assert.equal(anna.state.shown.nest.option, "nest120", "shown before it is saved");
    assert.equal(anna.state.selection.nest.option, "nest80");
    assert.equal(anna.status, "saving");
    const outcome = await asked;
    assert.equal(outcome.outcome, "committed");
    assert.equal(anna.state.version, outcome.version, "ack and effect together (I11)");
    assert.equal(anna.status, "saved");

    await until(ben, (state) => state.version === 1, "ben sees it");
    assert.deepEqual(ben.state.selection, anna.state.selection);
    assert.equal(ben.state.totalCents, anna.state.totalCents);
    assert.deepEqual(heard, [[1, false]]);

    const many = await ben.select("pvanlage", "pv_panels", 10);
    assert.equal(many.outcome, "committed");
    const refused = await ben.setQuantity("pvanlage", 99);
    assert.equal(refused.outcome, "rejected");
    assert.ok(refused.repairs.length > 0);
    assert.deepEqual(ben.state.shown, ben.state.selection, "a refused choice is not shown any more");
    const smaller = await ben.select("nest", "nest80");
    assert.equal(smaller.outcome, "adjusted");
    assert.equal(smaller.reasons[0].code, "quantity_reduced");
    const bundle = await ben.apply([
      { kind: "clear", category: "pvanlage" },
      { kind: "select", category: "nest", option: "nest160" },
    ]);
    assert.equal(bundle.outcome, "committed");
    await until(anna, (state) => state.version === bundle.version, "anna sees the bundle");
    assert.equal(anna.state.selection.pvanlage, undefined);

    assert.equal((await ben.undo()).outcome, "committed");
    assert.equal(ben.state.selection.nest.option, "nest80");
    assert.equal((await ben.redo()).outcome, "committed");
    assert.equal(ben.state.selection.nest.option, "nest160");
    assert.equal((await ben.reset()).outcome, "committed");
    assert.deepEqual(
      (await log({ id, token })).map((op) => op.version),
      [1, 2, 3, 4, 5, 6, 7],
    );
  });

  test("members know who is in the house, and where", { timeout: 60_000 }, async (t) => {
    const { code, token } = await newHouse();
    const client = await connected(t, { url: ONE, token, transport });
    const anna = await client.join(code);
    const ben = await (await connected(t, { url: TWO, token, transport })).join(code);
    await until(anna, (state) => state.memberCount === 2, "both are here");
    ben.present({ category: "fenster", view: "exterior" });
    ben.present({ category: "nest", view: "exterior" });
    await until(anna, (state) => state.members.some((each) => each.category === "nest"), "where ben is");
    const person = await client.introduce("Anna");
    assert.equal(person.name, "Anna");
    await until(ben, (state) => state.members.some((each) => each.name === "Anna"), "her name");
    ben.leave();
    await until(anna, (state) => state.memberCount === 1, "ben has left");
    assert.equal(ben.status, "ended");
  });

  test("edits without a connection wait, and are saved once and in order", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const proxy = await new Proxy(ONE).listen(t);
    const anna = await (await connected(t, { url: proxy.url, token, transport })).join(code);
    proxy.cut(null);
    await until(anna, () => anna.status === "offline", "the loss is noticed");
    const sizes = ["nest100", "nest120", "nest140", "nest160", "nest80", "nest120"];
    const asked = sizes.map((option) => anna.select("nest", option));
    assert.equal(anna.state.shown.nest.option, "nest120");
    assert.equal(anna.pending.length, sizes.length);
    proxy.cut(TWO);
    const outcomes = await settledWithin(Promise.all(asked), "all are saved");
    assert.deepEqual(
      outcomes.map((each) => each.outcome),
      sizes.map(() => "committed"),
    );
    const stored = (await log({ id, token })).map((op) => op.operation.option);
    assert.deepEqual(stored, sizes, "once each, in order (I5, I7)");
    assert.equal(anna.status, "saved");
  });

  test("an op that was not sent yet is withdrawn and never sent (CL14)", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const proxy = await new Proxy(ONE).listen(t);
    const anna = await (await connected(t, { url: proxy.url, token, transport })).join(code);
    const [early, late, never] = [new AbortController(), new AbortController(), new AbortController()];
    const onItsWay = anna.select("nest", "nest100", undefined, { signal: late.signal });
    late.abort();
    assert.equal((await onItsWay).outcome, "committed", "it was sent: it goes on");
    proxy.cut(null);
    await until(anna, () => anna.status === "offline", "the loss is noticed");
    const asked = ["nest120", "nest140", "nest160"].map((option) => {
      return anna.select("nest", option, undefined, option === "nest140" ? { signal: early.signal } : {});
    });
    early.abort(new Error("changed my mind"));
    await assert.rejects(asked[1], /changed my mind/);
    never.abort();
    await assert.rejects(anna.reset({ signal: never.signal }), { name: "AbortError" });
    assert.equal(anna.pending.length, 2);
    proxy.cut(TWO);
    assert.equal((await settledWithin(asked[2], "the rest is saved")).outcome, "committed");
    const stored = (await log({ id, token })).map((op) => op.operation.option);
    assert.deepEqual(stored, ["nest100", "nest120", "nest160"]);
  });

  test("an op that cannot be sent is refused by the client, and nothing is sent", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const lines = [];
    const log_ = (line) => lines.push(line);
    const proxy = await new Proxy(ONE).listen(t);
    const client = await connected(t, { url: proxy.url, token, transport, log: log_ });
    const house = await client.join(code);
    const malformed = (error) => error instanceof Refused && error.code === "malformed_message";
    for (const quantity of [NaN, Infinity, -Infinity, 1.5, 1n]) {
      await assert.rejects(house.select("pvanlage", "pv_panels", quantity), malformed);
      await assert.rejects(house.setQuantity("pvanlage", quantity), malformed);
      const bundled = { kind: "set_quantity", category: "pvanlage", quantity };
      await assert.rejects(house.apply([{ kind: "clear", category: "pvanlage" }, bundled]), malformed);
    }
    await assert.rejects(house.setQuantity("pvanlage", 0.5), /A whole number is needed.*operation\.quantity/);
    assert.deepEqual(house.pending, []);
    assert.throws(() => house.present({ category: 1n }), malformed);
    await assert.rejects(client.track("visit", { eventType: "click", category: "nest", timeSpent: 1n }), malformed);
    await assert.rejects(client.watch({ history: 1n }).next(), malformed);
    assert.ok(!lines.some(({ what, message }) => what === "sent" && ["op", "track", "watch"].includes(message.type)));
    proxy.cut(TWO);
    assert.equal((await house.setQuantity("pvanlage", 8.0)).outcome, "committed", "the client goes on");
    assert.equal((await log({ id, token })).length, 1);
  });

  test("a connection that is cut again and again loses and repeats nothing", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const proxy = await new Proxy(ONE).listen(t);
    const options = { url: proxy.url, token, transport, random: () => 0.05 };
    const anna = await (await connected(t, options)).join(code);
    const ben = await (await connected(t, { url: TWO, token, transport })).join(code);
    const settled = [];
    const asked = [];
    for (let n = 0; n < 24; n += 1) {
      const option = ["nest100", "nest120", "nest140"][n % 3];
      asked.push(anna.select("nest", option).then((outcome) => settled.push(outcome)));
      asked.push(ben.select("fussboden", n % 2 ? "parkett" : "schiefer_massiv"));
      if (n % 6 === 3) proxy.cut(n % 4 ? ONE : TWO);
      await settledWithin(asked.at(-1), "ben is not disturbed");
    }
    await settledWithin(Promise.all(asked), "all are settled");
    assert.equal(settled.length, 24);
    const ops = await log({ id, token });
    assert.equal(new Set(ops.map((op) => op.op_id)).size, ops.length);
    assert.equal(ops.length, 48);
    const versions = settled.map((outcome) => outcome.version);
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
      "own order (I7)",
    );
    await until(anna, (state) => state.version === 48, "anna has all");
    await until(ben, (state) => state.version === 48, "ben has all");
    assert.deepEqual(anna.state.selection, ben.state.selection);
    assert.equal(anna.state.totalCents, ben.state.totalCents);
  });

  test("a connection that went silent is given up", { timeout: 60_000 }, async (t) => {
    const { code, token } = await newHouse();
    const proxy = await new Proxy(ONE).listen(t);
    const options = { url: proxy.url, token, transport, heartbeatMs: 1_500 };
    const anna = await (await connected(t, options)).join(code);
    proxy.freeze();
    const outcome = await settledWithin(anna.select("nest", "nest120"), "it is sent on a new connection");
    assert.equal(outcome.outcome, "committed");
    assert.equal(anna.state.version, 1);
  });

  test("a guarded op does not overwrite a change that its author has not seen", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const stranger = await register(TWO);
    const proxy = await new Proxy(ONE).listen(t);
    const anna = await (await connected(t, { url: proxy.url, token, transport })).join(code);
    const link = await invite(ONE, token, id);
    assert.equal(await redeem(TWO, stranger.token, link), code);
    const ben = await (await connected(t, { url: TWO, token: stranger.token, transport })).join(code);
    await anna.select("nest", "nest100");
    proxy.cut(null);
    await until(anna, () => anna.status === "offline", "the loss is noticed");
    await ben.select("nest", "nest160");
    const guarded = anna.submit({ kind: "select", category: "nest", option: "nest120" }, { guarded: true });
    const undone = anna.undo();
    assert.equal(anna.state.shown.nest.option, "nest120");
    proxy.cut(ONE);
    assert.equal((await guarded).outcome, "conflict");
    assert.equal((await guarded).reasons[0].code, "changed_meanwhile");
    assert.equal((await undone).outcome, "conflict");
    assert.equal(anna.state.shown.nest.option, "nest160");
    assert.equal((await anna.undo({ anyway: true })).outcome, "committed");
    assert.equal(anna.state.shown.nest.option, "nest80");
    await until(ben, (state) => state.selection.nest.option === "nest80", "ben sees it");
  });

  test("the outcome of an op is known on every process", { timeout: 60_000 }, async (t) => {
    const { code, token } = await newHouse();
    const anna = await (await connected(t, { url: ONE, token, transport })).join(code);
    const ben = await (await connected(t, { url: TWO, token, transport })).join(code);
    const outcome = await anna.select("nest", "nest140");
    const found = await ben.outcomeOf(outcome.op_id);
    assert.equal(found.outcome, "committed");
    assert.equal(found.version, outcome.version);
    assert.equal(await ben.outcomeOf("01900000-0000-7000-8000-000000000000"), null);
  });

  test("refusals are typed", { timeout: 60_000 }, async (t) => {
    const { code, token } = await newHouse();
    const client = await connected(t, { url: ONE, token, transport });
    await assert.rejects(client.join("NOSUCH"), (error) => {
      return error instanceof Refused && error.code === "not_found" && error.text.de.length > 0;
    });
    const nobody = { url: ONE, token: "0123456789abcdef0123456789abcdef", transport };
    await assert.rejects(connect(nobody), (error) => error instanceof Refused && error.code === "not_authenticated");
    const short = { url: ONE, token: "short", transport };
    await assert.rejects(connect(short), (error) => error instanceof Refused && error.code === "malformed_message");
    const nowhere = { url: "http://127.0.0.1:1", token, transport, timeoutMs: 300 };
    await assert.rejects(connect(nowhere), Unreachable);
    const odd = http.createServer((_, answer) => answer.writeHead(404).end("no"));
    await new Promise((listening) => odd.listen(0, "127.0.0.1", listening));
    t.after(() => odd.close());
    const elsewhere = { ...nowhere, url: `http://127.0.0.1:${odd.address().port}` };
    await assert.rejects(connect(elsewhere), /status 404, and not as this product does/);
    // One request at the end cannot tell a server that was away from a proxy without WebSockets.
    const back = http.createServer((_, answer) =>
      answer.writeHead(200, { "content-type": "application/json" }).end("{}"),
    );
    back.on("upgrade", (_, socket) => socket.destroy());
    await new Promise((listening) => back.listen(0, "127.0.0.1", listening));
    t.after(() => back.close());
    const again = { ...nowhere, url: `http://127.0.0.1:${back.address().port}` };
    await assert.rejects(
      connect(again),
      /it answers requests now, but no connection came about before; has it just started, or /,
    );
    await assert.rejects(createHouse(nowhere.url), (error) => error instanceof Unreachable && error.detail !== null);
    await assert.rejects(createHouse(elsewhere.url), Unreachable);
    const house = await client.join(code);
    assert.equal(await client.join(code), house, "the same house twice is the same house");
    await assert.rejects(house.submit({ kind: "explode" }), (error) => {
      return error instanceof Refused && error.code === "malformed_message";
    });
    const opId = "01900000-0000-7000-8000-00000000000a";
    await house.submit({ kind: "select", category: "nest", option: "nest120" }, { opId });
    const other = house.submit({ kind: "select", category: "nest", option: "nest140" }, { opId });
    await assert.rejects(other, (error) => error instanceof Refused && error.code === "op_id_reused");
    client.close();
    await assert.rejects(house.select("nest", "nest100"), ClientClosed);
    assert.equal(house.status, "ended");
  });

  test("any page is an address, and a house can be read without joining", { timeout: 60_000 }, async (t) => {
    const { person, token } = await register(ONE, { name: "Anna" });
    assert.equal(person.name, "Anna");
    const made = await createHouse(ONE, token, { sessionId: "client_1_js" });
    const page = `${ONE}/c/${made.code}?as=guest`;
    const lines = [];
    const client = await connected(t, { url: page, token, transport, log: (line) => lines.push(line) });
    const house = await client.join(page);
    for (const same of [made.code.toLowerCase(), `${made.code.slice(0, 4)}-${made.code.slice(4)}`]) {
      assert.equal(await client.join(same), house, "one house is joined once");
    }
    for (const option of ["nest100", "nest120", "nest140"]) await house.select("nest", option);
    assert.ok(lines.some(({ what, message }) => what === "heard" && message.type === "outcome"));
    assert.ok(!JSON.stringify(lines).includes(token));
    const stored = await read(ONE, token, page);
    assert.deepEqual([stored.version, stored.selection.nest.option], [3, "nest140"]);
    const first = await opLog(ONE, token, made.code, { limit: 2 });
    assert.deepEqual([first.complete, first.ops.map((op) => op.version)], [false, [1, 2]]);
    const rest = await opLog(ONE, token, page, { since: 2 });
    assert.deepEqual([rest.complete, rest.ops.map((op) => op.operation.option)], [true, ["nest140"]]);
  });

  test("a ticket for every connection", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const given = [];
    const ticket = async () => {
      if (given.length === 1) {
        given.push(null);
        throw new Error("no way to the server that gives tickets");
      }
      const issued = await ticketOf(TWO, token);
      assert.equal(issued.expiresInMs, 60_000);
      given.push(issued.ticket);
      return issued.ticket;
    };
    const proxy = await new Proxy(ONE).listen(t);
    const anna = await (await connected(t, { url: proxy.url, token: ticket, transport })).join(code);
    assert.equal((await anna.select("nest", "nest120")).outcome, "committed");
    for (const [target, option] of [
      [TWO, "nest140"],
      [ONE, "nest160"],
    ]) {
      proxy.cut(target);
      await settledWithin(anna.select("nest", option), "it is back with another ticket");
    }
    assert.equal(given.length, 4);
    assert.equal(new Set(given).size, 4);
    const stored = (await log({ id, token })).map((op) => op.operation.option);
    assert.deepEqual(stored, ["nest120", "nest140", "nest160"]);
    await assert.rejects(ticketOf(ONE, given[0]), (error) => error.code === "not_authenticated");
  });

  test("one ticket that ran out is not the end, and two are", { timeout: 60_000 }, async (t) => {
    const { code, token } = await newHouse();
    const stale = [];
    for (let n = 0; n < 3; n += 1) {
      const { ticket } = await ticketOf(ONE, token);
      (await connect({ url: TWO, token: ticket, transport })).close();
      stale.push(ticket);
    }
    const queue = [stale[0], (await ticketOf(ONE, token)).ticket, stale[1], stale[2]];
    const proxy = await new Proxy(ONE).listen(t);
    const client = await connected(t, { url: proxy.url, token: () => queue.shift(), transport });
    const anna = await client.join(code);
    proxy.cut();
    await assert.rejects(settledWithin(anna.select("nest", "nest120"), "it ends"), (error) => {
      return error instanceof ClientClosed && error.refused.code === "not_authenticated";
    });
    assert.equal(queue.length, 0);
    const nobody = () => ticketOf(ONE, "0123456789abcdef0123456789abcdef").then((issued) => issued.ticket);
    await assert.rejects(connect({ url: ONE, token: nobody, transport }), (error) => {
      return error instanceof Refused && error.code === "not_authenticated";
    });
  });

  test("a burst is saved in full, however often it is too much at once", { timeout: 60_000 }, async (t) => {
    const { code, token, id } = await newHouse();
    const anna = await (await connected(t, { url: ONE, token, transport })).join(code);
    const sizes = Array.from({ length: 75 }, (_, n) => ["nest100", "nest120", "nest140"][n % 3]);
    await settledWithin(Promise.all(sizes.map((option) => anna.select("nest", option))), "the burst", 50_000);
    assert.deepEqual(
      (await log({ id, token })).map((op) => op.operation.option),
      sizes,
    );
  });
}

describe("every transport", { concurrency: 3 }, () => {
  for (const [name, transport] of Object.entries(TRANSPORTS)) describe(name, () => everything(transport));
});
