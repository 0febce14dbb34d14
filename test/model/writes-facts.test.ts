import { describe, expect, it } from "vitest";
import { writesFacts } from "../../src/model/writes-facts.ts";
import type { WritesStanding } from "../../src/model/writes-standing.ts";

const none = { rows: 0, oldestMs: 0, dead: 0, blocked: 0, skipped: 0 };
const quiet: WritesStanding = {
  ...{ at: 0, stage: "shadow", share: 0, lag: { control: none, candidate: none } },
  holders: [["control", 64]],
};

const factsOf = (writes: WritesStanding, now = 0): Record<string, string> =>
  Object.fromEntries(writesFacts(writes, now).map(({ name, fact }) => [name, fact]));

describe("what is said of parallel writes", () => {
  it("is short where all is well", () => {
    const lastReconciliation = { at: 0, clean: true, keys: 1, findings: 0, inconclusive: 0, invariants: 0 };
    expect(factsOf({ ...quiet, lastReconciliation }, 60_000)).toEqual({
      buckets: "all 64 control's; the stage is shadow",
      "control → candidate": "nothing waits",
      "candidate → control": "nothing waits",
      reconciled: "clean, 1 min ago: 0 findings of 1 record",
      read: "1970-01-01 00:00:00 UTC, 1 min ago",
    });
  });

  it("names what is wrong, with its number", () => {
    const control = { rows: 12_000, oldestMs: 90_000, dead: 2, blocked: 1, skipped: 3 };
    const lastReconciliation = { at: 0, clean: false, keys: 2_000, findings: 1, inconclusive: 4, invariants: 1 };
    expect(factsOf({ ...quiet, lag: { control, candidate: none }, lastReconciliation })).toMatchObject({
      "control → candidate":
        "12 000 operations waiting, the oldest for 1.5 min, 2 DEAD, 1 record BLOCKED, 3 skipped since the last reconciliation",
      reconciled: "NOT CLEAN, now: 1 finding of 2 000 records, 4 inconclusive, 1 invariant broken",
    });
    expect(factsOf(quiet)["reconciled"]).toBe("never: no bucket moves to the candidate");
  });

  it("names the buckets of each holder by their numbers", () => {
    const holders = [
      ["candidate", 15],
      ["control", 1],
      ["candidate", 1],
      ["moving", 1],
      ["control", 46],
    ] as const;
    expect(factsOf({ ...quiet, stage: "ramp", share: 0.25, holders })["buckets"]).toBe(
      "candidate 0-14, 16; control 15, 18-63; moving 17; the stage is ramp at 25 %",
    );
    expect(factsOf({ ...quiet, holders: [["unknown", 64]] })["buckets"]).toBe("all 64 unknown; the stage is shadow");
  });
});
