// npm runs this when the package is installed from its folder or from git: it builds what is unbuilt.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const there = (path) => existsSync(new URL(`../${path}`, import.meta.url));
const npm = (...args) => {
  // The npm that runs this script; it need not be on PATH.
  const command = [process.env.npm_execpath, ...args];
  const done = spawnSync(process.execPath, command, { cwd: folder, stdio: "inherit" });
  if (done.status) process.exit(done.status);
};

if (!there("dist/index.js")) {
  if (!there("node_modules/typescript")) npm("ci", "--ignore-scripts");
  npm("run", "build");
}
