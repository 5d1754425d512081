// Which links stay open when somebody is removed: the owner is told, and asked whether they end too.
import assert from "node:assert/strict";
import test from "node:test";
import { Invite } from "../../../ui/assets/js/parts/sharing.js";

const link = (id, made, used = []) => ({ id, made_by: { id: made }, used_by: used.map((person) => ({ id: person })) });
const open = (links, p, count = links.length) => Invite.methods.stayingOpen.call({ access: { links, link_count: count } }, p);

test("a link that somebody is not noted at stays open, also the only one", () => {
  const anna = { id: "anna", link: null };
  assert.equal(open([], anna), 0);
  assert.equal(open([link("a", "owner")], anna), 1);
  assert.equal(open([link("a", "owner", ["anna"])], anna), 0);
  assert.equal(open([link("a", "anna")], anna), 0);
  assert.equal(open([link("a", "owner")], { id: "anna", link: "a" }), 0);
  assert.equal(open([link("a", "owner", ["anna"]), link("b", "owner", ["ben"])], anna), 1);
  assert.equal(open([link("a", "owner", ["anna"])], anna, 120), 119);
});
