import { describe, expect, it } from "vitest";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import type { Evidence, FleetVerdict } from "../../../src/rollout/stores/store.ts";
import { begun, enough, judging, type Judging } from "./judging.ts";

const minute = 60_000;

describe("what a process reports", () => {
  it.each<readonly [string, (is: Judging["is"]) => void]>([
    ["the state is not known", (is) => void (is.known = false)],
    ["a source allows less", (is) => void (is.limited = true)],
    ["another version runs", (is) => void (is.isCurrent = false)],
  ])("is no evidence where %s", (_, change) => {
    const { judgement, record, is } = judging({ unitWindowMs: minute }, begun, true);
    record(3, { key: "a" });
    expect(judgement.report()).toMatchObject({ candidates: { candidate: { comparisons: 3 } }, units: [{ window: 0 }] });
    change(is);
    expect(judgement.report()).toEqual({ candidates: {}, units: [] });
  });

  it("is no table that has arrived", () => {
    const { judgement, record, is } = judging({ unitWindowMs: minute }, begun, true);
    record(3, { key: "a" });
    is.now = 2 * minute;
    record(1, { key: "a" });
    expect(judgement.report().units.map(({ window }) => window)).toEqual([0, 2]);
    judgement.arrived();
    expect(judgement.report().units).toEqual([]);
    const windows = () => judgement.basis().all.windows.map(({ window }) => window);
    // Four more than are added to may still be asked for.
    is.now = 4 * minute - 1;
    judgement.arrived();
    expect(windows()).toContain(0);
    is.now = 4 * minute;
    judgement.arrived();
    expect(windows()).not.toContain(0);
  });

  it("is that every call counts, where there are no windows", () => {
    const { judgement, record } = judging({ unitWindowMs: 0 }, begun, true);
    record(3, { key: "a" });
    judgement.arrived();
    expect(judgement.report()).toMatchObject({ candidates: { candidate: { units: 3 } }, units: [] });
  });
});

describe("the judge of all processes", () => {
  const evidence = (now: number): Evidence => ({ now, reports: [], units: [] });
  const judge = (options: RampOptions = {}) => judging(options, begun, true);
  const verdictAt = (at: number, more: object = {}): FleetVerdict => ({
    ...{ at, evidenceEpoch: 1, version: "v1", distinct: { all: 0, served: 0 } },
    verdict: judge().judgement.verdict(false),
    ...more,
  });

  it("writes what it found at once, then every 30 s, whichever way the clock went, and where it is another", () => {
    const { judgement, record } = judge({ minimumUnits: 1 });
    const found = judgement.conclude(evidence(100_000))!;
    expect(found.verdict).toMatchObject({
      at: 100_000,
      evidenceEpoch: 1,
      version: "v1",
      verdict: { kind: "insufficient" },
    });
    expect(found.verdict.distinct).toEqual({ all: 0, served: 0 });
    expect(judgement.report().knowsVerdict).toBe(100_000);
    for (const at of [100_001, 129_999, 70_001]) expect(judgement.conclude(evidence(at))).toBeUndefined();
    expect(judgement.conclude(evidence(130_000))!.verdict.at).toBe(130_000);
    expect(judgement.conclude(evidence(100_000))!.verdict.at).toBe(100_000);
    record(enough);
    expect(judgement.conclude(evidence(100_001))!.verdict.verdict.kind).toBe("ready");
  });

  it("writes at once that it is stalled, and tells of it", () => {
    const { judgement, record, kinds } = judge();
    judgement.conclude(evidence(100_000));
    record(200, { kind: "inconclusive" });
    expect(judgement.conclude(evidence(100_001))!.verdict.verdict.stalled).toMatch(/^inconclusive/);
    expect(kinds()).toEqual(["stalled"]);
  });

  it("takes steps by itself, and looks neither with a call nor with a check", () => {
    const { judgement, record, is, kinds, asked } = judge({ onReady: "advance" });
    record(enough);
    judgement.check();
    expect([kinds(), asked]).toEqual([[], []]);
    const stuck = judge();
    stuck.record(200, { kind: "inconclusive" });
    stuck.judgement.check();
    expect(stuck.told).toEqual([]);
    expect(judgement.conclude(evidence(100_000))).toBeDefined();
    expect(kinds()).toEqual(["ready"]);
    expect(asked).toMatchObject([{ kind: "advance", epoch: 1 }]);
    // Where a step was taken, there is nothing to write of the one before.
    const moved = judge({ onReady: "advance" });
    moved.record(enough);
    const host = moved.is;
    moved.asked.push = (...requests) => {
      host.state = { ...begun, epoch: 2, stage: "ramp", share: 0.1 };
      return requests.length;
    };
    expect(moved.judgement.conclude(evidence(100_000))).toBeUndefined();
    expect(is.state.epoch).toBe(1);
  });

  it("takes no step while a process that was heard of lately runs another epoch", () => {
    const { judgement, record, asked } = judge({ onReady: "advance" });
    record(enough);
    const report = { process: "b", epoch: 0, evidenceEpoch: 0, at: 100_000, version: "v1", candidates: {} };
    judgement.conclude({ ...evidence(100_000), reports: [report] });
    expect(asked).toEqual([]);
    judgement.conclude({ ...evidence(100_000), reports: [{ ...report, epoch: 1, evidenceEpoch: 1 }] });
    expect(asked).toHaveLength(1);
  });

  it("acts on an alarm of all processes", () => {
    const { judgement, record, asked } = judge();
    record(200, { kind: "mismatch" });
    expect(asked).toHaveLength(1);
    judgement.conclude(evidence(100_000));
    expect(asked).toHaveLength(1);
  });

  it("is believed by the others, of this epoch and version, unless they see an alarm themselves", () => {
    const { judgement, record, is } = judge();
    const told = { ...judgement.verdict(false), units: 777 };
    expect(judgement.report()).not.toHaveProperty("knowsVerdict");
    judgement.take(verdictAt(5, { verdict: told }));
    expect(judgement.verdict(false)).toBe(told);
    expect(judgement.verdict(true).units).toBe(0);
    expect(judgement.report().knowsVerdict).toBe(5);
    is.version = "v2";
    expect(judgement.verdict(false).units).toBe(0);
    is.version = "v1";
    is.state = { ...begun, epoch: 2 };
    expect(judgement.verdict(false).units).toBe(0);
    is.state = begun;
    expect(judgement.verdict(false)).toBe(told);
    record(200, { kind: "mismatch" });
    expect(judgement.verdict(false).kind).toBe("regressed");
    judgement.startAfresh(1_000);
    expect(judgement.report()).not.toHaveProperty("knowsVerdict");
  });

  it("is not believed where what it wrote cannot be read, which is a fault", () => {
    const { judgement, faults } = judge();
    judgement.take({ at: "yesterday" } as never);
    expect(judgement.report()).not.toHaveProperty("knowsVerdict");
    expect(faults).toEqual([
      "store: Error: The verdict of all processes cannot be read: the next judge writes it anew",
    ]);
  });
});
