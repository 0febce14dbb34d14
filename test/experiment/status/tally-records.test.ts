import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import type { Publisher, TallyRecord } from "../../../src/index.ts";
import { ramp } from "../../../src/rollout/index.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

function opened(): { lab: Laboratory; tallies: TallyRecord[]; clock: ReturnType<typeof fixedClock> } {
  const tallies: TallyRecord[] = [];
  const clock = fixedClock();
  const counting: Publisher = {
    name: "counting",
    publish: () => {},
    publishTally: (tally) => void tallies.push(tally),
  };
  return { lab: new Laboratory({ publishers: [counting], clock, random: () => 0.5 }), tallies, clock };
}

type CandidateTally = Extract<TallyRecord, { readonly experiment: string }>;

const ofExperiment = (tallies: readonly TallyRecord[], name: string): CandidateTally[] =>
  tallies.filter((tally): tally is CandidateTally => "experiment" in tally && tally.experiment === name);

const added = (tallies: readonly TallyRecord[], name: string, kind: "match" | "mismatch"): number =>
  ofExperiment(tallies, name).reduce((sum, { counts }) => sum + counts[kind], 0);

describe("tallies", () => {
  it("come every 60 s and at the end, each with what was added since the last one", async () => {
    const { lab, tallies, clock } = opened();
    const same = lab.experiment("same", { control: (n: number) => n, candidate: (n: number) => (n < 5 ? n : n + 1) });
    for (let n = 0; n < 7; n++) same(n);
    await lab.settled();
    expect(tallies).toEqual([]);
    await clock.advanceAsync(60_000);
    expect(tallies).toHaveLength(2);
    const [first, own] = tallies;
    expect(first).toMatchObject({
      ...{ v: 2, type: "tally", n: 1, experiment: "same", candidate: "candidate", served: false, epoch: 0 },
      of: { calls: 7, started: 7, newGroups: 1, kept: 1, answered: 0, fellBack: 0, inFlight: 0 },
      ...{ counts: { match: 5, mismatch: 2 }, verdict: "insufficient", otherGroups: 0 },
      evidence: { comparisons: 7, units: 7, gates: { mismatch: { units: 7, bad: 2, max: 0.001 } } },
    });
    expect(Object.values((first as CandidateTally).groups)).toEqual([2]);
    expect(first!.to - first!.from).toBe(60_000);
    expect(own).toMatchObject({ n: 2, publishers: { counting: { accepted: 7, published: 7 } } });
    await clock.advanceAsync(60_000);
    same(1);
    await lab.settled();
    await clock.advanceAsync(60_000);
    same(9);
    await lab.settled();
    await lab.close();
    const told = ofExperiment(tallies, "same");
    expect(told).toHaveLength(3);
    expect(told[1]!.of).toMatchObject({ calls: 1, newGroups: 0, kept: 1 });
    expect(tallies.at(-1)).toMatchObject({ end: true });
    expect(tallies.map(({ n }) => n)).toEqual(tallies.map((_, index) => index + 1));
    const { candidates } = lab.status().experiments["same"]!;
    for (const kind of ["match", "mismatch"] as const) {
      expect(added(tallies, "same", kind)).toBe(candidates["candidate"]!.tally.kinds[kind]);
    }
    const durations = told.map(({ latency }) => latency.control.count);
    expect(durations.reduce((sum, count) => sum + count, 0)).toBe(candidates["candidate"]!.tally.control.count);
  });

  it("are the same for the next publisher, whatever one does to them", async () => {
    const { lab, tallies } = opened();
    lab.experiment("price", { control: () => 1, candidate: () => 2, key: () => "ada", rollout: ramp() })();
    await lab.close();
    expect(tallies.length).toBeGreaterThan(1);
    const isLoose = (data: unknown): boolean =>
      typeof data === "object" && data !== null && (!Object.isFrozen(data) || Object.values(data).some(isLoose));
    expect(tallies.filter(isLoose)).toEqual([]);
  });

  it("count faults, drops and skips, also of an experiment that is replaced", async () => {
    const { lab, tallies } = opened();
    const define = (): ((n: number) => number) =>
      lab.experiment("twice", {
        control: (n: number) => n,
        candidate: (n: number) => n,
        enabled: (n) => {
          if (n === 0) throw new Error("no");
          return n > 1;
        },
        replace: true,
      });
    for (let time = 0; time < 2; time++) {
      const call = define();
      for (let n = 0; n < 4; n++) call(n);
      await lab.settled();
    }
    await lab.close();
    expect(added(tallies, "twice", "match")).toBe(4);
    const all = ofExperiment(tallies, "twice").flatMap(({ of }) => of ?? []);
    const sum = (of: (tally: (typeof all)[number]) => number): number =>
      all.reduce((total, each) => total + of(each), 0);
    expect(sum(({ calls }) => calls)).toBe(8);
    expect(sum(({ skips }) => skips["not-enabled"] ?? 0)).toBe(2);
    expect(sum(({ faults }) => faults["enabled"] ?? 0)).toBe(2);
  });

  it("stand apart by stage, and by whether the candidate was to answer", async () => {
    const { lab, tallies } = opened();
    const half = lab.experiment("half", {
      control: (n: number) => n,
      candidate: (n: number) => n,
      key: String,
      rollout: { serve: 0.5 },
    });
    for (let n = 0; n < 100; n++) half(n);
    await lab.settled();
    await lab.close();
    const told = ofExperiment(tallies, "half");
    expect(told.map(({ stage, share, served }) => [stage, share, served])).toEqual([
      ["ramp", 0.5, false],
      ["ramp", 0.5, true],
    ]);
    const [shadow, answered] = told.map(({ counts }) => counts.match);
    expect(shadow! + answered!).toBe(100);
    expect(told[0]!.of!.answered).toBe(answered);
  });

  it("take no timer where nobody asks for them", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ publishers: [() => undefined], clock });
    lab.experiment("same", { control: () => 1, candidate: () => 1 })();
    await clock.advanceAsync(120_000);
    await lab.close();
    expect(lab.status().experiments["same"]!.matched).toBe(1);
  });
});
