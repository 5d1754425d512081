// The JavaScript client as the conformance kit drives it; see clients/conformance.
import { createInterface } from "node:readline";
import { connect } from "nest-haus-client";

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const { NEST_URL: url, NEST_TOKEN: token, NEST_CODE: code } = process.env;
const client = await connect({ url, token });
const house = await client.join(code);
let { restored } = house.state;
house.on("change", (view) => {
  if (view.restored !== restored) say({ restored: view.restored });
  restored = view.restored;
});
say({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, operation } = JSON.parse(line);
  if (what === "op") {
    house.submit(operation).then(
      (outcome) => say({ outcome }),
      (error) => say({ refused: { code: error.code ?? error.name } }),
    );
  } else if (what === "state") {
    const { epoch, version, selection, totalCents, pending } = house.state;
    say({ state: { epoch, version, selection, total_cents: totalCents, pending: pending.length } });
  } else {
    process.exit(0);
  }
}
