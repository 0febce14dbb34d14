import { describe, expect, it } from "vitest";
import type { LaboratoryStatus } from "../../src/experiment/status/status.ts";
import type { FlushReport } from "../../src/model/publisher.ts";
import { runChild, type ChildOptions } from "./child.ts";

interface Told {
  readonly code: number;
  readonly report?: FlushReport;
  readonly closedAfterMs?: number;
  readonly residuals: object;
  readonly publishers: LaboratoryStatus["publishers"];
  readonly ending: LaboratoryStatus["experiments"][string];
}

/** 200 mismatches, told to one publisher that answers at once and to a slow one; and a candidate that hangs for good. */
async function end(scenario: string, options?: ChildOptions): Promise<Told & { stderr: string }> {
  const { stdout, stderr, code } = await runChild("exits.child.ts", [scenario], options);
  const told = JSON.parse(stdout.slice(stdout.lastIndexOf("\n{"))) as Told;
  expect(told.code, "the code that `exit` listeners see is the one of the process").toBe(code);
  expect(told.residuals, "whatever ends it, everything is accounted for").toEqual({});
  return { ...told, stderr };
}

describe.concurrent("a process that ends", () => {
  it("by itself has compared and told everything; a candidate that hangs does not keep it", async () => {
    const { code, ending, publishers, stderr } = await end("natural");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(ending).toMatchObject({ calls: 200, mismatched: 200, inFlight: 0 });
    expect(publishers["at once"]).toMatchObject({ accepted: 200, published: 200 });
    expect(publishers["slow"]).toMatchObject({ accepted: 200, published: 200 });
  });

  it("by `process.exit` keeps its code, and the counts say what was not told", async () => {
    const { code, ending, publishers } = await end("exit");
    expect(code).toBe(3);
    expect(ending.mismatched + ending.inFlight).toBe(200);
    const { accepted, published, queued } = publishers["slow"]!;
    expect(published + queued).toBe(accepted);
  });

  it("by SIGTERM under a host's handler that closes has told everything", async () => {
    const { code, report, publishers } = await end("SIGTERM", { signalWhenReady: "SIGTERM" });
    expect(code).toBe(0);
    expect(report).toMatchObject({ complete: true });
    expect(publishers["slow"]).toMatchObject({ accepted: 201, published: 201, queued: 0 });
  });

  it("by an uncaught exception dies of it as it would without us", async () => {
    const { code, stderr } = await end("uncaught");
    expect(code).toBe(1);
    expect(stderr).toContain("the program's own mistake");
  });

  it("by an uncaught exception that the host handles by closing has told everything", async () => {
    const { code, report, publishers } = await end("uncaught, handled");
    expect(code).toBe(4);
    expect(report).toMatchObject({ complete: true });
    expect(publishers["slow"]).toMatchObject({ published: 201 });
  });

  it("by a deadline that is shorter than the queue gives up in time, and says how many were dropped", async () => {
    const { code, report, closedAfterMs, publishers } = await end("deadline");
    expect(code).toBe(0);
    expect(report).toMatchObject({ complete: false });
    expect(closedAfterMs).toBeGreaterThan(250);
    expect(closedAfterMs).toBeLessThan(1_500);
    const { accepted, published, failed, dropped, queued } = publishers["slow"]!;
    expect({ accepted, queued }).toEqual({ accepted: 201, queued: 0 });
    expect(published).toBeGreaterThan(0);
    expect(dropped.closed).toBeGreaterThan(100);
    expect(published + failed + dropped.closed).toBe(201);
    expect(report!.publishers["slow"]).toEqual(publishers["slow"]);
  });

  it("after `await using` has told everything", async () => {
    const { code, publishers } = await end("disposed");
    expect(code).toBe(0);
    expect(publishers["slow"]).toMatchObject({ published: 201, queued: 0 });
  });
});
