// What an event says to people.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHappened } from "../../../ui/assets/js/happened.js";

const name = (de, en) => ({ de, en });
const categories = [{ id: "pvanlage", name: name("Photovoltaik", "Photovoltaics"), options: [{ id: "pv", name: name("Paneele", "Panels") }] }];
const t = (key, values = {}) => `${key}${values.n ? ` ${values.n}` : ""}`;
const said = createHappened({ categories, t, language: () => "de" });

test("an id of the catalogue, of a control or of the page is said in words", () => {
  for (const [category, value, expected] of [
    ["pvanlage", "pv", "Paneele"],
    ["pvanlage", "pv:8", "Paneele × 8"],
    ["pvanlage", "quantity:99", "admin.value.quantity 99"],
    ["pvanlage", "set_quantity", "admin.value.set_quantity"],
    ["pvanlage", "none", "admin.value.none"],
    ["inquiry", "sent", "admin.value.sent"],
    ["view", "interior", "view.interior"],
  ]) assert.equal(said.value(category, value), expected);
  assert.equal(said.place("pvanlage"), "Photovoltaik");
  assert.equal(said.place("page"), "admin.place.page");
  assert.equal(said.type("selection"), "admin.type.selection");
});

test("what nobody knows stands for itself", () => {
  assert.equal(said.value("pvanlage", "constructor"), "constructor");
  assert.equal(said.value("x", "quantity:1e9"), "quantity:1e9");
  assert.equal(said.place("__proto__"), "__proto__");
  assert.equal(said.type("<b>"), "<b>");
});
