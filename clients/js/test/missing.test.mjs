// The error when a package that is loaded on demand is not installed.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "nest-haus-client-"));
after(() => rmSync(folder, { recursive: true }));
cpSync(fileURLToPath(new URL("../dist", import.meta.url)), folder, { recursive: true });
delete globalThis.WebSocket; // Node 20 and 21 have none
const { connect, ClientError } = await import(pathToFileURL(join(folder, "index.js")));

for (const [transport, name] of [
  ["websocket", "ws"],
  ["socketio", "socket.io-client"],
]) {
  test(`without ${name} it is said at once what to install`, async () => {
    const started = Date.now();
    const connecting = connect({ url: "http://127.0.0.1:9", token: "x".repeat(20), transport });
    await assert.rejects(connecting, (error) => {
      assert(error instanceof ClientError);
      assert.match(error.message, new RegExp(`npm install ${name.replace(".", "\\.")}`));
      return true;
    });
    assert(Date.now() - started < 10_000);
  });
}
