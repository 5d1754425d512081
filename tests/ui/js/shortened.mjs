// Compares scripts with what is served of them: both must have the same tree, whatever their layout.
// Reads a JSON list of [name, source, served] and prints the names of those that differ.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const eslint = createRequire(new URL("../../../clients/js/node_modules/eslint/package.json", import.meta.url));
const { parse } = eslint("espree");
const PLACES = new Set(["start", "end"]);

/** @param {string} text */
function treeOf(text) {
  const tree = parse(text, { ecmaVersion: "latest", sourceType: "module" });
  return JSON.stringify(tree, (key, value) => (PLACES.has(key) ? undefined : value));
}

const differ = JSON.parse(readFileSync(0, "utf8")).filter(([, source, served]) => treeOf(source) !== treeOf(served));
console.log(JSON.stringify(differ.map(([name]) => name)));
