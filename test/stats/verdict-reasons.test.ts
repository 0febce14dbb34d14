import { describe, expect, it } from "vitest";
import type { GateEvidence } from "../../src/stats/gate-reading.ts";
import { verdictOf, type VerdictInput } from "../../src/stats/verdict.ts";

const seen = (units: number, bad = 0, more: Partial<GateEvidence> = {}): GateEvidence => ({
  ...{ name: "mismatch", max: 0.01, units, bad, open: 0, calls: units, badCalls: bad },
  ...more,
});
const byCalls = { name: "inconclusive", by: "calls", max: 0.05 } as const;
const byBlocks = { name: "slower", by: "blocks", max: 0.5 } as const;
const none = { comparisons: 0, units: 0, ownUnits: 0, spanMs: 0, keys: 0 };

/** A thousand comparisons of as many units in 100 s, unless told otherwise. */
function inputOf(gates: readonly GateEvidence[], more: Partial<VerdictInput> = {}): VerdictInput {
  const usual = { candidate: "v2", comparisons: 1_000, units: 1_000, ownUnits: 1_001, spanMs: 100_000, keys: 50 };
  return { ...usual, openMs: 5_000, gates, ...more };
}

describe("a verdict's reasons", () => {
  it.each<readonly [kind: string, reasons: readonly string[], input: VerdictInput]>([
    [
      "ready",
      [
        "mismatch: at most 0.521 % with 99 % confidence after 1 000 units; 1 % tolerated.",
        "inconclusive: at most 0 % after 1 000 calls; 5 % tolerated.",
        "slower: at most 19 % with 99 % confidence after 40 blocks of 32 pairs; 50 % tolerated; 3 % left out.",
      ],
      inputOf([seen(1_000), seen(1_000, 0, byCalls), seen(40, 0, { ...byBlocks, note: "3 % left out" })]),
    ],
    [
      "ready",
      ["mismatch: at most 0.347 % with 95 % confidence after 1 000 units; 1 % tolerated."],
      inputOf([seen(1_000)], { risk: 0.05 }),
    ],
    [
      "ready",
      ["mismatch: at most 5.38 % with 99 % confidence after 1 000 units; 10 % tolerated."],
      inputOf([seen(1_000, 30)], { tolerated: (max) => 10 * max }),
    ],
    [
      "ready",
      [
        "mismatch: at most 0.521 % with 99 % confidence after 1 000 units; 1 % tolerated.",
        "own (dry run): not-ready, 3 % of 1 000 units, 1 % tolerated.",
        "calls (dry run): ready, 0 % of 10 calls, 1 % tolerated.",
      ],
      inputOf([
        seen(1_000),
        seen(1_000, 30, { name: "own", dryRun: true }),
        seen(10, 0, { name: "calls", by: "calls", dryRun: true }),
      ]),
    ],
    ["insufficient", ["The candidate has not been compared once."], inputOf([seen(0)], none)],
    ["not-ready", ["mismatch: 3 % of 1 000 units, at most 1 % tolerated."], inputOf([seen(1_000, 30)])],
    [
      "not-ready",
      ["mismatch: 20 % of 2 000 calls, more than ten times the 1 % tolerated."],
      inputOf([seen(1_000, 1, { calls: 2_000, badCalls: 400 })]),
    ],
    [
      "regressed",
      ["mismatch alarms: 20 of the last 40 units since 2025-10-09 08:53:20, 1 % tolerated."],
      inputOf([seen(1_000, 20, { regressedSince: 1_760_000_000_000, alarmedBy: { seen: 40, bad: 19.6 } })]),
    ],
    [
      "regressed",
      ["mismatch alarms: 20 of the last 1 000 units since 2025-10-09 08:53:20, 1 % tolerated."],
      inputOf([seen(1_000, 20, { regressedSince: 1_760_000_000_000 })]),
    ],
    ["insufficient", ["1.7 min more needed."], inputOf([seen(1_000)], { minimumTimeMs: 200_000 })],
    ["insufficient", ["5 s more needed."], inputOf([seen(520, 0, { open: 5 })], { units: 525 })],
    [
      "insufficient",
      ["520 more units without a bad one needed."],
      inputOf([seen(1)], { ...none, comparisons: 1, units: 1, ownUnits: 1 }),
    ],
  ])("%s: %j", (kind, reasons, input) => {
    expect(verdictOf(input)).toMatchObject({ kind, reasons });
    expect(verdictOf(input)).not.toHaveProperty("stalled");
  });

  it.each<readonly [reason: string, input: VerdictInput]>([
    ["inconclusive: 10 % of 200 calls, at most 5 % tolerated.", inputOf([seen(1_000), seen(200, 20, byCalls)])],
    [
      "None of 100 comparisons could tell whether the candidate is right.",
      inputOf([seen(0)], { ...none, comparisons: 100 }),
    ],
    ["mismatch: the gate failed in each of 100 calls, and says nothing.", inputOf([seen(0, 0, { failed: 100 })])],
    ["mismatch: nothing to time.", inputOf([seen(0, 0, { silence: "nothing to time" })])],
    [
      "mismatch: the gate could judge none of 500 comparisons.",
      inputOf([seen(0)], { units: 500, comparisons: 500, ownUnits: 500 }),
    ],
  ])("are why it stalls: %s", (stalled, input) => {
    expect(verdictOf(input)).toMatchObject({ stalled, reasons: [stalled] });
  });

  it.each<readonly [name: string, input: VerdictInput]>([
    ["fewer than 100 comparisons", inputOf([seen(0)], { ...none, comparisons: 99 })],
    ["fewer than 100 calls above the rate", inputOf([seen(1_000), seen(99, 20, byCalls)])],
    ["a gate that failed in fewer than 100", inputOf([seen(0, 0, { failed: 99 })], { units: 99, comparisons: 99 })],
    ["a gate that failed and then did not", inputOf([seen(1, 0, { failed: 1_000 })])],
    ["fewer than 500 units that a gate could not judge", inputOf([seen(0)], { units: 499 })],
    ["a gate that takes many calls for its first answer", inputOf([seen(0, 0, { remembers: true })])],
  ])("do not say that it stalls after %s", (_, input) => {
    expect(verdictOf(input)).toMatchObject({ kind: "insufficient", missing: "too-few" });
    expect(verdictOf(input)).not.toHaveProperty("stalled");
  });

  it("go by no gate that only shows", () => {
    const shown = { name: "own", dryRun: true };
    const alone = verdictOf(inputOf([seen(100)], { units: 600 }));
    for (const dry of [
      seen(0, 0, shown),
      seen(0, 0, { ...shown, failed: 100 }),
      seen(0, 0, { ...shown, silence: "no" }),
    ]) {
      const { gates, reasons, ...verdict } = verdictOf(inputOf([seen(100), dry], { units: 600 }));
      const { gates: acting, reasons: own, ...expected } = alone;
      expect(verdict).toEqual(expected);
      expect(reasons).toEqual([...own, "own (dry run): insufficient, 0 % of 0 units, 1 % tolerated."]);
      expect(gates.map(({ name }) => name)).toEqual([...acting.map(({ name }) => name), "own"]);
    }
  });

  it("say how many keys are missing where that is all", () => {
    expect(verdictOf(inputOf([seen(1_000)], { minimumKeys: 2_000 }))).toMatchObject({
      ...{ missing: "too-few", moreUnits: 1_950 },
      reasons: ["On 50 keys so far, and 2 000 are needed."],
    });
  });
});

