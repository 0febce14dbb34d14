import { describe, expect, it } from "vitest";
import { simulated } from "../../../scripts/simulation/in-memory.ts";
import { tableOf } from "../../../scripts/simulation/tables.ts";

// `npm run simulate` has 500 processes, a day, and the other stores too.
describe("a simulated fleet, for an hour", () => {
  it(
    "is never called ready at the tolerated rate, and is out where it is wrong within a minute, 15 s and a poll",
    { timeout: 300_000 },
    async () => {
      const pollMs = 10_000;
      const simulation = { processes: 5, keys: 1_000_000, callsPerMinute: 60, minutes: 60, pollMs, seed: 1 };
      const done = await simulated(simulation);
      const { outcome, load, faults, calls } = done;
      expect(calls).toBe(3 * 5 * 60 * 60);
      expect(outcome).toMatchObject({ trials: 2, falseReadies: 0, falseRollbacks: 0 });
      // Other changes are smaller: the first one is 5 % wrong in every process, the second half of what one in ten answers.
      const large = outcome.detections.filter(({ change }) => !change.startsWith("1 %"));
      expect(large.length).toBeGreaterThanOrEqual(2);
      // As often as the story looks: every second.
      for (const { afterMs } of large) expect(afterMs).toBeLessThanOrEqual(60_000 + 15_000 + 1.2 * pollMs + 1_000);
      expect(faults).toEqual({});
      // One exchange a process and poll, for all three experiments, and some more after changes.
      expect(load.calls["sync"]).toBeGreaterThan((5 * 3_600_000) / (1.2 * pollMs));
      expect(load.calls["sync"]).toBeLessThan((1.5 * 5 * 3_600_000) / pollMs);
      expect(tableOf([{ store: "memory", pollMs, ...done }])).toContain(
        "| called ready at the tolerated rate | 0 in 2 times |",
      );
    },
  );
});
