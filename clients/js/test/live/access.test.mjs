// Listing and ending links and roles, and the effect on a client that is in the house.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { access, endLink, invite, redeem, Refused, register, remove } from "../../dist/index.js";
import { connected, log, newHouse, ONE, settledWithin, TRANSPORTS, TWO } from "./support.mjs";

const refusedWith = (code) => (error) => error instanceof Refused && error.code === code;

/** Somebody new who came by this link, on the other process. */
async function guest(link) {
  const { person, token } = await register(TWO);
  await redeem(TWO, token, link);
  return { id: person.id, token };
}

/** Resolves when the house is over for this client. */
function over(house) {
  return settledWithin(
    new Promise((resolve) => {
      const look = () => house.status === "ended" && resolve();
      house.on("status", look);
      look();
    }),
    "the house ends",
  );
}

test("the owner sees who has access and by which link (AU6, AU7)", async () => {
  const { code, token } = await newHouse();
  const link = await invite(ONE, token, code, "viewer", { lifetimeHours: 2, usesMax: 3 });
  const ben = await guest(link);
  const found = await access(ONE, token, code);
  assert.equal(found.links.length, 1);
  const { role, uses, uses_left, used_by } = found.links[0];
  assert.deepEqual([role, uses, uses_left, used_by.map(({ id }) => id)], ["viewer", 1, 2, [ben.id]]);
  assert.deepEqual(found.participants.map((each) => each.role).sort(), ["owner", "viewer"]);
  assert.ok(!JSON.stringify(found).includes(link.split("#")[1]), "the secret of a link is not listed");
  await assert.rejects(access(ONE, ben.token, code), refusedWith("owners_only"));
});

test("a link ends, and the people who came by it stay if they are kept (AU8)", async () => {
  const { code, token } = await newHouse();
  const link = await invite(ONE, token, code);
  const ben = await guest(link);
  const { id } = (await access(ONE, token, code)).links[0];
  assert.deepEqual(await endLink(ONE, token, code, id, "keep"), []);
  await assert.rejects(guest(link), refusedWith("invitation_unusable"));
  assert.equal((await access(ONE, token, code)).participants.length, 2);
  await assert.rejects(endLink(ONE, ben.token, code, id), refusedWith("owners_only"));
  assert.deepEqual(await endLink(ONE, token, code, id), [ben.id], "a person who was kept can be removed later");
  await assert.rejects(endLink(ONE, token, code, ben.id), refusedWith("link_unknown"));
});

test("a person who leaves ends no link, and the owner stays (AU10)", async () => {
  const { code, token } = await newHouse();
  const link = await invite(ONE, token, code);
  const ben = await guest(link);
  const owner = (await access(ONE, token, code)).participants.find(({ role }) => role === "owner");
  await assert.rejects(remove(ONE, token, code, owner.id), refusedWith("owner_stays"));
  await assert.rejects(remove(ONE, ben.token, code, owner.id), refusedWith("owners_only"));
  assert.deepEqual(await remove(TWO, ben.token, code, ben.id), []);
  assert.equal((await access(ONE, token, code)).links.length, 1);
});

function endings(transport) {
  test(
    "a removed person is out on every process, and does not come back (AU9, AU11, JN10)",
    { timeout: 60_000 },
    async (t) => {
      const made = await newHouse();
      const link = await invite(ONE, made.token, made.code);
      const ben = await guest(link);
      const house = await (await connected(t, { url: TWO, token: ben.token, transport })).join(made.code);
      assert.equal((await house.select("nest", "nest120")).outcome, "committed");
      const { id } = (await access(ONE, made.token, made.code)).links[0];
      assert.deepEqual(await remove(ONE, made.token, made.code, ben.id), [id]);
      await over(house);
      await assert.rejects(house.select("nest", "nest160"));
      await assert.rejects(redeem(TWO, ben.token, link), refusedWith("invitation_unusable"));
      await assert.rejects(guest(link), refusedWith("invitation_unusable"));
      assert.equal((await log(made)).length, 1);
    },
  );

  test("with a link the people who came by it are out (AU8, JN10)", { timeout: 60_000 }, async (t) => {
    const made = await newHouse();
    const ben = await guest(await invite(ONE, made.token, made.code));
    const house = await (await connected(t, { url: TWO, token: ben.token, transport })).join(made.code);
    const { id } = (await access(ONE, made.token, made.code)).links[0];
    assert.deepEqual(await endLink(ONE, made.token, made.code, id), [ben.id]);
    await over(house);
  });
}

describe("every transport", { concurrency: 3 }, () => {
  for (const [name, transport] of Object.entries(TRANSPORTS)) describe(name, () => endings(transport));
});
