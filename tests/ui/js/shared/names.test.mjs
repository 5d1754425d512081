// The pages show a name as the server keeps it: the same table as for Python.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { initialsOf, oneLine } from "../../../../ui/assets/js/shared/names.js";

const cases = JSON.parse(readFileSync(new URL("../../../configurator/people/names.json", import.meta.url), "utf-8"));

test("a name and its initials are the server's", () => {
  assert.ok(cases.length > 80);
  for (const { typed, shown, initials, why } of cases) {
    assert.equal(oneLine(typed), shown, `${why}: ${JSON.stringify(typed)}`);
    assert.equal(initialsOf(typed), initials, `${why}: ${JSON.stringify(typed)}`);
  }
});

test("initials of nothing are a question mark", () => {
  assert.equal(initialsOf(undefined), "?");
});
