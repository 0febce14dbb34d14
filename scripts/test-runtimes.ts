/**
 * `npm run test:runtimes`: one script on each runtime, with the output of all compared; on servers the dashboard is mounted and asked, too,
 * and in workerd the example of a Worker prints what it says. The runtimes are packages of npm, installed into `reports/runtimes` and kept there, but for the Node that runs this and Chromium; a name or names choose some of them, and
 * all of them write `docs/runtimes.md`. Not part of `npm test`.
 */
import { build } from "esbuild";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { format, resolveConfig } from "prettier";
import { documentedOutput } from "../test/documented.ts";
import { openChromium } from "../test/render/chromium.ts";
import { entries } from "./entries.ts";

const root = join(import.meta.dirname, "..");
const folder = process.env["RUNTIMES_FOLDER"] ?? join(root, "reports", "runtimes");
mkdirSync(folder, { recursive: true });

const sources = Object.fromEntries(
  Object.entries(entries).map(([subpath, file]) => [`sidelane${subpath.slice(1)}`, join(root, file)]),
);

async function bundled(
  platform: "node" | "browser",
  contents: string,
  name: string,
  format: "esm" | "iife" = "esm",
): Promise<string> {
  const outfile = join(folder, name);
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    alias: sources,
    external: ["node:*"],
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

const head = `import * as core from "sidelane";
import { compareResponses, parallelHandler } from "sidelane/http";
import { conformance } from "./scripts/conformance.js";
const sidelane = { ...core, compareResponses, parallelHandler };`;
const script = await bundled("node", `${head} console.log(await conformance(sidelane));`, "script.mjs");
const worker = await bundled(
  "browser",
  `${head} export default { fetch: async () => new Response(await conformance(sidelane)) };`,
  "worker.mjs",
);
const page = await bundled("browser", `${head} globalThis.answer = conformance(sidelane);`, "page.js", "iife");

const dashboardHead = `import * as sidelane from "sidelane";
import * as report from "sidelane/report";
import { dashboardConformance, mounted } from "./scripts/dashboard-conformance.js";
`;
const dashboardScript = await bundled(
  "node",
  `${dashboardHead}
  import { createServer } from "node:http";
  import { toNodeListener } from "sidelane/http";
  const handler = await mounted(sidelane, report);
  const any = { port: 0, hostname: "127.0.0.1" };
  const { Bun, Deno } = globalThis as any;
  let port: number;
  if (Bun !== undefined) port = Bun.serve({ ...any, fetch: handler }).port;
  else if (Deno !== undefined) port = Deno.serve({ ...any, onListen() {} }, handler).addr.port;
  else {
    const server = createServer(toNodeListener(handler));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as any).port;
  }
  console.log(await dashboardConformance((path, init) => fetch("http://127.0.0.1:" + port + path, init)));
  process.exit();`,
  "dashboard.mjs",
);
const dashboardWorker = await bundled(
  "browser",
  `${dashboardHead}
  let handler: Promise<(request: Request) => Promise<Response>> | undefined;
  export default {
    async fetch(request: Request): Promise<Response> {
      handler ??= mounted(sidelane, report);
      return (await handler)(request);
    },
  };`,
  "dashboard-worker.mjs",
);

/** The Worker of the example, without the part that stands in for the runtime. */
const example = readFileSync(join(root, "examples", "worker-fetch.ts"), "utf8");
const exampleWorker = await bundled("browser", example.split("// What the runtime does:")[0]!, "example-worker.mjs");

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", timeout: 60_000 }).trim();
}

async function workerd<Answer>(
  file: string,
  compatibilityFlags: readonly string[],
  use: (running: Worker) => Promise<Answer>,
  handleRuntimeStdio?: (stdout: Readable, stderr: Readable) => void,
): Promise<Answer> {
  const entry = pathToFileURL(join(installed("miniflare"), "miniflare", "dist", "src", "index.js")).href;
  const { Miniflare } = (await import(entry)) as { Miniflare: new (options: object) => Worker };
  const running = new Miniflare({
    // Said one by one: what it loads only when it is needed is not looked for.
    modules: [{ type: "ESModule", path: "worker.mjs", contents: readFileSync(file, "utf8") }],
    compatibilityDate: "2025-06-01",
    compatibilityFlags,
    ...(handleRuntimeStdio !== undefined && { handleRuntimeStdio }),
  });
  try {
    return await use(running);
  } finally {
    await running.dispose();
  }
}

const conformanceIn = (flags: readonly string[]): Promise<string> =>
  workerd(worker, flags, async (running) => (await (await running.dispatchFetch("http://localhost/")).text()).trim());

interface DashboardConformance {
  dashboardConformance(ask: (path: string, init?: RequestInit) => Promise<Response>): Promise<string>;
}
const dashboardIn = (flags: readonly string[]): Promise<string> =>
  workerd(dashboardWorker, flags, async (running) => {
    const file = pathToFileURL(join(root, "scripts", "dashboard-conformance.js")).href;
    const { dashboardConformance } = (await import(file)) as DashboardConformance;
    return dashboardConformance((path, init) => running.dispatchFetch(`http://localhost${path}`, init));
  });

