// Requests that are refused with too_many_requests are sent again at the time that the server names.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { Refused, register } from "../dist/index.js";

const answers = [];
let asked = 0;
const server = createServer((_request, response) => {
  asked += 1;
  const [status, body] = answers.shift();
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
after(() => server.close());
const url = `http://127.0.0.1:${server.address().port}`;
const tooMuch = (retry_after_ms) => [
  429,
  { error: { code: "too_many_requests", message: { de: "zu viel", en: "too much" }, retryable: true, retry_after_ms } },
];

test("a request that is refused for now is sent again", async () => {
  answers.push(tooMuch(1), tooMuch(2), [201, { person: { id: "1", name: "A", colour: 1 }, token: "t" }]);
  assert.equal((await register(url)).token, "t");
  assert.equal(asked, 3);
});

test("a wait of hours is the program's to wait", async () => {
  answers.push(tooMuch(3_600_000));
  await assert.rejects(register(url), (problem) => problem instanceof Refused && problem.retryAfterMs === 3_600_000);
});
