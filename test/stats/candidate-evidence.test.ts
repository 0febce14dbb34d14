import { describe, expect, it } from "vitest";
import { CandidateEvidence } from "../../src/stats/candidate-evidence.ts";
import type { EvidenceOptions, FleetReading } from "../../src/stats/evidence-totals.ts";
import type { Gate } from "../../src/stats/gates.ts";
import { KeyedHash } from "../../src/stats/keyed-hash.ts";
import { KeyWindows } from "../../src/stats/key-windows.ts";
import { pairsPerBlock } from "../../src/stats/timed-pairs.ts";
import { sample } from "./sample.ts";

const secret = "000102030405060708090a0b0c0d0e0f";
const isBad: Gate["penalty"] = ({ kind }) => (kind === "mismatch" ? 1 : 0);
const units: Gate = { name: "units", max: 0.01, penalty: isBad };
const calls: Gate = { name: "calls", max: 0.05, by: "calls", penalty: isBad };
const blocks: Gate = { name: "blocks", max: 0.01, by: "blocks", penalty: isBad };
const penalized = (penalty: unknown): Gate => ({ name: "penalized", max: 0.5, penalty: () => penalty as number });

const evidenceOf = (gates: readonly Gate[], more: EvidenceOptions = {}): CandidateEvidence =>
  new CandidateEvidence({ gates, secret, ...more });
const wrong = (key: string | undefined, at: number) => sample({ key, at, kind: "mismatch" });

