import { describe, expect, it } from "vitest";
import { Laboratory, memoryPublisher, type Fault } from "../../../src/index.ts";
import type { CandidateTally } from "../../../src/model/tally-record.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { standing } from "../../../src/testing/store-writes.ts";

describe("what a comparison says of parallel writes", () => {
  it("is told in a quiet minute, too, and once each time that it was read", async () => {
    const clock = fixedClock();
    const publisher = memoryPublisher();
    const lab = new Laboratory({ clock, publishers: [publisher] });
    let at = 1;
    lab.comparison("payments", { writes: () => standing(at) });
    lab.comparison("others");
    await clock.advanceAsync(180_000);
    at = 2;
    await clock.advanceAsync(180_000);
    await lab.close();
    const told = publisher.tallies.flatMap((tally) => {
      const { experiment, of } = tally as CandidateTally;
      return of?.writes === undefined ? [] : [[experiment, of.writes.at, of.calls]];
    });
    expect(told).toEqual([
      ["payments", 1, 0],
      ["payments", 2, 0],
    ]);
  });

  it("is a counted fault where it throws, and left out", async () => {
    const clock = fixedClock();
    const publisher = memoryPublisher();
    const faults: Fault[] = [];
    const lab = new Laboratory({ clock, publishers: [publisher], onFault: (fault) => faults.push(fault) });
    const error = new Error("no");
    lab.comparison("payments", {
      writes: () => {
        throw error;
      },
    });
    await clock.advanceAsync(60_000);
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect(fault).toMatchObject({ operation: "report", error, experiment: "payments" });
    expect(lab.status().experiments["payments"]!.writes).toBeUndefined();
    expect(JSON.stringify(publisher.tallies)).not.toContain('"writes"');
    await lab.close();
  });

  it("is refused at definition where it is no function", () => {
    const lab = new Laboratory();
    expect(() => lab.comparison("payments", { writes: standing(1) as never })).toThrow(
      'comparison("payments"): expected `writes` to be a function',
    );
  });
});
