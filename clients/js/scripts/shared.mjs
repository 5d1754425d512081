// Begins a build: empties dist and puts there, as they are, the modules that the package shares with the page.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";

const dist = new URL("../dist/", import.meta.url);
const shared = new URL("../../../ui/assets/js/client/", import.meta.url);

mkdirSync(dist, { recursive: true });
for (const name of readdirSync(dist)) {
  if (!name.startsWith(".")) rmSync(new URL(name, dist), { recursive: true });
}
cpSync(shared, new URL("client/", dist), { recursive: true });
