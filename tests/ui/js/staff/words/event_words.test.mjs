// The words for an event.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTexts } from "../../../../../ui/assets/js/shared/format.js";
import { createEventWords } from "../../../../../ui/assets/js/staff/words/event_words.js";

const name = (de, en) => ({ de, en });
const categories = [
  {
    id: "pvanlage",
    name: name("Photovoltaik", "Photovoltaics"),
    options: [{ id: "pv", name: name("Paneele", "Panels") }],
  },
];
const texts = {
  "admin.place.page": name("Seite", "Page"),
  "admin.quantity": name("Anzahl {n}", "Quantity {n}"),
  "admin.type.selection": name("Auswahl", "Selection"),
  "admin.value.none": name("nichts", "nothing"),
  "admin.value.sent": name("gesendet", "sent"),
  "admin.value.set_quantity": name("Anzahl ändern", "Change a quantity"),
  "view.interior": name("Innen", "Inside"),
};
const said = createEventWords({
  categories,
  t: createTexts(texts, () => "de"),
  language: () => "de",
});

test("an id of the catalogue, of a control or of the page is shown in words", () => {
  for (const [category, value, expected] of [
    ["pvanlage", "pv", "Paneele"],
    ["pvanlage", "pv:8", "Paneele × 8"],
    ["pvanlage", "quantity:99", "Anzahl 99"],
    ["pvanlage", "set_quantity", "Anzahl ändern"],
    ["pvanlage", "none", "nichts"],
    ["inquiry", "sent", "gesendet"],
    ["view", "interior", "Innen"],
  ])
    assert.equal(said.value(category, value), expected);
  assert.equal(said.place("pvanlage"), "Photovoltaik");
  assert.equal(said.place("page"), "Seite");
  assert.equal(said.type("selection"), "Auswahl");
});

test("an unknown id is shown unchanged", () => {
  assert.equal(said.value("pvanlage", "constructor"), "constructor");
  assert.equal(said.value("x", "quantity:1e9"), "quantity:1e9");
  assert.equal(said.value("x", "{n}"), "{n}");
  assert.equal(said.value("x", "quantity"), "quantity");
  assert.equal(said.place("__proto__"), "__proto__");
  assert.equal(said.type("<b>"), "<b>");
});