describe("how much more is needed", () => {
  it.each<readonly [name: string, moreUnits: number, moreMs: number | undefined, input: VerdictInput]>([
    ["nothing known of the rate", 521, undefined, inputOf([seen(0)], { ...none, comparisons: 99 })],
    ["no time between", 520, undefined, inputOf([seen(1)], { units: 1, ownUnits: 2, spanMs: 0 })],
    [
      "half of the units of this process, one in 100 ms",
      421,
      421 * 100 * 0.51,
      inputOf([seen(100)], { units: 100, ownUnits: 51, spanMs: 5_000 }),
    ],
    ["more time than the units take", 1, 60_000, inputOf([seen(520)], { minimumTimeMs: 160_000 })],
    ["time alone", 0, 100_000, inputOf([seen(1_000)], { minimumTimeMs: 200_000 })],
    ["time, of none that is known", 0, 200_000, inputOf([seen(1_000)], { minimumTimeMs: 200_000, spanMs: NaN })],
    ["blocks, of 250 units each", 8 * 250, undefined, inputOf([seen(1_000), seen(4, 0, byBlocks)], { spanMs: 0 })],
    ["blocks, of 512 units at most", 11 * 512, undefined, inputOf([seen(1), seen(1, 0, byBlocks)], { spanMs: 0 })],
    ["calls", 301, undefined, inputOf([seen(1_000), seen(99, 20, byCalls)], { spanMs: 0 })],
    ["a minimum of units", 500, undefined, inputOf([seen(1_000)], { minimumUnits: 1_500, spanMs: 0 })],
  ])("is told for %s", (_, moreUnits, moreMs, input) => {
    const verdict = verdictOf(input);
    expect(verdict).toMatchObject({ kind: "insufficient", moreUnits });
    if (moreMs === undefined) expect(verdict).not.toHaveProperty("moreMs");
    else expect((verdict as { moreMs?: number }).moreMs).toBeCloseTo(moreMs);
  });
});
