/**
 * `npm run test:runtimes`: one script on each runtime, with the output of all compared. The runtimes are packages of npm,
 * installed into `reports/runtimes` and kept there, but for the Node that runs this and Chromium; a name or names choose some of them, and
 * all of them write `docs/runtimes.md`. Not part of `npm test`.
 */
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format, resolveConfig } from "prettier";
import { openChromium } from "../test/render/chromium.ts";

const root = join(import.meta.dirname, "..");
const folder = process.env["RUNTIMES_FOLDER"] ?? join(root, "reports", "runtimes");
mkdirSync(folder, { recursive: true });

async function bundled(
  platform: "node" | "browser",
  call: string,
  name: string,
  format: "esm" | "iife" = "esm",
): Promise<string> {
  const outfile = join(folder, name);
  await build({
    stdin: {
      contents: `import * as sidelane from "sidelane"; import { conformance } from "./scripts/conformance.js"; ${call}`,
      resolveDir: root,
    },
    alias: { sidelane: join(root, "src", "index.ts") },
    bundle: true,
    format,
    platform,
    outfile,
    logLevel: "error",
  });
  return outfile;
}

/** The folder of an npm package, installed when it is first needed. */
function installed(spec: string): string {
  const place = join(folder, spec.replace("@", ""));
  if (!existsSync(join(place, "node_modules"))) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", spec], { cwd: place, stdio: "inherit" });
  }
  return join(place, "node_modules");
}

const script = await bundled("node", "console.log(await conformance(sidelane));", "script.mjs");
const worker = await bundled(
  "browser",
  "export default { fetch: async () => new Response(await conformance(sidelane)) };",
  "worker.mjs",
);

const page = await bundled("browser", "globalThis.answer = conformance(sidelane);", "page.js", "iife");

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", timeout: 60_000 }).trim();
}

async function workerd(compatibilityFlags: readonly string[]): Promise<string> {
  const entry = pathToFileURL(join(installed("miniflare"), "miniflare", "dist", "src", "index.js")).href;
  const { Miniflare } = (await import(entry)) as { Miniflare: new (options: object) => Worker };
  const running = new Miniflare({
    modules: true,
    script: readFileSync(worker, "utf8"),
    compatibilityDate: "2025-06-01",
    compatibilityFlags,
  });
  try {
    return (await (await running.dispatchFetch("http://localhost/")).text()).trim();
  } finally {
    await running.dispose();
  }
}

async function chromium(): Promise<string> {
  const browser = await openChromium();
  try {
    const tab = await browser.newPage();
    await tab.setContent(`<!doctype html><title>conformance</title><script>${readFileSync(page, "utf8")}</script>`);
    return (await tab.evaluate<string>("globalThis.answer")).trim();
  } finally {
    await browser.close();
  }
}

interface Worker {
  dispatchFetch(address: string): Promise<Response>;
  dispose(): Promise<void>;
}

interface Runtime {
  readonly output: () => string | Promise<string>;
  readonly version: () => string | Promise<string>;
}

/** Such as `2.1.3` of `bun 2.1.3`. */
const numberIn = (text: string): string => /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text;
const versionOf = (command: string) => () => numberIn(run(command, "--version"));
const packageVersion = (spec: string, name: string) => () =>
  (JSON.parse(readFileSync(join(installed(spec), name, "package.json"), "utf8")) as { version: string }).version;
const binary = (spec: string, name: string): string => join(installed(spec), ".bin", name);
const node = (spec: string): Runtime => ({
  output: () => run(binary(spec, "node"), script),
  version: () => versionOf(binary(spec, "node"))(),
});

const runtimes: Readonly<Record<string, Runtime>> = {
  "Node 20": { output: () => run(process.execPath, script), version: versionOf(process.execPath) },
  "Node 22": node("node@22"),
  "Node 24": node("node@24"),
  "Node 26": node("node@26"),
  Bun: { output: () => run(binary("bun", "bun"), script), version: () => versionOf(binary("bun", "bun"))() },
  Deno: {
    output: () => run(binary("deno", "deno"), "run", "-A", script),
    version: () => versionOf(binary("deno", "deno"))(),
  },
  "workerd, plain": { output: () => workerd([]), version: packageVersion("miniflare", "workerd") },
  "workerd, `nodejs_compat`": {
    output: () => workerd(["nodejs_compat"]),
    version: packageVersion("miniflare", "workerd"),
  },
  Chromium: {
    output: chromium,
    async version() {
      const browser = await openChromium();
      const version = browser.version();
      await browser.close();
      return version;
    },
  },
};

const wanted = process.argv.slice(2);
const rows: string[] = [];
let expected: string | undefined;
for (const [name, runtime] of Object.entries(runtimes)) {
  if (wanted.length > 0 && !wanted.some((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
  let output: string;
  try {
    output = await runtime.output();
  } catch (error) {
    output = `failed: ${String(error)}`;
  }
  if (expected === undefined) console.log(output);
  expected ??= output;
  const same = output === expected && !output.startsWith("failed");
  console.log(`${name}: ${same ? "the same" : `otherwise\n${output}`}`);
  if (same) rows.push(`| ${name} | ${await runtime.version()} |`);
  else process.exitCode = 1;
}

if (wanted.length === 0 && process.exitCode === undefined) {
  const about = `# Runtimes

One script, \`scripts/conformance.js\`, is run on each of these, and all print the same: synchronous, asynchronous and failing calls, a
served call, promises of other classes, a candidate that hangs, and the end of a laboratory. Written by \`npm run test:runtimes\`, which is not
part of \`npm test\`; the tests themselves run on Node 20.

| runtime | version |
| --- | --- |
${rows.join("\n")}

It is the core, \`sidelane\`, that runs everywhere. What opens files or servers is for Node, Bun and Deno: \`sidelane/publishers/ndjson\`, \`sidelane/stores/file\`,
the command line. \`currentRun()\` after an \`await\`, and nested experiments after one, need AsyncLocalStorage, which plain workerd and browsers do not have.
`;
  const target = join(root, "docs", "runtimes.md");
  writeFileSync(target, await format(about, { ...(await resolveConfig(target)), parser: "markdown" }));
}
