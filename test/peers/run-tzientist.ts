/**
 * `npx tsx test/peers/run-tzientist.ts <their src/index.spec.ts>`: runs tzientist's own tests on this library, through
 * `tzientist-adapter.ts`. Their file stays where it is; a copy in `reports/` waits where theirs looks at once.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [given] = process.argv.slice(2);
if (given === undefined) {
  console.error("expected the path of tzientist's src/index.spec.ts");
  process.exit(2);
}
const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "reports", "peers");
const adapter = JSON.stringify(join(import.meta.dirname, "tzientist-adapter.ts"));

const text = readFileSync(given, "utf8")
  .replace("'./index'", adapter)
  // What is published comes after the caller has been served.
  .replaceAll(
    /^(\s*)(?=expect\((?:publishMock|consoleSpy)\.mock\.calls\.length\))/gm,
    "$1await scientist.published();\n$1",
  )
  .replaceAll("afterEach(() => {", "afterEach(async () => {\n    await scientist.published();")
  .replaceAll(/^(\s*it\('[^']*', )\(\) => \{/gm, "$1async () => {");
const mocks = 'import { afterEach, beforeEach, describe, expect, it, vi as jest } from "vitest";\n';

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "tzientist.test.ts"), mocks + text);
writeFileSync(
  join(folder, "vitest.config.js"),
  'export default { test: { include: ["tzientist.test.ts"], testTimeout: 20_000 } };\n',
);
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--root", folder], { stdio: "inherit" });
process.exitCode = status ?? 1;