describe("what is read of evidence", () => {
  it("is nothing before the first comparison", () => {
    expect(evidenceOf([units]).reading(5)).toEqual({
      comparisons: 0,
      units: 0,
      keys: 0,
      windowMs: 60_000,
      unkeyed: { units: 0, gates: {} },
      gates: { units: { max: 0.01, units: 0, bad: 0, open: 0, calls: 0, badCalls: 0, failed: 0 } },
      windows: [],
    });
    const { windowMs, window } = evidenceOf([units], { unitWindowMs: 0 }).reading(5);
    expect([windowMs, window]).toEqual([0, undefined]);
  });

  it("counts calls for gates that go by calls, and each key once for the others", () => {
    const evidence = evidenceOf([units, calls]);
    evidence.record(sample({ key: "a", at: 1_000 }));
    evidence.record(wrong("a", 2_000));
    evidence.record(wrong("b", 3_000));
    evidence.record(sample({ key: "c", at: 4_000 }));
    evidence.record(wrong(undefined, 5_000));
    evidence.record(sample({ at: 6_000 }));
    const read = evidence.reading(6_000);
    expect(read).toMatchObject({ comparisons: 6, units: 5, keys: 5, firstAt: 1_000, lastAt: 6_000, window: 0 });
    expect(read.gates["units"]).toMatchObject({ units: 5, bad: 3, open: 1, calls: 6, badCalls: 3 });
    expect(read.gates["calls"]).toMatchObject({ by: "calls", units: 0, bad: 0, open: 0, calls: 6, badCalls: 3 });
    expect(read.unkeyed).toEqual({ units: 2, gates: { units: { units: 2, bad: 1 } } });
    expect(evidence.totals()).toEqual({
      comparisons: 6,
      units: 5,
      keys: 5,
      gates: { units: { units: 4, bad: 3, calls: 6, badCalls: 3 }, calls: { units: 0, bad: 0, calls: 6, badCalls: 3 } },
    });
    // What is good in a window is evidence once it has ended, by a look as by a comparison.
    expect(evidence.reading(60_000)).toMatchObject({ window: 1, gates: { units: { open: 0 } } });
    expect(evidence.reading(59_000).window).toBe(1);
  });

  it("has nobody's unit in what is inconclusive, with a key or without", () => {
    const evidence = evidenceOf([calls]);
    evidence.record(sample({ kind: "inconclusive", at: 1 }));
    evidence.record(sample({ key: "a", kind: "inconclusive", at: 2 }));
    expect(evidence.reading(2)).toMatchObject({ comparisons: 2, units: 0, keys: 0, unkeyed: { units: 0 } });
    evidence.record(sample({ key: "a", at: 3 }));
    expect([evidence.units, evidence.keys, evidence.comparisons]).toEqual([1, 1, 3]);
  });

  it("takes a timed block for a unit of its own, whatever its key", () => {
    const evidence = evidenceOf([blocks]);
    for (let call = 0; call < 5; call++)
      evidence.record(call === 3 ? wrong("a", call) : sample({ key: "a", at: call }));
    const { gates, windows } = evidence.reading(5);
    expect(gates["blocks"]).toMatchObject({ by: "blocks", units: 5, bad: 1, open: 0 });
    expect(windows).toEqual([]);
  });

  it("makes as many keys bad as the penalty says", () => {
    const badOf = (penalty: number): number => {
      const evidence = evidenceOf([penalized(penalty)]);
      for (let key = 0; key < 2_000; key++) evidence.record(sample({ key: `k${key}`, at: 1 }));
      return evidence.reading(1).gates["penalized"]!.bad;
    };
    expect(badOf(0)).toBe(0);
    expect(badOf(1)).toBe(badOf(0.9999999999));
    expect(Math.abs(badOf(0.25) / 2_000 - 0.25)).toBeLessThan(0.05);
    expect(Math.abs(badOf(0.75) / 2_000 - 0.75)).toBeLessThan(0.05);
  });

  it.each([2, -0.1, NaN, "1", null])("counts %o of a gate as a failure, and says which gate it was", (penalty) => {
    const faults: unknown[] = [];
    const evidence = evidenceOf([penalized(penalty)], { onFault: (error) => faults.push(error) });
    evidence.record(sample());
    evidence.record(sample());
    expect(evidence.reading(1).gates["penalized"]).toMatchObject({ failed: 2, units: 0, calls: 0 });
    expect(faults).toHaveLength(2);
    expect(String(faults[0])).toBe(`RangeError: Gate penalized returned ${String(penalty)}, which is not from 0 to 1`);
    expect(() => evidenceOf([penalized(penalty)]).record(sample())).not.toThrow();
  });

  it("leaves the failure of a promise that a gate returns to nobody", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const evidence = evidenceOf([penalized(Promise.reject(new Error("of nobody")))]);
    evidence.record(sample());
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(evidence.reading(1).gates["penalized"]).toMatchObject({ failed: 1, units: 0 });
  });

  it("asks no gate about a plain match that is good for it, and about any other", () => {
    const asked: string[] = [];
    const gate: Gate = { ...units, matched: 0, penalty: ({ kind, fellBack, aboutControl }) => (asked.push(`${kind} ${String(fellBack)} ${String(aboutControl)}`), 1) }; // prettier-ignore
    const evidence = evidenceOf([gate]);
    evidence.record(sample());
    evidence.record(sample({ kind: "ignored" }));
    evidence.record(sample({ fellBack: "threw" }));
    evidence.record(sample({ aboutControl: "late" }));
    expect(asked).toEqual(["ignored undefined undefined", "match threw undefined", "match undefined late"]);
    expect(evidence.reading(1).gates["units"]).toMatchObject({ units: 4, bad: 3 });
  });

  it("tells of a judge that remembers why it is silent, and what it leaves out", () => {
    const judge = { penalty: () => undefined, silence: () => "it was too fast", note: () => "but for the slow" };
    const remembers: Gate = { ...units, dryRun: true, begin: () => judge };
    const { gates } = evidenceOf([remembers, { ...units, name: "plain", dryRun: false }]).reading(1);
    expect(gates["units"]).toMatchObject({
      dryRun: true,
      remembers: true,
      silence: judge.silence(),
      note: judge.note(),
    });
    expect(Object.keys(gates["plain"]!)).toEqual(["max", "units", "bad", "open", "calls", "badCalls", "failed"]);
    const [silent] = evidenceOf([{ ...units, begin: () => ({ ...judge, silence: () => undefined, note: () => undefined }) }]).verdict("c", {}).gates; // prettier-ignore
    expect(silent).not.toHaveProperty("note");
  });
});

