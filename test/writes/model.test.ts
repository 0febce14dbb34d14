import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { courses, emptyModel, ends, System } from "./model.ts";

const given = Number(process.env["WRITES_MODEL_RUNS"] ?? 0);
const mostCommands = given > 100 ? 50 : 25;

describe.each(["memory", "sqlite"] as const)("any course of events in %s", (kind) => {
  const numRuns =
    given > 0 ? given
    : kind === "memory" ? 6
    : 3;

  it("leaves both sides with the same records, each operation once, in order", { timeout: 3_600_000 }, async () => {
    let courseCount = 0;
    await fc.assert(
      fc.asyncProperty(courses(mostCommands), async (commands) => {
        const [model, system] = [emptyModel(), new System(kind)];
        courseCount += 1;
        try {
          await fc.asyncModelRun(() => ({ model, real: system }), commands);
          await ends(model, system);
        } finally {
          await system.close();
        }
      }),
      {
        numRuns,
        ...(process.env["WRITES_MODEL_SEED"] !== undefined && { seed: Number(process.env["WRITES_MODEL_SEED"]) }),
      },
    );
    expect(courseCount).toBeGreaterThanOrEqual(numRuns);
  });
});
