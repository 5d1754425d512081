// The state of a house after its join, and the simulated server of that house.
import assert from "node:assert/strict";
import { HouseState } from "../../dist/index.js";
import { SimulatedServer } from "../simulated.mjs";

export const select = (category, option) => ({ kind: "select", category, option });
export const sent = (effects) => effects.filter((each) => each.do === "send").map((each) => each.message);
export const settled = (effects) => effects.filter((each) => each.do === "settle").map((each) => each.outcome.op_id);

export function joined() {
  const server = new SimulatedServer(() => 0.5);
  const connection = server.connect("me");
  const house = new HouseState("h", "CODE");
  const [join] = sent(house.connected());
  const effects = house.receive(server.snapshot(connection, join.id));
  assert.ok(effects.some((each) => each.do === "joined"));
  connection.joined = true;
  return { server, connection, house };
}

export function commit(server, connection, op) {
  connection.up.push(op);
  server.handle(connection);
  return connection.down.splice(0);
}
