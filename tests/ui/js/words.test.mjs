// What our own names mean to people.
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, did, jobName, word } from "../../../ui/assets/js/operations/words.js";

const TEXTS = { "operations.job.make_partitions": "Tage anlegen", "operations.did.made": "{n} Tage", "operations.did.noDrift": "keine Abweichung", "operations.kind.sessions": "Sitzungen", "operations.why.interrupted": "unterbrochen", "operations.why.error": "Fehler {name}" };
const t = (key, values = {}) => (TEXTS[key] ?? key).replace("{n}", values.n).replace("{name}", (found) => values.name ?? found);
const said = (detail) => did(t, String, detail);

test("a name that has words is said in words, any other as it is", () => {
  assert.equal(jobName(t, "make partitions"), "Tage anlegen");
  assert.equal(jobName(t, "<b>new</b> job"), "<b>new</b> job");
  assert.equal(word(t, "why", "interrupted"), "unterbrochen");
  assert.equal(word(t, "why", "error"), "Fehler {name}");
  assert.equal(word(t, "why", "UndreamtOfError"), "Fehler UndreamtOfError");
  assert.equal(word(t, "action", "UndreamtOfError"), "UndreamtOfError");
});

test("what a job did leaves out what was nothing", () => {
  assert.equal(said({ made: 3, days: {}, folded: 0 }), "3 Tage");
  assert.equal(said({ sessions: 2, made: 1 }), "2 Sitzungen, 1 Tage");
  assert.equal(said({ drift: 0, days: {} }), "keine Abweichung");
  assert.equal(said({ reason: "interrupted" }), "unterbrochen");
  assert.equal(said({ letters: ["1-1"], asked: true }), "");
  assert.equal(said(undefined), "");
});

test("what a browser says it is is said in words where it is known, else as it is", () => {
  const named = (agent) => device((_, { browser, system }) => `${browser} auf ${system}`, agent);
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  const agents = {
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.`]: "Edge auf Windows",
    [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Chrome/142.0.0.0 Safari/537.36`]: "Chrome auf macOS",
    [`Mozilla/5.0 (Linux; Android 10; K) ${webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile`]: "Samsung Internet auf Android",
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${webkit} Version/26.0 Mobile/15E1`]: "Safari auf iPhone",
    [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${webkit} CriOS/142.0 Mobile/15E1`]: "Chrome auf iPhone",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox auf Linux",
    "<b>curl</b>/8.5": "<b>curl</b>/8.5",
  };
  for (const [agent, words] of Object.entries(agents)) assert.equal(named(agent), words);
});
