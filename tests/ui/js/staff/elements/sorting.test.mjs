// The order of a table's rows.
import assert from "node:assert/strict";
import test from "node:test";

import { sorted } from "../../../../../ui/assets/js/staff/elements/sorting.js";

const rows = (...cells) => cells.map((cell) => ({ cells: [cell] }));
const order = (found, up, language) => sorted(found, 0, up, language).map(({ cells: [cell] }) => cell.text ?? cell);

test("rows sort in both directions, and unknown values stay last", () => {
  const found = rows({ text: "2", by: 2 }, { text: "–", by: null }, { text: "10", by: 10 }, { text: "1", by: 1 });
  assert.deepEqual(order(found, true), ["1", "2", "10", "–"]);
  assert.deepEqual(order(found, false), ["10", "2", "1", "–"]);
});

test("texts sort as in the reader's language if they have no other value to sort by", () => {
  assert.deepEqual(order(rows("b", "Ä", { text: "a" }), true, "de"), ["a", "Ä", "b"]);
  assert.deepEqual(order(rows({ text: "z", by: "1" }, { text: "a", by: "2" }), true, "de"), ["z", "a"]);
});

test("equal rows keep their order, and the rows that are given stay as they are", () => {
  const found = rows({ text: "first", by: 1 }, { text: "second", by: 1 });
  assert.deepEqual(order(found, false), ["first", "second"]);
  assert.deepEqual(order(found, true), ["first", "second"]);
  const given = rows("b", "a");
  sorted(given, 0, true);
  assert.deepEqual(given, rows("b", "a"));
});
