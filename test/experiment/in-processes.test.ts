import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const child = join(import.meta.dirname, "process.child.ts");

function run(mode: string, environment: NodeJS.ProcessEnv = {}) {
  const startedAt = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", child, mode], {
    encoding: "utf8",
    timeout: 30_000,
    env: { ...process.env, ...environment },
  });
  return { status, signal, stdout, stderr, tookMs: performance.now() - startedAt };
}

describe("a process with an experiment", () => {
  it("dies of an error of control's that nobody catches, as it does without the experiment", () => {
    const bare = run("bare-uncaught");
    const wrapped = run("wrapped-uncaught");
    expect(bare).toMatchObject({ status: 1, stdout: "" });
    expect(wrapped).toMatchObject({ status: 1, stdout: "" });
    expect(wrapped.stderr).toContain("control broke");
  });

  it("sees control's unhandled rejection, once", () => {
    expect(run("wrapped-unhandled")).toMatchObject({ status: 0, stdout: "unhandled: control broke\n" });
  });

  it("never hears of a candidate's", () => {
    expect(run("candidate-rejects")).toMatchObject({ status: 0, stdout: "1\n" });
  });

  it("sees its own asynchronous frames in the stack of control's error", () => {
    const { stdout } = run("stack");
    expect(stdout).toContain("control broke");
    expect(stdout).toMatch(/at (async )?broken/);
    expect(stdout).toContain("at async outermostCaller");
  });

  it("has no listener, handle or global more for having imported the package", () => {
    const { before, after, added } = JSON.parse(run("import").stdout) as Record<string, unknown>;
    expect(after).toEqual(before);
    expect(added).toEqual([]);
  });

  it("ends while a candidate is pending", () => {
    const { status, stdout, tookMs } = run("pending");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "1\n" });
    expect(tookMs).toBeLessThan(20_000);
  });

  it("is kept alive by what a caller waits for: a candidate that hangs is given up on, and control answers", () => {
    const { status, stdout, tookMs } = run("served-hangs");
    expect(stdout.split("\n")).toEqual(["control", "control", "control", "control", "settled", ""]);
    expect(status).toBe(0);
    expect(tookMs).toBeLessThan(15_000);
  });

  it("is kept alive by `close()`, until its deadline, and has little to do meanwhile", () => {
    const { status, stdout } = run("close");
    expect(status).toBe(0);
    const { complete, waited, utilization } = JSON.parse(stdout) as Record<"waited" | "utilization", number> & {
      complete: boolean;
    };
    expect(complete).toBe(false);
    expect(waited).toBeGreaterThanOrEqual(200);
    expect(waited).toBeLessThan(5_000);
    expect(utilization).toBeLessThan(0.5);
  });

  it("has promises as they were with `trackRuns: false`, which AsyncLocalStorage marks on Node before 24", () => {
    expect(run("untracked")).toMatchObject({ status: 0, stdout: "0\n" });
  });

  it("runs controls alone under SIDELANE=off", () => {
    expect(run("off", { SIDELANE: "off" })).toMatchObject({ status: 0, stdout: "1 1\n" });
  });
});
