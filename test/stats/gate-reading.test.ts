import { describe, expect, it } from "vitest";
import { unitsToCertify } from "../../src/stats/evidence.ts";
import { nounOf, readGate, type GateEvidence } from "../../src/stats/gate-reading.ts";

const risk = 0.01;
const none: GateEvidence = { name: "own", max: 0.01, units: 0, bad: 0, open: 0, calls: 0, badCalls: 0 };
const read = (more: Partial<GateEvidence>) => readGate({ ...none, ...more }, risk);
// Good units that certify 1 %, worked out once: see `unitsToCertify`.
const certified = unitsToCertify(0, 0.01, risk);

describe("where a gate stands", () => {
  it("is open before it has seen anything", () => {
    expect(read({})).toStrictEqual({
      ...{ name: "own", max: 0.01, units: 0, bad: 0, rate: 0, upperBound: 1 },
      ...{ state: "insufficient", moreUnits: certified },
    });
  });

  it.each<readonly [string, Partial<GateEvidence>, object]>([
    ["not yet enough", { units: certified - 1 }, { state: "insufficient", moreUnits: 1 }],
    ["just enough", { units: certified }, { state: "ready", moreUnits: 0, rate: 0 }],
    ["enough once the window has ended", { units: certified - 5, open: 5 }, { state: "insufficient", moreUnits: 0 }],
    ["open ones that do not suffice", { units: certified - 5, open: 3 }, { moreUnits: 2 }],
    [
      "as bad as is tolerated, among enough units",
      { units: 1_000, bad: 10, calls: 1_000, badCalls: 10 },
      { state: "not-ready", rate: 0.01 },
    ],
    ["bad among few units", { units: 10, bad: 1, calls: 10, badCalls: 1 }, { state: "insufficient", rate: 0.1 }],
    [
      "ten times as many bad calls as are tolerated, of one customer",
      { units: certified, calls: 10_000, badCalls: 1_001 },
      { state: "not-ready", moreUnits: 1 },
    ],
    ["just ten times as many", { units: certified, calls: 10_000, badCalls: 1_000 }, { state: "ready", moreUnits: 0 }],
    [
      "such a customer, whose open units help nobody",
      { units: certified, open: 9, calls: 10_000, badCalls: 1_001 },
      { state: "not-ready", moreUnits: 1 },
    ],
    ["such a customer among few units", { units: 5, calls: 10_000, badCalls: 1_001 }, { state: "insufficient" }],
    [
      "an alarm, whatever else it says",
      { units: certified, regressedSince: 7, alarmedBy: { seen: 5, bad: 4 } },
      { state: "regressed", regressedSince: 7, alarmedBy: { seen: 5, bad: 4 } },
    ],
  ])("is told by %s", (_, seen, expected) => {
    expect(read(seen)).toMatchObject(expected);
  });

  it("names what it goes by, that it only shows, and why it is silent before what it leaves out", () => {
    expect(read({ by: "blocks", dryRun: true, note: "a part" })).toMatchObject({
      ...{ by: "blocks", dryRun: true, note: "a part" },
    });
    expect(read({ silence: "no pair", note: "a part" }).note).toBe("no pair");
    expect(read({ dryRun: false })).not.toHaveProperty("dryRun");
    expect((["calls", "blocks", "units", "outside", undefined] as const).map((by) => nounOf(by ? { by } : {}))).toEqual(
      [...["call", "block of 32 pairs", "unit", "unit", "unit"]],
    );
  });
});

describe("a gate that goes by calls", () => {
  const calls = (all: number, badCalls: number, more: Partial<GateEvidence> = {}) =>
    readGate({ ...none, by: "calls", max: 0.05, calls: all, badCalls, ...more }, risk);

  it("holds the share itself against what is tolerated", () => {
    expect(calls(100, 5)).toStrictEqual({
      ...{ name: "own", max: 0.05, by: "calls", units: 100, bad: 5, rate: 0.05, upperBound: 0.05 },
      ...{ state: "ready", moreUnits: 0 },
    });
    expect(calls(100, 5, { dryRun: true })).toMatchObject({ dryRun: true });
    expect(calls(1, 0).state).toBe("ready");
    expect(calls(0, 0)).toMatchObject({ state: "insufficient", rate: 0, moreUnits: 1 });
  });

  it("says only of a hundred calls and more that they are too bad, and how many good ones would mend it", () => {
    expect(calls(99, 6)).toMatchObject({ state: "insufficient", moreUnits: 21 });
    expect(calls(100, 6)).toMatchObject({ state: "not-ready", moreUnits: 20 });
    // 5 % of 121 are more than 6.
    expect(calls(120, 6).state).toBe("ready");
  });
});
