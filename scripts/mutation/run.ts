// Tries the changes of a folder, of a file, or of several (with commas between), all or a share of them, in one process.
// Run: npm run mutation:quick -- src/stats [share [seed]]
// The changes, their switches and the report are Stryker's. Tests that were written for what a share found make it tell too
// well of the rest: the next one needs another seed.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { build, type Plugin } from "esbuild";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { notInOneProcess } from "./slow.ts";
import type { Message } from "./worker.ts";

const [target = "src/stats", share = "1", seed = "1"] = process.argv.slice(2);
const testFolders = (process.env["MUTATION_TESTS"] ?? target.split("/")[1]!).split(",");
const out = resolve(".stryker-tmp/quick");
/** What a change may take beyond what its tests take without it. */
const patienceMs = 15_000;

const filesIn = (path: string, end: string): string[] =>
  (statSync(path).isFile() ?
    [path]
  : readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))
  )
    .filter((name) => name.endsWith(end))
    .sort();

const silent = { isDebugEnabled: () => false, debug: () => undefined, info: () => undefined, warn: console.warn };
const instrumenter = new Instrumenter(silent as never);
const sources = target
  .split(",")
  .flatMap((path) => filesIn(path, ".ts"))
  .map((name) => ({
    name: resolve(name),
    mutate: true,
    content: readFileSync(name, "utf8"),
  }));
const { files, mutants } = await instrumenter.instrument(sources, {
  plugins: null,
  excludedMutations: [],
  ignorers: [],
  noHeader: false,
});
// To count what a test reaches takes longer than the rest, and is done once.
const changed = new Map(
  files.map(({ name, content }) => [name, content.replace("var c = cov.static;", "if (ns.isCounted) return;$&")]),
);

// Every file as it is or with its switches; it believes that it is where it was.
const switches: Plugin = {
  name: "switches",
  setup(bundle) {
    bundle.onResolve({ filter: /^vitest$/ }, () => ({ path: resolve("scripts/mutation/vitest.ts") }));
    bundle.onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, ({ path }) => ({
      contents: (changed.get(path) ?? readFileSync(path, "utf8"))
        .replaceAll("import.meta.url", JSON.stringify(`file://${path}`))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path))),
      loader: "ts",
    }));
  },
};
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const tests = testFolders
  .flatMap((folder) => filesIn(`test/${folder}`, ".test.ts"))
  .filter((path) => !notInOneProcess.some((pattern) => pattern.test(path)));
await build({
  entryPoints: [...tests, "scripts/mutation/worker.ts"],
  outbase: ".",
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
  plugins: [switches],
});

const random = seededRandom(Number(seed));
const drawn = mutants
  .map(({ id }) => ({ id, place: random() }))
  .sort((one, other) => one.place - other.place)
  .slice(0, Math.ceil(mutants.length * Number(share)))
  .map(({ id }) => id);
// In the order of the draw: what was done when it is stopped is a fair share, too.
console.log(`${drawn.length} of ${mutants.length} changes of ${target}`);

const became = new Map<string, { readonly status: string; readonly by: string | undefined }>();
const retried = new Set<string>();
const [known, todo] = [join(out, "known.json"), join(out, "todo.json")];
const built = (path: string): string => join(out, path.replace(/\.ts$/, ".mjs"));

/** Until a worker has done all of these, or cannot go on. */
async function work(ids: readonly string[]): Promise<void> {
  writeFileSync(todo, JSON.stringify(ids));
  const worker = spawn(
    process.execPath,
    ["--expose-gc", "--max-old-space-size=1500", built("scripts/mutation/worker.ts"), known, todo, ...tests.map(built)],
    { stdio: ["ignore", "pipe", "ignore"], env: { CASES_SHARE: "0.05", FUZZ_RUNS: "300", ...process.env } },
  );
  let running: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface(worker.stdout)) {
    if (!line.startsWith('{"kind"')) continue;
    const message = JSON.parse(line) as Message;
    if (message.kind === "broken") console.log(`fails without a change: ${message.test}: ${message.error}`);
    if (message.kind === "began") {
      running = message.id;
      timer = setTimeout(() => worker.kill("SIGKILL"), patienceMs + 3 * message.expectedMs);
    }
    if (message.kind !== "ended") continue;
    clearTimeout(timer);
    running = undefined;
    if (message.spoiled && message.id !== ids[0] && !retried.has(message.id)) {
      retried.add(message.id);
      worker.kill("SIGKILL");
      return;
    }
    became.set(message.id, message);
    if (became.size % 25 === 0) report();
    if (message.spoiled) worker.kill("SIGKILL");
  }
  clearTimeout(timer);
  if (running !== undefined) became.set(running, { status: "Timeout", by: undefined });
}

function report(): void {
  const tried = mutants.filter(({ id }) => became.has(id));
  const named = [...new Set(mutants.map(({ fileName }) => fileName))].map((name) => [
    name.slice(resolve(".").length + 1),
    {
      language: "typescript",
      source: readFileSync(name, "utf8"),
      mutants: tried
        .filter(({ fileName }) => fileName === name)
        .map(({ id, mutatorName, replacement, location: { start, end } }) => ({
          id,
          mutatorName,
          replacement,
          location: { start: { ...start, line: start.line + 1 }, end: { ...end, line: end.line + 1 } },
          status: became.get(id)!.status,
          statusReason: became.get(id)!.by,
        })),
    },
  ]);
  mkdirSync("reports", { recursive: true });
  const of = { folder: target, changes: mutants.length, drawn: became.size };
  writeFileSync(
    `reports/${target.replaceAll(/[/,]/g, "-").slice(0, 200)}-${share}-${seed}.json`,
    JSON.stringify({ schemaVersion: "1.0", config: { of }, files: Object.fromEntries(named) }),
  );
  const counted = [...became.values()].filter(({ status }) => status !== "Ignored");
  const noticed = counted.filter(({ status }) => status === "Killed" || status === "Timeout");
  console.log(
    `${became.size} of ${drawn.length}: noticed ${noticed.length} of ${counted.length}, ` +
      `${((100 * noticed.length) / counted.length).toFixed(1)} %, after ${Math.round(performance.now() / 1_000)} s`,
  );
}

for (let left = drawn; left.length > 0; left = left.filter((id) => !became.has(id))) await work(left);
report();