describe("matches that are counted at once", () => {
  it("are units without a key, and good for gates that say so", () => {
    const told: unknown[] = [];
    const timed: Gate = { ...units, name: "timed", begin: () => ({ penalty: isBad, untimed: (times, since) => told.push([times, since]) }) }; // prettier-ignore
    const evidence = evidenceOf([
      { ...units, matched: 0 },
      { ...calls, matched: 0 },
      timed,
      { ...units, name: "mute" },
    ]);
    evidence.matched(0, 5);
    evidence.matched(-1, 5);
    expect(evidence.reading(5)).toMatchObject({ comparisons: 0 });
    expect(evidence.reading(5)).not.toHaveProperty("firstAt");
    evidence.matched(3, 1_000, 2_000);
    evidence.matched(4, 3_000);
    const read = evidence.reading(3_000);
    expect(read).toMatchObject({ comparisons: 7, units: 7, keys: 7, firstAt: 1_000, lastAt: 3_000 });
    expect(read.unkeyed).toEqual({ units: 7, gates: { units: { units: 7, bad: 0 } } });
    expect(read.gates["units"]).toMatchObject({ units: 7, calls: 7, bad: 0 });
    expect(read.gates["calls"]).toMatchObject({ units: 0, calls: 7 });
    expect(read.gates["timed"]).toMatchObject({ units: 0, calls: 0 });
    expect(told).toEqual([
      [3, 1_000],
      [4, 3_000],
    ]);
  });

  it("are no more keys than a table tells apart", () => {
    const evidence = evidenceOf([units]);
    evidence.matched(70_000, 1);
    expect([evidence.keys, evidence.totals().keys]).toEqual([65_536, 65_536]);
  });
});

describe("an alarm", () => {
  const until = (evidence: CandidateEvidence, key?: string): number => {
    for (let call = 1; call <= 50; call++) {
      evidence.record(wrong(key === undefined ? undefined : `${key}${call}`, 100 * call));
      if (evidence.alarmed !== undefined) return call;
    }
    return Infinity;
  };

  it("names its gate, and says since when and by what", () => {
    const evidence = evidenceOf([calls, units], { falseAlarmEvery: 1e4 });
    evidence.record(sample({ at: 1 }));
    const bad = until(evidence);
    expect(evidence.alarmed).toBe("units");
    expect(bad).toBeLessThan(10);
    const { regressedSince, alarmedBy } = evidence.reading(9_999).gates["units"]!;
    expect({ regressedSince, alarmedBy }).toEqual({ regressedSince: 100, alarmedBy: { seen: bad, bad } });
    expect(evidence.verdict("c", {}).gates[1]).toMatchObject({ regressedSince: 100, alarmedBy: { seen: bad, bad } });
    expect(evidence.reading(9_999).gates["calls"]).not.toHaveProperty("regressedSince");
    expect(evidence.reading(9_999).gates["calls"]).not.toHaveProperty("alarmedBy");
    expect(evidence.verdict("c", {}).gates[0]).not.toHaveProperty("alarmedBy");
    expect(evidence.verdict("c", {}).gates[0]).not.toHaveProperty("regressedSince");
  });

  it("stays the first one's, and none is of a gate that is only tried or goes by calls", () => {
    const first = evidenceOf([{ ...units, name: "slow", max: 0.2 }, units], { falseAlarmEvery: 1e4 });
    until(first);
    expect(first.alarmed).toBe("units");
    for (let call = 0; call < 200; call++) first.record(wrong(undefined, call));
    expect(first.alarmed).toBe("units");
    for (const key of [undefined, "k"]) {
      expect(until(evidenceOf([{ ...units, dryRun: true }, calls]), key)).toBe(Infinity);
      expect(until(evidenceOf([units]), key)).toBeLessThan(20);
      expect(until(evidenceOf([blocks]), key)).toBeLessThan(20);
    }
  });

  it("comes falsely once in 100 000 units a gate by default, of blocks in as many pairs", () => {
    const later = (gates: readonly Gate[], every: number): void =>
      expect(until(evidenceOf(gates))).toBe(until(evidenceOf(gates, { falseAlarmEvery: every })));
    // A rate at which each power of ten takes a bad unit more.
    const fine: Gate = { ...units, max: 0.3 };
    later([fine], 1e5);
    later([fine, { ...fine, name: "other" }, calls, { ...calls, name: "more" }], 2e5);
    const many = Array.from({ length: 30 }, (_, index) => ({ ...fine, name: `gate ${index}` }));
    later(many, 3e6);
    const alone = (gate: Gate, every: number): number => until(evidenceOf([gate], { falseAlarmEvery: every }));
    const slow: Gate = { ...blocks, max: 0.3 };
    expect(alone(slow, 1e9)).toBe(alone({ ...fine, max: 0.3 }, 1e9 / pairsPerBlock));
    expect(alone(slow, 1e9)).toBeLessThan(alone(fine, 1e9 * pairsPerBlock));
  });
});

