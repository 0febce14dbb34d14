/**
 * `npm test`: runs every `test:*` script of package.json but `test:runtimes`, all of them even when one fails, and ends with the line
 * `N passed, N failed`. What uses one core comes first, in two lanes beside each other; then the others, in the order they stand there.
 *
 * A step that leaves `reports/<step>.json` (vitest's JSON report) counts by its tests, any other step as one check. A
 * step that exits non-zero without a failed test (coverage, an unhandled error, a crash) is one failed check.
 */
import { spawn, type StdioOptions } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

interface Step {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** What failed, and the first lines of why. */
  readonly failures: readonly string[];
  /** What failed and then passed, likewise. */
  readonly unsteady: readonly string[];
  readonly seconds: number;
}

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const folder = resolve(process.argv[2] ?? ".");
const reports = join(folder, "reports");
// It downloads whole runtimes.
const onDemand: ReadonlySet<string> = new Set(["test:runtimes"]);
// The first lane makes the package and looks at it, the second only reads the sources.
const lanes: readonly (readonly string[])[] = [
  ["test:build", "test:api", "test:pack"],
  ["test:types", "test:docs", "test:format", "test:lint", "test:unused"],
];

function stepNames(): string[] {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    scripts?: Record<string, string>;
  };
  return Object.keys(manifest.scripts ?? {}).filter((name) => name.startsWith("test:") && !onDemand.has(name));
}

/** @param isShown whether what it says is shown as it comes, or when it has ended */
async function run(name: string, isShown: boolean): Promise<Step> {
  const report = join(reports, `${name.replace(":", "-")}.json`);
  rmSync(report, { force: true });
  const title = `\n── ${name}`;
  if (isShown) console.log(title);
  const started = performance.now();
  const { status, output } = await spawned(name, isShown ? "inherit" : ["ignore", "pipe", "pipe"]);
  if (!isShown) console.log(`${title}\n${output}`);
  return { name, ...count(report, status), seconds: (performance.now() - started) / 1000 };
}

function spawned(name: string, stdio: StdioOptions): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", name], {
      ...{ cwd: folder, stdio },
      shell: process.platform === "win32",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += String(chunk)));
    child.on("error", (error) => {
      resolve({ status: null, output: String(error) });
    });
    child.on("close", (status) => {
      resolve({ status, output });
    });
  });
}

/** Runs steps one after another. @param isShown as for each of them */
async function runLane(names: readonly string[], isShown: boolean): Promise<Step[]> {
  const steps: Step[] = [];
  for (const name of names) steps.push(await run(name, isShown));
  return steps;
}

function count(report: string, status: number | null): Omit<Step, "name" | "seconds"> {
  const ok = status === 0;
  if (!existsSync(report)) return { passed: Number(ok), failed: Number(!ok), failures: [], unsteady: [] };
  const read = JSON.parse(readFileSync(report, "utf8")) as Report;
  const { numPassedTests: passed, numFailedTests: failed } = read;
  return {
    passed,
    failed: ok || failed > 0 ? failed : 1,
    failures: failuresOf(read),
    unsteady: testsOf(read, "passed"),
  };
}

function failuresOf(report: Report): string[] {
  const files = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  );
  return [
    ...testsOf(report, "failed"),
    ...files.map(({ name, message }) => `${relative(folder, name)}\n${beginning(message)}`),
  ];
}

/** Those that failed at least once. */
function testsOf({ testResults }: Report, ended: "passed" | "failed"): string[] {
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages }) => status === ended && failureMessages.length > 0)
      .map((test) => `${relative(folder, name)} > ${test.fullName}\n${beginning(test.failureMessages.join("\n"))}`),
  );
}

function beginning(text: string): string {
  return text
    .split("\n")
    .slice(0, 12)
    .map((row) => `    ${row.slice(0, 300)}`)
    .join("\n");
}

function line(step: Step): string {
  const verdict = step.failed === 0 ? "ok    " : "FAILED";
  return `${verdict} ${step.name.padEnd(14)} ${step.passed} passed, ${step.failed} failed  (${step.seconds.toFixed(1)} s)`;
}

mkdirSync(reports, { recursive: true });
const names = stepNames();
const beside = lanes.map((lane) => lane.filter((name) => names.includes(name)));
const others = names.filter((name) => !beside.flat().includes(name));
const steps = (await Promise.all(beside.map((lane) => runLane(lane, false)))).flat();
steps.push(...(await runLane(others, true)));
const passed = steps.reduce((sum, step) => sum + step.passed, 0);
const failed = steps.reduce((sum, step) => sum + step.failed, 0);
const tally = `${passed} passed, ${failed} failed`;

// Said once more beside the tally: a long log is often cut to its end.
function say(title: string, tests: readonly string[]): void {
  if (tests.length > 0) console.log(`\n${title}:\n\n${tests.join("\n\n")}`);
}
say(
  "What passed only at the second try",
  steps.flatMap((step) => step.unsteady),
);
say(
  "What failed",
  steps.flatMap((step) => step.failures),
);
console.log(`\n${steps.map(line).join("\n")}\n\n${tally}`);
writeFileSync(join(reports, "tally.txt"), `${tally}\n`);
// A run that checked nothing is not a success.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
