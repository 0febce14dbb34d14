import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alternativesFor, evidenceForReady, unitsToCertify, upperBound } from "../../src/stats/evidence.ts";
import { GateEvidence } from "../../src/stats/gate-evidence.ts";
import { geometric, seeded } from "./sample.ts";

/** The mixture, written as its formula. */
function naiveEvidence(units: number, bad: number, max: number): number {
  const { better, weights } = alternativesFor(max);
  return better.reduce((sum, ratio, index) => {
    const q = ratio * max;
    return sum + weights[index]! * (q / max) ** bad * ((1 - q) / (1 - max)) ** (units - bad);
  }, 0);
}

/** The e-CUSUM, written as its formula. */
function naiveAlarm(penalties: readonly number[], max: number, every: number): number | undefined {
  const rates = alternativesFor(max)
    .worse.map((ratio) => ratio * max)
    .filter((rate) => rate < 1);
  let levels = rates.map(() => 0);
  for (const [index, penalty] of penalties.entries()) {
    levels = levels.map((level, each) => {
      const q = rates[each]!;
      return Math.max(level, 0) + penalty * Math.log(q / max) + (1 - penalty) * Math.log((1 - q) / (1 - max));
    });
    if (levels.reduce((sum, level) => sum + Math.exp(level), 0) / rates.length >= every) return index + 1;
  }
  return undefined;
}

describe("evidence for ready", () => {
  it.each([
    [0.01, [521, 853, 1080, 1677]],
    [0.001, [5226, 8565, 10832, 16816]],
    [0.0001, [52277, 85682, 108356, 168213]],
  ])("certifies a rate below %d at a risk of 1 %% after the published numbers of units", (max, expected) => {
    expect([0, 1, 2, 5].map((bad) => unitsToCertify(bad, max, 0.01))).toEqual(expected);
  });

  it("is one unit short of certain at one unit less", () => {
    for (const bad of [0, 1, 2, 5]) {
      const units = unitsToCertify(bad, 0.01, 0.01);
      expect(evidenceForReady(units, bad, 0.01)).toBeGreaterThanOrEqual(Math.log(100));
      expect(evidenceForReady(units - 1, bad, 0.01)).toBeLessThan(Math.log(100));
    }
  });

  it.each([
    [10, 0, 0.01],
    [100, 3, 0.01],
    [50, 20, 0.5],
    [7, 7, 0.001],
  ])("is the logarithm of the mixture at %d units, %d bad, %d tolerated", (units, bad, max) => {
    expect(evidenceForReady(units, bad, max)).toBeCloseTo(Math.log(naiveEvidence(units, bad, max)), 9);
  });

  it.each([
    [100, 3.412],
    [1000, 0.3469],
    [10_000, 0.03475],
    [100_000, 0.003476],
  ])("bounds the rate after %d good units by %d %% at 95 %%", (units, bound) => {
    expect(upperBound(units, 0, 0.05) * 100).toBeCloseTo(bound, units > 50_000 ? 6 : 3);
  });

  it("is bounded by a rate that exactly these units certify", () => {
    const bound = upperBound(4_000, 3, 0.01);
    expect(evidenceForReady(4_000, 3, bound * 1.001)).toBeGreaterThan(Math.log(100));
    expect(evidenceForReady(4_000, 3, bound * 0.999)).toBeLessThan(Math.log(100));
  });

  it("knows nothing without units", () => {
    expect(upperBound(0, 0, 0.01)).toBe(1);
  });

  it("calls a candidate at the tolerated rate ready in at most 5 % of 20 000 runs, looking after every unit", () => {
    const random = seeded(20_261_123);
    const [max, risk, runs, horizon] = [0.001, 0.05, 20_000, 100_000];
    // Ready after `bad` bad units means reaching this many units before the next bad one.
    const needed: number[] = [];
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      let units = 0;
      for (let bad = 0; ; bad++) {
        const next = units + geometric(random, max);
        needed[bad] ??= unitsToCertify(bad, max, risk);
        if (needed[bad]! < Math.min(next, horizon + 1)) {
          wrong++;
          break;
        }
        if (next > horizon) break;
        units = next;
      }
    }
    // The steps of the evidence are so small that the bound is nearly reached; hence three standard errors on top.
    expect(wrong / runs).toBeLessThanOrEqual(risk + 3 * Math.sqrt((risk * (1 - risk)) / runs));
    expect(wrong / runs).toBeGreaterThan(0.03);
  });
});