describe("what others get of evidence", () => {
  it("has windows where these are kept, and none elsewhere", () => {
    for (const [more, kept] of [
      [{}, 0],
      [{ mergeable: true }, 1],
      [{ keepsWindows: true }, 1],
    ] as const) {
      const evidence = evidenceOf([units], more);
      evidence.record(sample({ key: "a", at: 1 }));
      expect(evidence.mergeable().windows).toHaveLength(kept);
      expect(evidence.open()).toHaveLength(2 * kept);
      evidence.record(sample({ key: "a", at: 60_000 }));
      evidence.record(sample({ key: "a", at: 120_000 }));
      expect(evidence.closed.map(({ window }) => window)).toEqual(kept ? [0] : []);
      evidence.forgetThrough(0);
      expect(evidence.closed).toEqual([]);
      evidence.expect(1e6);
      evidence.record(sample({ key: "a", at: 180_000 }));
      if (kept) expect(evidence.open()[1]!.level).toBe(8);
    }
  });

  it("has no windows where every call is a unit", () => {
    for (const unitWindowMs of [0, -1, NaN]) {
      const evidence = evidenceOf([units], { unitWindowMs, mergeable: true });
      evidence.record(sample({ key: "a", at: 1 }));
      evidence.record(sample({ key: "a", at: 2 }));
      expect([evidence.units, evidence.closed, evidence.open(), evidence.mergeable().windows]).toEqual([2, [], [], []]);
      expect(evidence.mark).toBe("2 NaN");
      evidence.expect(1);
      evidence.forgetThrough(1);
      expect(evidence.verdict("c", { now: 9 })).toMatchObject({ units: 2 });
      expect(evidence.reading(9)).toMatchObject({ windowMs: 0 });
    }
  });

  it("has a mark that changes with what was seen, and with the window", () => {
    const evidence = evidenceOf([units]);
    expect(evidence.mark).toBe("0 NaN");
    evidence.record(sample({ key: "a", at: 1 }));
    expect(evidence.mark).toBe("1 0");
    evidence.reading(60_000);
    expect(evidence.mark).toBe("1 1");
  });
});

