// A house over a link, with the very file that the page loads.
import assert from "node:assert/strict";
import test from "node:test";
import { SimulatedServer } from "../../../../clients/js/test/simulated.mjs";
import { House } from "../../../../ui/assets/js/client/house.js";

function joined() {
  const server = new SimulatedServer(() => 0.5);
  const connection = server.connect("me");
  const link = { random: () => 0.5, send: (message) => connection.up.push(message), ask: null, forget() {} };
  const house = new House(link, "join-1", "CODE");
  const settle = () => {
    while (connection.up.length || connection.down.length) {
      if (connection.up.length) server.handle(connection);
      else house.receive(connection.down.shift());
    }
  };
  house.connected();
  settle();
  return { server, connection, house, settle };
}

test("an op is withdrawn as long as it was never sent, and then never is (CL14)", async () => {
  const { server, connection, house, settle } = joined();
  const [sent, waiting] = [new AbortController(), new AbortController()];
  const outcomes = [
    house.select("nest", "first", undefined, { signal: sent.signal, opId: "op-1" }),
    house.select("nest", "second", undefined, { signal: waiting.signal, opId: "op-2" }),
    house.select("shell", "third", undefined, { opId: "op-3" }),
  ];
  assert.deepEqual(
    connection.up.map((each) => each.op_id),
    ["op-1"],
  );
  const why = new Error("changed my mind");
  sent.abort(why);
  waiting.abort(why);
  assert.deepEqual(house.state.shown.nest, { option: "first" });
  await assert.rejects(outcomes[1], why);
  settle();
  assert.equal((await outcomes[0]).outcome, "committed");
  assert.equal((await outcomes[2]).outcome, "committed");
  assert.deepEqual(
    server.log.map((each) => each.op_id),
    ["op-1", "op-3"],
  );
});
