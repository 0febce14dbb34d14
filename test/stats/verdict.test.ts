import { describe, expect, it } from "vitest";
import type { Result } from "../../src/model/result.ts";
import { CandidateEvidence } from "../../src/stats/candidate-evidence.ts";
import { unitsToCertify } from "../../src/stats/evidence.ts";
import { checkGates, gates as gatesOf } from "../../src/stats/gates.ts";
import { sample, seeded } from "./sample.ts";

// Fixed, so that the same keys share places in every run.
const secret = "000102030405060708090a0b0c0d0e0f";

const gates = [gatesOf.mismatches(0.01)];

function evidenceOf(units: number, bad: number, everyMs = 100): CandidateEvidence {
  const evidence = new CandidateEvidence({ secret, gates });
  for (let unit = 0; unit < units; unit++) {
    // Bad ones first and apart from each other, so that no alarm comes.
    const kind = unit % 200 === 0 && unit / 200 < bad ? "mismatch" : "match";
    evidence.record(sample({ kind, at: unit * everyMs }));
  }
  return evidence;
}

describe("a verdict", () => {
  it("is insufficient for want of traffic when nothing was compared", () => {
    expect(evidenceOf(0, 0).verdict("v2", {})).toMatchObject({
      kind: "insufficient",
      missing: "no-traffic",
      candidate: "v2",
      units: 0,
      moreUnits: 521,
    });
  });

  it("says how many more units are needed, and how long that takes at the present rate", () => {
    expect(evidenceOf(101, 0).verdict("v2", {})).toMatchObject({
      kind: "insufficient",
      missing: "too-few",
      moreUnits: 521 - 101,
      moreMs: 42_000,
    });
  });

  it("is ready at the very unit that certifies", () => {
    expect(evidenceOf(520, 0).verdict("v2", {}).kind).toBe("insufficient");
    expect(evidenceOf(521, 0).verdict("v2", {})).toMatchObject({ kind: "ready", confidence: 0.99 });
    expect(evidenceOf(853, 1).verdict("v2", {}).kind).toBe("ready");
  });

  it("is insufficient for want of time when only time is missing", () => {
    expect(evidenceOf(600, 0).verdict("v2", { minimumTimeMs: 70_000, elapsedMs: 60_000 })).toMatchObject({
      kind: "insufficient",
      missing: "too-short",
      moreMs: 10_000,
      moreUnits: 0,
    });
  });

  it("wants a minimum of units beyond what the gates want", () => {
    expect(evidenceOf(600, 0).verdict("v2", { minimumUnits: 700 })).toMatchObject({
      missing: "too-few",
      moreUnits: 100,
    });
  });

  it("is not ready when a gate sees more than it tolerates on enough units", () => {
    const verdict = evidenceOf(600, 3).verdict("v2", {});
    expect(verdict.kind).toBe("insufficient");
    const above = new CandidateEvidence({ secret, gates, falseAlarmEvery: 1e9 });
    for (let unit = 0; unit < 600; unit++) above.record(sample({ kind: unit % 80 === 0 ? "mismatch" : "match" }));
    expect(above.verdict("v2", {})).toMatchObject({ kind: "not-ready" });
    expect(above.verdict("v2", {}).reasons[0]).toMatch(/mismatch: 1\.33 % of 600 units, at most 1 % tolerated/);
  });

  it("names the gate that alarmed, and since when", () => {
    const evidence = evidenceOf(5_000, 0);
    for (let unit = 0; unit < 100; unit++) evidence.record(sample({ kind: "mismatch", at: 1_000_000 + unit }));
    expect(evidence.alarmed).toBe("mismatch");
    expect(evidence.verdict("v2", {})).toMatchObject({ kind: "regressed", gate: "mismatch", since: 1_000_000 });
  });

  it("never calls a candidate ready that was only ever inconclusive", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    for (let unit = 0; unit < 5_000; unit++) evidence.record(sample({ kind: "inconclusive" }));
    expect(evidence.verdict("v2", {})).toMatchObject({ kind: "insufficient", missing: "too-few", moreUnits: 521 });
  });

  it("counts a timeout as a mismatch and an error", () => {
    const timedOut = sample({ kind: "timed-out", candidateMs: 1 });
    for (const each of [gatesOf.mismatches(), gatesOf.errors()]) expect(each.penalty(timedOut)).toBe(1);
  });

  it("does not blame the candidate for throwing where control throws too", () => {
    expect(gatesOf.errors().penalty(sample({ candidateThrew: true, controlThrew: true }))).toBe(0);
    expect(gatesOf.errors().penalty(sample({ candidateThrew: true }))).toBe(1);
  });
});