describe("a verdict", () => {
  it("adds up what other processes told of calls", () => {
    const evidence = evidenceOf([units, calls]);
    evidence.record(wrong(undefined, 1_000));
    evidence.record(sample({ at: 5_000 }));
    const other = (comparisons: number, keys: number, gates: object) => ({ comparisons, units: 0, keys, gates: gates as never }); // prettier-ignore
    const verdict = evidence.verdict("c", {}, [
      other(10, 4, { calls: { units: 0, bad: 0, calls: 10, badCalls: 2 } }),
      other(7, 3, {}),
    ]);
    expect(verdict.comparisons).toBe(19);
    expect(verdict.gates[1]).toMatchObject({ name: "calls", units: 12, bad: 3 });
    expect(verdict.gates[0]).toMatchObject({ name: "units", units: 2, bad: 1 });
  });

  it("holds as many keys as the process that knows most of them", () => {
    const keys = (...others: number[]): boolean => {
      const evidence = evidenceOf([{ ...units, max: 0.5 }]);
      for (let call = 0; call < 50; call++) evidence.record(sample({ key: `k${call}`, at: 1 }));
      const told = others.map((keys) => ({ comparisons: 0, units: 0, keys, gates: {} }));
      const { reasons } = evidence.verdict("c", { now: 60_000, minimumUnits: 1, minimumKeys: 102 }, told);
      return !reasons.join().includes("keys");
    };
    expect([keys(), keys(40), keys(51, 40), keys(102), keys(40, 102), keys(102, 40)]).toEqual([
      ...[false, false, false, true, true, true],
    ]);
  });

  it("ends the windows that are over by then, and no later one", () => {
    const evidence = evidenceOf([units]);
    evidence.record(sample({ key: "a", at: 30_000 }));
    expect(evidence.verdict("c", {}).gates[0]).toMatchObject({ units: 0 });
    expect(evidence.verdict("c", { now: 20_000 }).gates[0]).toMatchObject({ units: 0 });
    expect(evidence.verdict("c", { now: 59_999 }).gates[0]).toMatchObject({ units: 0 });
    expect(evidence.verdict("c", { now: 60_000 }).gates[0]).toMatchObject({ units: 1 });
  });

  it("takes the units of all processes, and adds what came here since", () => {
    const evidence = evidenceOf([units, { ...units, name: "new" }]);
    evidence.record(wrong("a", 1));
    evidence.record(wrong(undefined, 1));
    const merged: FleetReading = {
      units: 1_000,
      gates: { units: { units: 900, bad: 5 } },
      open: { units: 7 },
      ownBad: { units: 2 },
      ownUnkeyed: { units: 1, gates: { units: { units: 1, bad: 1 } } },
      distinct: 0,
    } as FleetReading;
    const verdict = (): Pick<ReturnType<CandidateEvidence["verdict"]>, "units" | "gates"> => evidence.verdict("c", {}, [], merged); // prettier-ignore
    expect(verdict().units).toBe(1_000);
    expect(verdict().gates).toMatchObject([
      { units: 900, bad: 5 },
      { units: 2, bad: 2 },
    ]);
    evidence.record(wrong("b", 2));
    evidence.record(wrong(undefined, 2));
    evidence.record(sample({ at: 2 }));
    // Two calls without a key, one of them bad, and one bad key.
    expect(verdict().units).toBe(1_002);
    expect(verdict().gates[0]).toMatchObject({ units: 903, bad: 7 });
    expect(evidence.verdict("c", {}, [], { ...merged, units: 1 }).units).toBe(5);
  });

  it("says since when a gate alarms over all processes, and since when it does here first", () => {
    const merged = { units: 0, gates: {}, open: {}, ownBad: {}, ownUnkeyed: { units: 0, gates: {} }, alarmed: { gate: "units", since: 77 } } as unknown as FleetReading; // prettier-ignore
    const evidence = evidenceOf([units, { ...units, name: "other", max: 0.9 }], { falseAlarmEvery: 1e4 });
    const since = (): unknown[] =>
      evidence.verdict("c", {}, [], merged).gates.map(({ regressedSince }) => regressedSince);
    expect(since()).toEqual([77, undefined]);
    for (let call = 1; call < 30; call++) evidence.record(wrong(undefined, call));
    expect(since()[0]).toBe(1);
  });
});

it("one hash serves several bodies of evidence", () => {
  const hash = new KeyedHash(secret);
  const [one, other] = [evidenceOf([units], { hash, mergeable: true }), new CandidateEvidence({ gates: [units], secret, mergeable: true })]; // prettier-ignore
  for (const evidence of [one, other]) evidence.record(sample({ key: "a", at: 1 }));
  expect(one.mergeable()).toEqual(other.mergeable());
  expect(new KeyWindows(1, hash, [], true).windowMs).toBe(1);
});
