/**
 * `exports` of package.json and `paths` of tsconfig.json, from the list of entries.
 *
 *     tsx scripts/write-exports.ts            fails when they differ from the list
 *     tsx scripts/write-exports.ts --update   writes them (`npm run exports`)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { builtName, entries } from "./entries.ts";

const root = join(import.meta.dirname, "..");
const update = process.argv.includes("--update");

function conditionsOf(subpath: string): object {
  const built = `./dist/${builtName(subpath)}`;
  return {
    import: { types: `${built}.d.ts`, default: `${built}.js` },
    require: { types: `${built}.d.cts`, default: `${built}.cjs` },
  };
}

const subpaths = Object.keys(entries);
const generated: Readonly<Record<string, (manifest: Record<string, unknown>) => void>> = {
  "package.json": (manifest) => {
    manifest["exports"] = {
      ...Object.fromEntries(subpaths.map((subpath) => [subpath, conditionsOf(subpath)])),
      "./package.json": "./package.json",
    };
    // For resolution that does not read `exports` (`"module": "commonjs"` without another setting).
    const named = subpaths.filter((subpath) => subpath !== ".").map(builtName);
    manifest["typesVersions"] = { "*": Object.fromEntries(named.map((name) => [name, [`./dist/${name}.d.cts`]])) };
  },
  "tsconfig.json": (configuration) => {
    const options = configuration["compilerOptions"] as Record<string, unknown>;
    options["paths"] = Object.fromEntries(
      Object.entries(entries).map(([subpath, file]) => [`sidelane${subpath.slice(1)}`, [`./${file}`]]),
    );
  },
};

for (const [name, apply] of Object.entries(generated)) {
  const path = join(root, name);
  const text = readFileSync(path, "utf8");
  const content = JSON.parse(text) as Record<string, unknown>;
  apply(content);
  const written = await format(JSON.stringify(content, null, 2), { parser: "json-stringify", printWidth: 120 });
  const same = JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(written));
  if (same) continue;
  if (update) writeFileSync(path, written);
  else {
    console.error(`${name} differs from scripts/entries.ts: run \`npm run exports\`.`);
    process.exitCode = 1;
  }
}
