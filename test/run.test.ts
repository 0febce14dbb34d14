import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidelane-run-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pass = "node -e 0";
const fail = 'node -e "process.exit(3)"';

function failedFile(failed: number): object {
  const assertionResults = Array.from({ length: failed }, (_, index) => ({
    ...{ status: "failed", fullName: `adds ${index}`, failureMessages: ["expected 3 to be 2"] },
  }));
  assertionResults.push({ status: "passed", fullName: "takes away", failureMessages: ["expected 1 to be 0"] });
  return {
    name: join(folder, "test/sum.test.ts"),
    status: failed > 0 ? "failed" : "passed",
    message: "",
    assertionResults,
  };
}

/** A script that leaves vitest's report with these counts, then exits with `code`. */
function tests(step: string, passed: number, failed: number, code: number): string {
  writeFileSync(
    join(folder, `${step}.cjs`),
    `require("fs").writeFileSync("reports/test-${step}.json", ${JSON.stringify(
      JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: [failedFile(failed)] }),
    )}); process.exit(${code});`,
  );
  return `node ${step}.cjs`;
}

function runSteps(scripts: Record<string, string>): { status: number | null; output: string; last: string } {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts }));
  const child = spawnSync(process.execPath, ["--import", "tsx", join(root, "test/run.ts"), folder], {
    cwd: root,
    encoding: "utf8",
  });
  return { status: child.status, output: child.stdout, last: child.stdout.trimEnd().split("\n").at(-1)! };
}

describe("npm test", () => {
  it("counts a step without tests as one check, and one with tests by its tests", () => {
    const { status, last } = runSteps({ "test:lint": pass, "test:unit": tests("unit", 40, 0, 0), other: fail });
    expect({ status, last }).toEqual({ status: 0, last: "41 passed, 0 failed" });
  });

  it("runs what follows a failed step, and fails", () => {
    const { status, last } = runSteps({ "test:lint": fail, "test:unit": tests("unit", 5, 2, 1) });
    expect({ status, last }).toEqual({ status: 1, last: "5 passed, 3 failed" });
  });

  it("says beside the tally what failed, and why", () => {
    const { output } = runSteps({ "test:unit": tests("unit", 5, 2, 1), "test:pack": pass });
    expect(output).toContain(
      "What passed only at the second try:\n\ntest/sum.test.ts > takes away\n    expected 1 to be 0\n",
    );
    expect(output.slice(output.indexOf("What failed:"))).toMatch(
      /^What failed:\n\ntest\/sum\.test\.ts > adds 0\n {4}expected 3 to be 2\n\ntest\/sum\.test\.ts > adds 1\n/,
    );
  });

  it("fails when every test passes but the step does not, as under too little coverage", () => {
    const { status, last } = runSteps({ "test:unit": tests("unit", 5, 0, 1) });
    expect({ status, last }).toEqual({ status: 1, last: "5 passed, 1 failed" });
  });

  it("does not count the report of an earlier run when a step crashes before it writes one", () => {
    mkdirSync(join(folder, "reports"));
    writeFileSync(join(folder, "reports/test-unit.json"), '{"numPassedTests":9,"numFailedTests":0}');
    const { status, last } = runSteps({ "test:unit": fail });
    expect({ status, last }).toEqual({ status: 1, last: "0 passed, 1 failed" });
  });

  it("fails when there is nothing to run", () => {
    expect(runSteps({}).status).toBe(1);
  });
});

describe.skipIf(process.platform === "win32")(".ci/run", () => {
  /** Runs `.ci/run` with an `npm` that does what `script` says. */
  function ciRun(script: string): { status: number | null; last: string } {
    mkdirSync(join(folder, ".ci"));
    mkdirSync(join(folder, "bin"));
    copyFileSync(join(root, ".ci/run"), join(folder, ".ci/run"));
    writeFileSync(join(folder, "bin/npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const child = spawnSync("sh", [join(folder, ".ci/run")], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env["PATH"]!}` },
    });
    return { status: child.status, last: child.stdout.trimEnd().split("\n").at(-1)! };
  }

  it("ends with the tally also when npm adds lines of its own", () => {
    const npm =
      'mkdir -p reports; [ "$1" = ci ] || { echo "7 passed, 1 failed" > reports/tally.txt; echo noise; exit 1; }';
    expect(ciRun(npm)).toEqual({ status: 1, last: "7 passed, 1 failed" });
  });

  it("fails, and says so, when nothing can be installed", () => {
    expect(ciRun("exit 4")).toEqual({ status: 4, last: "0 passed, 1 failed" });
  });

  it("fails, and says so, when the tests vanish without a tally", () => {
    expect(ciRun("exit 0")).toEqual({ status: 1, last: "0 passed, 1 failed" });
  });

  it("runs README's test command", () => {
    expect(readFileSync(join(root, ".ci/run"), "utf8")).toContain("\nnpm ci && npm test\n");
    expect(readFileSync(join(root, "README.md"), "utf8")).toContain("npm ci && npm test");
  });
});
