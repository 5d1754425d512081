// A token is found in a link that mail programs and messengers have changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenIn } from "../../../../ui/assets/js/public/link_token.js";

const TOKEN = "aZ0-_bC1dE2fG3hI4jK5lM6nO7pQ8rS9";

for (const around of [
  "#T",
  "#T.",
  "#T,",
  "#T%",
  "#T%20",
  "#T)",
  "#(T)",
  "#<T>",
  "#%3CT%3E",
  '#"T"',
  "#%22T%22",
  "#„T“",
  "#T…",
  "#T!?",
  "#T&utm=x",
  "#T und bis morgen",
  "#T%20und%20bis%20morgen%20Abend%20im%20Nest",
  "#T%E0%A4%A",
  "#T%zz",
  "# T",
  "#token=T",
  "#T\u200b",
  "#T/",
  "#T#x",
  "#T%0A",
  "#*T*",
  "#`T`",
  "#T\u00a0",
  "#Txx",
]) {
  test(`found in ${around}`, () => assert.equal(tokenIn(around.replace("T", TOKEN), 32), TOKEN));
}
// A browser writes what is not ASCII as bytes, and their digits must not join the token.
for (const around of ["#»T«", "#„T“", "#«T»", "#“T”", "#‚T‘", "#→T", "#🏠T🏠", "#\u00a0T"]) {
  const fragment = new URL(around.replace("T", TOKEN), "https://haus.example/join").hash;
  test(`found in ${fragment}`, () => assert.equal(tokenIn(fragment, 32), TOKEN));
}
for (const broken of ["%0A", "%0D%0A", "%C2%AD", "%E2%80%8B", "%E2%81%A0", "\u00ad", "\u200b"]) {
  test(`broken by ${encodeURI(broken)}`, () =>
    assert.equal(tokenIn(`#${TOKEN.slice(0, 12)}${broken}${TOKEN.slice(12)}`, 32), TOKEN));
}
test("percent-encoded letters are decoded", () =>
  assert.equal(tokenIn(`#${TOKEN.replaceAll("-", "%2D").replaceAll("_", "%5f")}`, 32), TOKEN));
for (const hash of ["", "#", "#%E0%A4%A", "#bad", "#zu kurz", "#%"]) {
  test(`none in "${hash}"`, () => assert.equal(tokenIn(hash, 32), ""));
}
test("of a shortened token the rest is returned", () =>
  assert.equal(tokenIn(`#${TOKEN.slice(0, 20)}`, 32), TOKEN.slice(0, 20)));
