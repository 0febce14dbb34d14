import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { courses, emptyModel, ends, System } from "./model.ts";
import { endsSwitched, switchCourses } from "./switch-model.ts";

const given = Number(process.env["WRITES_MODEL_RUNS"] ?? 0);
const mostCommands = given > 100 ? 50 : 25;

describe.each(["memory", "sqlite"] as const)("any course of events in %s", (kind) => {
  const numRuns =
    given > 0 ? given
    : kind === "memory" ? 6
    : 3;

  it.each([
    ["of writes, failures and persons", courses, ends, 1],
    ["with switches there and back, and reconciliations", switchCourses, endsSwitched, 0.5],
  ] as const)(
    "%s leaves both sides with the same records, each operation once, in order",
    { timeout: 3_600_000 },
    async (_, drawn, end, part) => {
      let courseCount = 0;
      await fc.assert(
        fc.asyncProperty(drawn(Math.ceil(mostCommands * (given > 0 ? 1 : part))), async (commands) => {
          const [model, system] = [emptyModel(), new System(kind)];
          courseCount += 1;
          try {
            await fc.asyncModelRun(() => ({ model, real: system }), commands);
            await end(model, system);
          } finally {
            await system.close();
          }
        }),
        {
          numRuns: Math.ceil(numRuns * (given > 0 ? 1 : part)),
          ...(process.env["WRITES_MODEL_SEED"] !== undefined && { seed: Number(process.env["WRITES_MODEL_SEED"]) }),
        },
      );
      expect(courseCount).toBeGreaterThanOrEqual(Math.ceil(numRuns * (given > 0 ? 1 : part)));
    },
  );
});