describe("units", () => {
  const minute = 60_000;

  it("are each key once in each window, and bad when any of its comparisons was", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    const add = (key: string, at: number, kind: "match" | "mismatch" = "match"): void =>
      evidence.record(sample({ key, at, kind }));
    add("a", 0);
    add("a", 1_000, "mismatch");
    add("a", 2_000, "mismatch");
    add("b", 3_000);
    expect(evidence.totals().gates["mismatch"]).toEqual({ units: 1, bad: 1, calls: 4, badCalls: 2 });
    add("a", minute);
    expect(evidence.units).toBe(3);
    expect(evidence.totals().gates["mismatch"]).toEqual({ units: 2, bad: 1, calls: 5, badCalls: 2 });
  });

  it("are no evidence before their window has ended, since they may yet turn bad", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    for (let unit = 0; unit < 700; unit++) evidence.record(sample({ key: `k${unit}`, at: unit }));
    expect(evidence.verdict("v2", { now: 10_000 })).toMatchObject({
      kind: "insufficient",
      missing: "too-short",
      moreUnits: 0,
      moreMs: 50_000,
    });
    expect(evidence.verdict("v2", { now: minute }).kind).toBe("ready");
  });

  it("count in their own window when they are told late, and as few as windows when their key is always the same", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    for (let second = 0; second < 600; second++) {
      for (const lateMs of [0, 9_000, 30_000]) {
        evidence.record(sample({ key: "one", at: Math.max(0, second * 1_000 - lateMs) }));
      }
    }
    expect(evidence.units).toBe(10);
  });

  it("go on after the clock was set back an hour", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    evidence.record(sample({ key: "a", at: 100 * minute }));
    evidence.record(sample({ key: "a", at: 40 * minute }));
    evidence.record(sample({ key: "b", at: 41 * minute }));
    expect(evidence.units).toBe(3);
    expect(evidence.totals().gates["mismatch"]).toMatchObject({ units: 2 });
  });

  it("are not used up by comparisons that say nothing", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    evidence.record(sample({ key: "a", kind: "inconclusive" }));
    evidence.record(sample({ key: "a" }));
    expect(evidence.verdict("v2", { now: minute }).gates[0]).toMatchObject({ units: 1, bad: 0 });
  });

  it("are bad as often as a penalty between good and bad says", () => {
    const half = gatesOf.custom({ name: "half", max: 0.9, of: () => 0.5 });
    const evidence = new CandidateEvidence({ secret, gates: [half], falseAlarmEvery: 1e12 });
    for (let unit = 0; unit < 4_000; unit++) {
      const one = sample({ key: `k${unit}`, at: unit * 100, result: () => ({}) as Result });
      evidence.record(one);
      evidence.record(one);
    }
    const { units, bad } = evidence.verdict("v2", { now: 1e7 }).gates[0]!;
    expect(Math.abs(bad / units - 0.5)).toBeLessThan(0.03);
  });

  it("lose some keys to a shared place, and count none twice", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    for (let round = 0; round < 2; round++) {
      for (let key = 0; key < 10_000; key++) evidence.record(sample({ key: `customer-${key}` }));
      expect(evidence.units).toBeGreaterThan(9_000);
      expect(evidence.units).toBeLessThan(9_500);
    }
  });

  it("alarm within a few calls when everything fails in the middle of a window", () => {
    const evidence = new CandidateEvidence({ secret, gates: [gatesOf.mismatches(0.001)] });
    let at = 0;
    for (let call = 0; call < 20_000; call++) evidence.record(sample({ key: `k${call % 500}`, at: at++ }));
    let wrong = 0;
    while (evidence.alarmed === undefined && wrong < 1_000) {
      evidence.record(sample({ key: `k${wrong++ % 500}`, at: at++, kind: "mismatch" }));
    }
    expect(wrong).toBeLessThan(10);
  });

  it("do not alarm at one customer's burst, and never make a candidate ready that is always wrong for one", () => {
    const evidence = new CandidateEvidence({ secret, gates: [gatesOf.mismatches(0.001)] });
    let at = 0;
    for (let call = 0; call < 100_000; call++) {
      const isHeavy = call % 10 < 3;
      const key = isHeavy ? "heavy" : `k${call % 5_000}`;
      evidence.record(sample({ key, at: (at += 10), kind: isHeavy ? "mismatch" : "match" }));
    }
    expect(evidence.alarmed).toBeUndefined();
    const verdict = evidence.verdict("v2", { now: 1e9 });
    expect(verdict.kind).toBe("not-ready");
    expect(verdict.reasons[0]).toBe("mismatch: 30 % of 100 000 calls, more than ten times the 0.1 % tolerated.");
  });

  it("rest on a minimum of distinct keys", () => {
    const evidence = new CandidateEvidence({ secret, gates });
    for (let window = 0; window < 60; window++) {
      for (let key = 0; key < 20; key++) evidence.record(sample({ key: `k${key}`, at: window * minute }));
    }
    const verdict = evidence.verdict("v2", { minimumKeys: 102, now: 1e9 });
    expect(verdict).toMatchObject({ kind: "insufficient", missing: "too-few", moreUnits: 82 });
    expect(verdict.reasons).toEqual(["On 20 keys so far, and 102 are needed."]);
    expect(evidence.verdict("v2", { minimumKeys: 20, now: 1e9 }).kind).toBe("ready");
  });

  it("keep a candidate from ready that is bad at the tolerated rate, by one of twenty calls of a key", () => {
    const random = seeded(9);
    const [max, runs] = [0.01, 100];
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      const evidence = new CandidateEvidence({ secret, gates: [gatesOf.mismatches(max)], falseAlarmEvery: 1e12 });
      let ready = false;
      for (let window = 0; window < 6 && !ready; window++) {
        const badCall = Array.from({ length: 600 }, () => (random() < max ? Math.floor(random() * 20) : -1));
        for (let call = 0; call < 20 && !ready; call++) {
          const at = window * minute + call * 3_000;
          badCall.forEach((bad, key) =>
            evidence.record(sample({ key: `k${key}`, at, kind: call === bad ? "mismatch" : "match" })),
          );
          ready = evidence.verdict("v2", { now: at }).kind === "ready";
        }
      }
      if (ready) wrong++;
    }
    expect(wrong / runs).toBeLessThanOrEqual(0.01 + 3 * Math.sqrt((0.01 * 0.99) / runs));
  });

  it("keep bursts of 20 from calling an unready candidate ready: at most 1 % of runs, where calls would in most", () => {
    const random = seeded(3);
    const [max, bursts, runs] = [0.01, 1_500, 150];
    const wrong = { units: 0, calls: 0 };
    for (const [counted, unitWindowMs] of [
      ["units", 60_000],
      ["calls", 0],
    ] as const) {
      for (let run = 0; run < runs; run++) {
        const evidence = new CandidateEvidence({
          secret,
          gates: [gatesOf.mismatches(max)],
          unitWindowMs,
          falseAlarmEvery: 1e12,
        });
        let ready = false;
        for (let burst = 0; burst < bursts && !ready; burst++) {
          const kind = random() < max ? "mismatch" : "match";
          const one = sample({ kind, key: `customer-${burst}`, at: burst * 60_000 });
          for (let call = 0; call < 20; call++) evidence.record(one);
          const { units, bad } = evidence.totals().gates["mismatch"]!;
          ready = units >= 521 && units >= (needed[bad] ??= unitsToCertify(bad, max, 0.01));
        }
        if (ready) wrong[counted]++;
      }
    }
    expect(wrong.units / runs).toBeLessThanOrEqual(0.01 + 3 * Math.sqrt((0.01 * 0.99) / runs));
    expect(wrong.calls / runs).toBeGreaterThan(0.5);
  });
  const needed: number[] = [];
});

