// The words for names of jobs, results and reasons.
import assert from "node:assert/strict";
import { test } from "node:test";
import { did, jobName, word } from "../../../../../ui/assets/js/staff/words/service_words.js";

const TEXTS = {
  "service.job.make_partitions": "Tage anlegen",
  "service.did.made": "{n} Tage",
  "service.did.noDrift": "keine Abweichung",
  "service.kind.sessions": "Sitzungen",
  "service.why.interrupted": "unterbrochen",
  "service.why.error": "Fehler {name}",
};
const t = (key, values = {}) =>
  (TEXTS[key] ?? key).replace("{n}", values.n).replace("{name}", (found) => values.name ?? found);
const said = (detail) => did(t, String, detail);

test("a name with a translation is shown in words, any other unchanged", () => {
  assert.equal(jobName(t, "make partitions"), "Tage anlegen");
  assert.equal(jobName(t, "<b>new</b> job"), "<b>new</b> job");
  assert.equal(word(t, "why", "interrupted"), "unterbrochen");
  assert.equal(word(t, "why", "error"), "Fehler {name}");
  assert.equal(word(t, "why", "UndreamtOfError"), "Fehler UndreamtOfError");
  assert.equal(word(t, "action", "UndreamtOfError"), "UndreamtOfError");
});

test("the report of a job leaves out zeros", () => {
  assert.equal(said({ made: 3, days: {}, folded: 0 }), "3 Tage");
  assert.equal(said({ sessions: 2, made: 1 }), "2 Sitzungen, 1 Tage");
  assert.equal(said({ drift: 0, days: {} }), "keine Abweichung");
  assert.equal(said({ reason: "interrupted" }), "unterbrochen");
  assert.equal(said({ letters: ["1-1"], asked: true }), "");
  assert.equal(said(undefined), "");
});