describe("a gate's alarm", () => {
  it("is where many good units at once leave it too", () => {
    const mix = fc.array(fc.record({ good: fc.integer({ min: 0, max: 3_000 }), bad: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(mix, fc.constantFrom(0.001, 0.5), (parts, max) => {
        const atOnce = new GateEvidence(max, 1e4);
        const oneByOne = new GateEvidence(max, 1e4);
        let at = 0;
        for (const { good, bad } of parts) {
          atOnce.addGood(good);
          for (let unit = 0; unit < good; unit++) oneByOne.add(0, at);
          for (let unit = 0; unit < bad; unit++) expect(atOnce.add(1, ++at)).toBe(oneByOne.add(1, at));
        }
        expect(atOnce.units).toBe(oneByOne.units);
        expect(atOnce.regressedSince).toBe(oneByOne.regressedSince);
      }),
    );
  });

  it.each([
    [0.001, 1e5],
    [0.01, 1e3],
    [0.5, 1e3],
  ])("comes where the formula puts it, %d tolerated, false at most every %d units", (max, every) => {
    const random = seeded(7);
    for (let run = 0; run < 20; run++) {
      const rate = Math.min(1, max * (1 + run));
      const penalties = Array.from({ length: 3_000 }, () =>
        random() < rate ?
          run % 3 === 0 ?
            random()
          : 1
        : 0,
      );
      const gate = new GateEvidence(max, every);
      const first = penalties.findIndex((penalty) => gate.add(penalty)) + 1;
      expect(first || undefined).toBe(naiveAlarm(penalties, max, every));
    }
  });

  it("comes where the tolerated rate is so high that no multiple of it is a rate", () => {
    const gate = new GateEvidence(0.97, 10);
    let units = 1;
    while (!gate.add(1)) units++;
    // Each unit is 0.985/0.97 times as likely.
    expect(units).toBe(Math.ceil(Math.log(10) / Math.log(0.985 / 0.97)));
  });

  it("comes falsely every `falseAlarmEvery` units or less often, over 4 000 runs", () => {
    const [max, every, runs] = [0.01, 1_000, 4_000];
    const random = seeded(42);
    let total = 0;
    for (let run = 0; run < runs; run++) {
      const gate = new GateEvidence(max, every);
      // Cut off at 20 times the promised mean, which can only make the mean smaller.
      for (let units = 1; units <= 20 * every; units++) {
        total++;
        if (gate.add(random() < max ? 1 : 0)) break;
      }
    }
    expect(total / runs).toBeGreaterThanOrEqual(every);
  });

  it.each([
    [0.5, 8],
    [0.05, 104],
    [0.01, 950],
  ])("comes soon after a million good calls, on a jump to a rate of %d: a median of %d units", (rate, median) => {
    const random = seeded(99);
    const delays = Array.from({ length: 401 }, () => {
      const gate = new GateEvidence(0.001, 3e5); // three gates' share of the default
      gate.add(0); // A good unit puts every level at its floor: the million before it would not change that.
      let delay = 1;
      while (!gate.add(random() < rate ? 1 : 0)) delay++;
      return delay;
    }).sort((a, b) => a - b);
    expect(delays[200]).toBeGreaterThanOrEqual(median * 0.8);
    expect(delays[200]).toBeLessThanOrEqual(median * 1.2);
  });

  it("is where a million good calls one by one leave it too", () => {
    const long = new GateEvidence(0.001, 1e5);
    for (let unit = 0; unit < 1e6; unit++) long.add(0);
    const short = new GateEvidence(0.001, 1e5);
    short.add(0);
    let delay = 0;
    while (!short.add(1)) {
      delay++;
      expect(long.add(1)).toBe(false);
    }
    expect(long.add(1)).toBe(true);
    expect(delay).toBeLessThan(10);
  });

  it("says when the regression began", () => {
    const gate = new GateEvidence(0.001, 1e5);
    for (let at = 0; at < 10_000; at++) gate.add(0, at);
    for (let at = 10_000; !gate.add(1, at); at++);
    expect(gate.regressedSince).toBe(10_000);
    expect(gate.add(0, 20_000)).toBe(true);
  });
});

describe("the latency gate", () => {
  it("certifies a candidate as fast as control after a few hundred pairs", () => {
    const random = seeded(5);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const duration = (): number => 20 * Math.exp(normal() / 2);
    const max = 0.5;
    const pairs = Array.from({ length: 301 }, () => {
      const evidence = new GateEvidence(max, 1e5);
      do evidence.add(duration() > 1.1 * duration() + 1 ? 1 : 0);
      while (evidenceForReady(evidence.units, evidence.bad, max) < Math.log(100));
      return evidence.units;
    }).sort((a, b) => a - b);
    // The published median, for another spread of durations, is 427.
    expect(pairs[150]).toBeGreaterThan(200);
    expect(pairs[150]).toBeLessThan(900);
  });

  it("alarms on a candidate twice as slow", () => {
    const evidence = new GateEvidence(0.5, 3e5);
    let pairs = 1;
    while (!evidence.add(1)) pairs++;
    expect(pairs).toBeLessThan(40);
  });
});
