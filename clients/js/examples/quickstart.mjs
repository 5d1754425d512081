import { connect, createHouse } from "nest-haus-client";

const url = process.env.NEST_URL ?? "http://127.0.0.1:8080";
const { code, token, url: page } = await createHouse(url);
const client = await connect({ url, token });
const house = await client.join(code);
house.on("op", ({ op }) => console.log(op.author.name, op.operation_kind, op.total_cents / 100));
const outcome = await house.select("nest", "nest120");
console.log(outcome.outcome, house.state.totalCents / 100, page);
client.close();
