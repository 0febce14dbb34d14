/**
 * `npm run test:runtimes`: one script on each runtime, with the output of all compared. The runtimes are packages of npm,
 * installed into `reports/runtimes` and kept there; a name or names choose some of them. Not part of `npm test`.
 */
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");
const folder = process.env["RUNTIMES_FOLDER"] ?? join(root, "reports", "runtimes");
mkdirSync(folder, { recursive: true });

async function bundled(platform: "node" | "browser", call: string, name: string): Promise<string> {
  const outfile = join(folder, name);
  await build({
    stdin: {
      contents: `import * as sidelane from "sidelane"; import { conformance } from "./scripts/conformance.js"; ${call}`,
      resolveDir: root,
    },
    alias: { sidelane: join(root, "src", "index.ts") },
    bundle: true,
    format: "esm",
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

interface Worker {
  dispatchFetch(address: string): Promise<Response>;
  dispose(): Promise<void>;
}

const runtimes: Readonly<Record<string, () => string | Promise<string>>> = {
  "this Node": () => run(process.execPath, script),
  "Node 22": () => run(join(installed("node@22"), ".bin", "node"), script),
  "Node 24": () => run(join(installed("node@24"), ".bin", "node"), script),
  "Node 26": () => run(join(installed("node@26"), ".bin", "node"), script),
  Bun: () => run(join(installed("bun"), ".bin", "bun"), script),
  Deno: () => run(join(installed("deno"), ".bin", "deno"), "run", "-A", script),
  "workerd, plain": () => workerd([]),
  "workerd with Node's modules": () => workerd(["nodejs_compat"]),
};

const wanted = process.argv.slice(2);
let expected: string | undefined;
for (const [name, start] of Object.entries(runtimes)) {
  if (wanted.length > 0 && !wanted.some((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
  let output: string;
  try {
    output = await start();
  } catch (error) {
    output = `failed: ${String(error)}`;
  }
  if (expected === undefined) console.log(output);
  expected ??= output;
  const same = output === expected && !output.startsWith("failed");
  console.log(`${name}: ${same ? "the same" : `otherwise\n${output}`}`);
  if (!same) process.exitCode = 1;
}