describe("a gate of one's own", () => {
  const slowDatabase = (of: (result: Result) => unknown) =>
    gatesOf.custom({ name: "slow-database", max: 0.1, of: of as (result: Result) => number });

  it("is asked with the whole result", () => {
    const result = { id: "1" } as Result;
    const evidence = new CandidateEvidence({ secret, gates: [slowDatabase((given) => (given === result ? 0.5 : 1))] });
    evidence.record(sample({ result: () => result }));
    expect(evidence.totals().gates["slow-database"]).toMatchObject({ units: 1, bad: 0.5 });
  });

  it.each([2, -0.1, NaN, "1", null])("is a fault when it returns %j, and says nothing then", (given) => {
    const faults: unknown[] = [];
    const evidence = new CandidateEvidence({
      secret,
      gates: [slowDatabase(() => given)],
      onFault: (error) => faults.push(error),
    });
    evidence.record(sample({ result: () => ({}) as Result }));
    expect(faults).toEqual([expect.any(RangeError)]);
    expect(evidence.totals().gates["slow-database"]!.units).toBe(0);
  });

  it("is a fault when it throws, and says nothing then", () => {
    const faults: unknown[] = [];
    const thrown = new Error("no");
    const throwing = slowDatabase(() => {
      throw thrown;
    });
    const evidence = new CandidateEvidence({ secret, gates: [throwing], onFault: (error) => faults.push(error) });
    evidence.record(sample({ result: () => ({}) as Result }));
    expect(faults).toEqual([thrown]);
    expect(evidence.units).toBe(1);
  });

  it.each([
    [
      () => gatesOf.mismatches(0),
      /gates\.mismatches: expected `max` to be a rate between 0 and 1, both excluded, got 0/,
    ],
    [() => gatesOf.mismatches(1), /got 1$/],
    [() => gatesOf.slower({ ratio: 0.5 }), /`ratio`.*at least 1/],
    [() => gatesOf.custom({ name: "", max: 0.1, of: () => 0 }), /`name`/],
    [() => gatesOf.custom({ name: "a", of: () => 0 } as never), /`max`.*got undefined/],
    [() => gatesOf.custom({ name: "a", max: 0.1 } as never), /`of`/],
    [() => checkGates("ramp", []), /ramp: expected `gates`/],
    [() => checkGates("ramp", [gatesOf.mismatches(), gatesOf.mismatches()]), /a name that no other gate has/],
    [() => checkGates("ramp", [null as never]), /gates\[0\]/],
  ])("is refused when it is described wrongly (%#)", (make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "invalid-option", message: expect.stringMatching(message) }));
  });
});

describe("matches of which nothing else is known", () => {
  it("weigh as much as told one by one, but say nothing of latencies", () => {
    const defaults = new CandidateEvidence({ secret });
    defaults.matched(1_000, 5_000);
    const verdict = defaults.verdict("v2", {});
    expect(verdict).toMatchObject({ comparisons: 1_000, units: 1_000 });
    expect(Object.fromEntries(verdict.gates.map(({ name, units }) => [name, units]))).toEqual({
      mismatch: 1_000,
      "candidate-error": 1_000,
      inconclusive: 1_000,
      "slower-than": 0,
    });
    defaults.record(sample({ kind: "mismatch", at: 6_000 }));
    expect(defaults.verdict("v2", {}).gates[0]).toMatchObject({ units: 1_001, bad: 1 });
  });

  it("add nothing when there are none", () => {
    const evidence = new CandidateEvidence({ secret });
    evidence.matched(0, 5_000);
    expect(evidence.totals().comparisons).toBe(0);
  });
});
