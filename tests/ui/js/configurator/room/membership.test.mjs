// A tab in the house: let in, put out, on another connection, and the requests that it makes there.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { statusOf } from "../../../../../ui/assets/js/configurator/room/room_state.js";
import { KEY, Store, Tab, clear, newClock, opened, select } from "./tab.mjs";

beforeEach(newClock);

test("when access ends nothing more is sent, and unsaved changes stay in sight until access is given again (CL11)", () => {
  const { server, tab } = opened();
  const asked = ["a", "b"].map((option) => tab.ask(select("nest", option)));
  tab.lost();
  tab.take({ type: "left", configuration: "house", code: "access_revoked" });
  const kept = () => JSON.parse(tab.storage.getItem(KEY)).map((op) => op.op_id);
  const waits = () => tab.state.pending.map((op) => op.op_id);
  assert.deepEqual([tab.state.ended.code, waits(), kept()], ["access_revoked", asked, asked]);
  assert.deepEqual(tab.refused, []);
  assert.equal(tab.room.submit(select("nest", "c")), null);
  tab.drop();
  tab.connect();
  mock.timers.tick(60_000);
  assert.deepEqual(tab.lost(), []);
  tab.room.join();
  assert.equal(tab.state.ended.code, "access_revoked", "until there is an answer");
  assert.deepEqual([tab.state.version, waits()], [0, asked]);
  tab.settle();
  assert.deepEqual([tab.state.ended, tab.logged, waits()], [null, asked, []]);
  assert.deepEqual(server.selectionAt(2), tab.state.selection);
  tab.take({ type: "left", configuration: "house", code: "access_revoked" });
  assert.equal(tab.state.ended.code, "access_revoked", "it may end once more");
});

test("a person who was never let in sees no house, only the unsaved changes of an earlier page", () => {
  const refused = (kept) => {
    const tab = new Tab("anna", new Store(() => 0.5));
    if (kept)
      tab.storage.setItem(
        KEY,
        JSON.stringify([
          { op_id: "1", base_version: 0, guarded: false, operation: clear("nest"), since: 1, person: "anna" },
        ]),
      );
    tab.load();
    tab.connect();
    const message = { de: "Dieses Haus gibt es nicht.", en: "This house does not exist." };
    tab.take({ type: "error", re: tab.lost()[0].id, code: "not_found", message, retryable: false });
    const { gone, ended, pending } = tab.state;
    return [gone?.en ?? null, ended?.code ?? null, pending.length];
  };
  assert.deepEqual(refused(false), ["This house does not exist.", null, 0]);
  assert.deepEqual(refused(true), [null, "not_found", 1]);
});

test("a tab that was in the house keeps showing it when it is not let in again", () => {
  const server = new Store(() => 0.5);
  const tab = new Tab("anna", server);
  tab.connect();
  tab.settle();
  tab.drop();
  tab.connect();
  const { id } = tab.connection.up[0];
  const message = { de: "Dieses Haus gibt es nicht.", en: "This house does not exist." };
  tab.take({ type: "error", re: id, code: "not_found", message, retryable: false });
  const { state } = tab.room;
  assert.deepEqual([state.gone, state.ended], [null, { code: "access_revoked" }]);
  assert.equal(statusOf(state).name, "gone");
  assert.equal(tab.ask(select("nest", "nest120")), null);
});

test("when a process stops, the page is not loaded again: it goes on over the next socket", () => {
  const { server, tab } = opened();
  tab.take({ type: "error", code: "restarting", message: { de: "", en: "" }, retryable: true, retry_after_ms: 300 });
  tab.drop();
  tab.connect();
  tab.ask(select("nest", "a"));
  tab.settle();
  assert.deepEqual(tab.state.selection, server.selectionAt(1));
});

test("a request for a name resolves with its answer, or with null if none came", async () => {
  const { tab } = opened();
  const introduce = () => tab.room.request({ type: "introduce", name: "Anna" });
  const answers = [introduce(), introduce(), introduce()];
  const asked = tab.connection.up.splice(0);
  assert.equal(new Set(asked.map((message) => message.id)).size, 3);
  const answer = { type: "error", re: asked[1].id, code: "not_saved", message: { de: "", en: "" }, retryable: true };
  tab.take(answer);
  tab.take({ type: "introduced", re: asked[0].id, person: { id: "p", name: "Anna", colour: 1 } });
  tab.drop();
  assert.deepEqual(
    (await Promise.all(answers)).map((frame) => frame?.type ?? null),
    ["introduced", "error", null],
  );
  assert.equal(await introduce(), null, "there is no connection");
});

test("the place of a person is sent again on a new connection", () => {
  const { tab } = opened();
  tab.room.present({ category: "nest", view: "exterior" });
  const [told] = tab.lost();
  assert.deepEqual(told, { type: "presence", configuration: "house", category: "nest", view: "exterior" });
  tab.drop();
  tab.connect();
  tab.server.handle(tab.connection);
  tab.take(tab.connection.down.shift());
  assert.deepEqual(tab.lost(), [told]);
});
