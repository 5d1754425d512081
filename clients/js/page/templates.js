// Checks the templates of the page's parts with tsc.
//
// Vue compiles a template to a function that reads everything from `_ctx`. This script copies the
// scripts of the page into a folder and adds to each the functions that its templates compile to, with
// the part as the type of `_ctx`. What a template reads and the part does not have is then an error of
// tsc, which runs on the copy: `node templates.js <folder>`. Lines of the scripts stay what they are.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileTemplate } from "vue/compiler-sfc";

const PARTS = /^(?:export )?(?:const (\w+) = |default )defineComponent\(\{\n([\s\S]*?)^\}\);$/gm;
const TEMPLATE = /template: \/\* HTML \*\/ `([^`]*)`/;

/** @param {string} name @param {string} template */
function renderOf(name, template) {
  const options = { prefixIdentifiers: true, hoistStatic: false };
  const { code } = compileTemplate({ source: template, filename: name, id: name, compilerOptions: options });
  const helpers = /^import \{ (.*) \} from "vue"$/m.exec(code)?.[1].split(", ") ?? [];
  const render = code
    .replace(/^import .*\n/, "")
    .replace("export function render(_ctx, _cache)", `function render${name}(_ctx, _cache)`)
    // Of a handler that is only named its arguments are those of the event.
    .replace(/\(\.\.\.args\) => \(([\w.$]+) && \1\(\.\.\.args\)\)/g, "() => $1")
    .replaceAll("$event =>", "(/** @type {any} */ $event) =>");
  const doc = `/** @param {InstanceType<typeof ${name}>} _ctx @param {any[]} _cache @returns {unknown} */`;
  return { helpers, text: `${doc}\n${render.trim()}\nvoid render${name};\n` };
}

/** @param {string} script */
function withRenders(script) {
  const renders = [...script.matchAll(PARTS)].flatMap(([, name = "Default", body]) => {
    const template = TEMPLATE.exec(body)?.[1];
    // A value that a script puts into a template is a number here.
    return template === undefined ? [] : [renderOf(name, template.replace(/\$\{\w+\}/g, "1"))];
  });
  if (!renders.length) return script;
  const named = script.replace(/^export default defineComponent\(/m, "const Default = defineComponent(");
  const exported = named === script ? "" : "export default Default;\n";
  const helpers = [...new Set(renders.flatMap((each) => each.helpers))].join(", ");
  const texts = renders.map((each) => each.text).join("");
  return `${named}${exported}import { ${helpers} } from "vue";\n${texts}`;
}

const [from, folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
cpSync(from, folder, { recursive: true });
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !entry.name.endsWith(".js")) continue;
  writeFileSync(path, withRenders(readFileSync(path, "utf8")));
}
