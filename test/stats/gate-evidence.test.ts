import { describe, expect, it } from "vitest";
import { alternativesFor, type Alternatives } from "../../src/stats/evidence.ts";
import { GateEvidence } from "../../src/stats/gate-evidence.ts";
import { seeded } from "./sample.ts";

const only = (...worse: readonly number[]): Alternatives => ({ ...alternativesFor(0.01), worse });

/** The e-CUSUM as it is written in the literature: each rate's product begins anew at 1, and their sum alarms. */
function reference(max: number, falseAlarmEvery: number, worse: readonly number[]) {
  const all = worse.map((ratio) => ({ rate: ratio * max, product: 1, began: 0, seen: 0, bad: 0 }));
  let alarm: object | undefined;
  return (penalty: number, at: number): object | undefined => {
    for (const each of all) {
      if (each.product <= 1) {
        [each.product, each.seen, each.bad] = [1, 0, 0];
        each.began = at;
      }
      each.product *= ((1 - each.rate) / (1 - max)) ** (1 - penalty) * (each.rate / max) ** penalty;
      each.seen++;
      each.bad += penalty;
    }
    const leader = all.reduce((most, each) => (each.product > most.product ? each : most));
    if (penalty > 0 && all.reduce((sum, { product }) => sum + product, 0) >= falseAlarmEvery * all.length)
      alarm ??= { regressedSince: leader.began, alarmedBy: { seen: leader.seen, bad: leader.bad } };
    return alarm;
  };
}

const alarmOf = ({ regressedSince, alarmedBy }: GateEvidence): object | undefined =>
  regressedSince === undefined ? undefined : { regressedSince, alarmedBy };

describe("the alarm of a gate", () => {
  it.each([1, 2, 3, 4, 5, 6])("is where the reference has it, call by call, with seed %d", (seed) => {
    const random = seeded(seed);
    const worse = [2, 5, 20];
    const evidence = new GateEvidence(0.01, 1_000, only(...worse));
    const expected = reference(0.01, 1_000, worse);
    let alarm: object | undefined;
    for (let at = 0; at < 3_000; at++) {
      const penalty =
        random() >= (at < 1_500 ? 0.008 : 0.05) ? 0
        : random() < 0.2 ? 0.5
        : 1;
      const isAlarmed = evidence.add(penalty, at);
      const now = expected(penalty, at);
      if (isAlarmed !== (now !== undefined)) expect.fail(`another alarm at call ${at}`);
      // It stays as it was.
      if (now !== alarm || at === 2_999) expect(alarmOf(evidence)).toEqual(now);
      alarm = now;
    }
    expect(alarm).toBeDefined();
  });

  it("takes many good ones at once, alone or as a window of all processes, for as many", () => {
    const alarmed = (calm: (evidence: GateEvidence) => void) => {
      const evidence = new GateEvidence(0.01, 1_000, only(20));
      for (let round = 0; round < 12; round++) {
        evidence.add(1, round);
        if (round < 4) calm(evidence);
      }
      return alarmOf(evidence);
    };
    const singly = alarmed((evidence) => {
      for (let call = 0; call < 10; call++) evidence.add(0);
    });
    expect(singly).toEqual({ regressedSince: 0, alarmedBy: { seen: 46, bad: 6 } });
    expect(alarmed((evidence) => evidence.addGood(10))).toEqual(singly);
    expect(alarmed((evidence) => void evidence.addWindow(10, 0, 9))).toEqual(singly);
    // So many that what was bad is forgotten.
    const forgotten = alarmed((evidence) => evidence.addGood(1_000));
    expect(forgotten).toEqual({ regressedSince: 4, alarmedBy: { seen: 3, bad: 3 } });
    expect(alarmed((evidence) => void evidence.addWindow(1_000, 0, 9))).toEqual(forgotten);
    // None at all change nothing.
    for (const none of [0, -5]) expect(alarmed((evidence) => evidence.addGood(none))).toEqual(alarmed(() => undefined));
    const untouched = new GateEvidence(0.01, 1_000);
    untouched.addGood(-5);
    expect([untouched.units, untouched.calls, untouched.unkeyed]).toEqual([0, 0, 0]);
    untouched.addGood(5);
    expect([untouched.units, untouched.calls, untouched.unkeyed]).toEqual([5, 5, 5]);
  });

  it("watches for one rate between the tolerated one and 1, where every multiple is beyond 1", () => {
    const evidence = new GateEvidence(0.9, 2, only(2));
    // 0.95 / 0.9 a bad call: 13 of them double.
    const alarms = Array.from({ length: 14 }, (_, at) => evidence.add(1, at));
    expect(alarms.indexOf(true)).toBe(12);
  });
});

