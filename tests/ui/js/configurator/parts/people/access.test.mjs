// The links that stay open when a person is removed; the owner is asked whether these end, too.
import assert from "node:assert/strict";
import test from "node:test";
import { stayingOpen } from "../../../../../../ui/assets/js/configurator/parts/people/access.js";

const link = (id, made, used = []) => ({ id, made_by: { id: made }, used_by: used.map((person) => ({ id: person })) });
const open = (links, p, count = links.length) => stayingOpen({ links, link_count: count }, p);

test("a link that does not list a person stays open, even if it is the only one", () => {
  const anna = { id: "anna", link: null };
  assert.equal(open([], anna), 0);
  assert.equal(open([link("a", "owner")], anna), 1);
  assert.equal(open([link("a", "owner", ["anna"])], anna), 0);
  assert.equal(open([link("a", "anna")], anna), 0);
  assert.equal(open([link("a", "owner")], { id: "anna", link: "a" }), 0);
  assert.equal(open([link("a", "owner", ["anna"]), link("b", "owner", ["ben"])], anna), 1);
  assert.equal(open([link("a", "owner", ["anna"])], anna, 120), 119);
});