/** What the example's own stand-in for the runtime prints. */
async function exampleIn(flags: readonly string[]): Promise<string> {
  let printed = "";
  const running = workerd(
    exampleWorker,
    flags,
    async (running) => {
      const response = await running.dispatchFetch("http://localhost/?name=Ada%20");
      const text = `${response.status} ${JSON.stringify(await response.text())}`;
      for (let tries = 0; tries < 100 && !printed.includes("published"); tries++) await sleep(100);
      return text;
    },
    (stdout, stderr) => {
      for (const stream of [stdout, stderr]) stream.on("data", (data: Buffer) => (printed += data.toString()));
    },
  );
  try {
    return `${await running}\n${printed.trim()}`;
  } catch (error) {
    throw new Error(printed, { cause: error });
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
  dispatchFetch(address: string, init?: RequestInit): Promise<Response>;
  dispose(): Promise<void>;
}

interface Runtime {
  readonly output: () => string | Promise<string>;
  /** How the dashboard answers, where servers run. */
  readonly dashboard?: () => Promise<string>;
  /** What the example of a Worker prints. */
  readonly example?: () => Promise<string>;
  readonly version: () => string | Promise<string>;
}

/** Such as `2.1.3` of `bun 2.1.3`. */
const numberIn = (text: string): string => /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text;
const versionOf = (command: string) => () => numberIn(run(command, "--version"));
const packageVersion = (spec: string, name: string) => () =>
  (JSON.parse(readFileSync(join(installed(spec), name, "package.json"), "utf8")) as { version: string }).version;
const binary = (spec: string, name: string): string => join(installed(spec), ".bin", name);
// It serves itself, so that this process must not wait for it idly.
const serving = async (command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(command, [...args, dashboardScript], { timeout: 60_000 })).stdout.trim();
const node = (spec: string): Runtime => ({
  output: () => run(binary(spec, "node"), script),
  dashboard: () => serving(binary(spec, "node")),
  version: () => versionOf(binary(spec, "node"))(),
});

const runtimes: Readonly<Record<string, Runtime>> = {
  "Node 20": {
    output: () => run(process.execPath, script),
    dashboard: () => serving(process.execPath),
    version: versionOf(process.execPath),
  },
  "Node 22": node("node@22"),
  "Node 24": node("node@24"),
  "Node 26": node("node@26"),
  Bun: {
    output: () => run(binary("bun", "bun"), script),
    dashboard: () => serving(binary("bun", "bun")),
    version: () => versionOf(binary("bun", "bun"))(),
  },
  Deno: {
    output: () => run(binary("deno", "deno"), "run", "-A", script),
    dashboard: () => serving(binary("deno", "deno"), "run", "-A"),
    version: () => versionOf(binary("deno", "deno"))(),
  },
  "workerd, plain": {
    output: () => conformanceIn([]),
    dashboard: () => dashboardIn([]),
    example: () => exampleIn([]),
    version: packageVersion("miniflare", "workerd"),
  },
  "workerd, `nodejs_compat`": {
    output: () => conformanceIn(["nodejs_compat"]),
    dashboard: () => dashboardIn(["nodejs_compat"]),
    example: () => exampleIn(["nodejs_compat"]),
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
const expected: { output?: string; dashboard?: string; example?: string } = { example: documentedOutput(example)! };
for (const [name, runtime] of Object.entries(runtimes)) {
  if (wanted.length > 0 && !wanted.some((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
  const held: string[] = [];
  for (const kind of ["output", "dashboard", "example"] as const) {
    const ask = runtime[kind];
    if (ask === undefined) continue;
    let output: string;
    try {
      output = await ask();
    } catch (error) {
      output = `failed: ${String(error)}`;
    }
    if (expected[kind] === undefined) console.log(output);
    expected[kind] ??= output;
    const same = output === expected[kind] && !output.startsWith("failed");
    console.log(`${name}, ${kind}: ${same ? "the same" : `otherwise\n${output}`}`);
    if (same) held.push(kind);
    else process.exitCode = 1;
  }
  const cell = (kind: string): string => (held.includes(kind) ? "yes" : "–");
  rows.push(`| ${name} | ${await runtime.version()} | ${cell("dashboard")} | ${cell("example")} |`);
}

if (wanted.length === 0 && process.exitCode === undefined) {
  const about = `# Runtimes

One script, \`scripts/conformance.js\`, is run on each of these, and all print the same: synchronous, asynchronous and failing calls, a
served call, promises of other classes, a candidate that hangs, two services behind a \`parallelHandler\`, and the end of a laboratory. Where a server runs, the dashboard of \`sidelane/report\` is mounted
(\`node:http\` by \`toNodeListener\`, \`Bun.serve\`, \`Deno.serve\`, a Worker's \`fetch\`) and asked over HTTP for its page, its model, its live stream and what it refuses
(\`scripts/dashboard-conformance.js\`). In workerd [examples/worker-fetch.ts](../examples/worker-fetch.ts) prints what it says. Written by \`npm run test:runtimes\`,
which is not part of \`npm test\`; the tests themselves run on Node 20.

| runtime | version | dashboard | example of a Worker |
| --- | --- | --- | --- |
${rows.join("\n")}

It is the core, \`sidelane\`, and \`sidelane/http\` that run everywhere, and where a server does, \`dashboard({ laboratory })\`. Workers set no timer before their first request: make a
\`dashboard\` within one. What opens files or servers is for Node, Bun and Deno: \`sidelane/publishers/ndjson\`, \`sidelane/stores/file\`,
the command line. \`currentRun()\` after an \`await\`, and nested experiments after one, need AsyncLocalStorage, which plain workerd and browsers do not have.
`;
  const target = join(root, "docs", "runtimes.md");
  writeFileSync(target, await format(about, { ...(await resolveConfig(target)), parser: "markdown" }));
}