describe("the units of a gate", () => {
  const counts = ({ units, bad, open, calls, badCalls }: GateEvidence) => ({ units, bad, open, calls, badCalls });

  it("are keys in a window: bad when any call was, and open while one may turn bad", () => {
    const evidence = new GateEvidence(0.01, 1e9);
    evidence.addOfKey(false, 1, 0, 0);
    evidence.addOfKey(false, 1, 0, 0);
    evidence.addOfKey(false, 2, 0, 0);
    expect(counts(evidence)).toEqual({ units: 2, bad: 0, open: 2, calls: 3, badCalls: 0 });
    evidence.addOfKey(true, 1, 0, 0);
    evidence.addOfKey(true, 1, 0, 0);
    expect(counts(evidence)).toEqual({ units: 2, bad: 1, open: 1, calls: 5, badCalls: 2 });
    evidence.addOfKey(true, 3, 0, 0);
    expect(counts(evidence)).toEqual({ units: 3, bad: 2, open: 1, calls: 6, badCalls: 3 });
    evidence.roll(true);
    expect(evidence.open).toBe(0);
    // Of the window before, nothing is open: neither what is new there nor what turns bad.
    evidence.addOfKey(false, 4, 0, 0);
    evidence.addOfKey(false, 5, 1, 0);
    evidence.addOfKey(true, 2, 1, 0);
    evidence.addOfKey(true, 1, 1, 0);
    expect(counts(evidence)).toEqual({ units: 5, bad: 3, open: 1, calls: 10, badCalls: 5 });
    expect(evidence.tablesOf(1)!.seen.count).toBe(4);
    expect(evidence.tablesOf(0)!.bad.count).toBe(0);
    evidence.roll(false);
    expect([evidence.tablesOf(0)!.seen.count, evidence.tablesOf(1)!.seen.count]).toEqual([0, 0]);
  });

  it("have no tables before there is a key", () => {
    const evidence = new GateEvidence(0.01, 1e9);
    evidence.add(0);
    evidence.addCall(0.5);
    evidence.roll(true);
    expect(evidence.tablesOf(0)).toBeUndefined();
    expect(counts(evidence)).toEqual({ units: 1, bad: 0, open: 0, calls: 2, badCalls: 0.5 });
  });

  // At 50 times the tolerated rate, the third bad one alarms.
  const watched = () => new GateEvidence(0.01, 10_000, only(50));

  it.each([
    ["units", true],
    ["those that do not count", false],
  ])("feed the alarm two bad calls of a key and window, and every good one: %s", (_, areUnits) => {
    const evidence = watched();
    for (let call = 0; call < 10; call++) expect(evidence.addOfKey(true, 1, 0, call, areUnits)).toBe(false);
    expect(evidence.addOfKey(false, 2, 0, 10, areUnits)).toBe(false);
    expect(evidence.addOfKey(true, 3, 0, 11, areUnits)).toBe(true);
    expect(alarmOf(evidence)).toEqual({ regressedSince: 0, alarmedBy: { seen: 4, bad: 3 } });
    // What is not fed any more says that the alarm stays.
    expect(evidence.addOfKey(true, 1, 0, 12, areUnits)).toBe(true);
    expect(evidence.addOfKey(false, 1, 0, 12, areUnits)).toBe(true);
    expect(evidence.calls).toBe(14);
    expect(evidence.badCalls).toBe(12);
    expect(evidence.units).toBe(areUnits ? 3 : 0);
    expect(evidence.bad).toBe(areUnits ? 2 : 0);
    expect(evidence.open).toBe(areUnits ? 1 : 0);
  });

  it.each([true, false])("feed it anew in the next window (units: %s)", (areUnits) => {
    const evidence = watched();
    for (let call = 0; call < 3; call++) evidence.addOfKey(true, 1, 0, call, areUnits);
    evidence.roll(true);
    // Those of the window before are known, and those of this one are not.
    expect(evidence.addOfKey(true, 1, 1, 3, areUnits)).toBe(false);
    expect(evidence.addOfKey(true, 1, 0, 4, areUnits)).toBe(true);
  });
});
