import { describe, expect, it } from "vitest";
import type { Sample } from "../../../src/model/rollout.ts";
import { EpochEvidence, type EpochOptions } from "../../../src/rollout/ramp/ramp-evidence.ts";
import { gates, type Gate } from "../../../src/stats/gates.ts";
import type { VerdictTerms } from "../../../src/stats/verdict.ts";
import { sample } from "../../stats/sample.ts";

const minute = 60_000;
const terms: VerdictTerms = { risk: 0.01, minimumUnits: 100, minimumTimeMs: 0, minimumKeys: 0, now: 0 };

function evidenceOf(more: Partial<EpochOptions> = {}): EpochEvidence {
  return new EpochEvidence({
    ...{ gates: [gates.mismatches(0.01)], unitWindowMs: minute, share: 0, minimumServed: 30 },
    ...{ secret: "0123456789abcdef0123456789abcdef", mergeable: false },
    onFault: (error) => {
      throw error;
    },
    ...more,
  });
}

/** So many calls, each of another key, every second one of them served. */
function fed(
  evidence: EpochEvidence,
  calls: number,
  of: (index: number) => Partial<Sample> = () => ({}),
): EpochEvidence {
  for (let index = 0; index < calls; index++)
    evidence.record(sample({ key: `key-${index}`, served: index % 2 === 1, ...of(index) }), 0);
  return evidence;
}

describe("the evidence of one epoch", () => {
  it("reports nothing before its first comparison, and then by the candidate's name", () => {
    const evidence = evidenceOf();
    expect([evidence.totals(), evidence.candidate]).toEqual([{}, "candidate"]);
    evidence.record(sample({ candidate: "v2", key: "a" }));
    expect(evidence.totals()).toEqual({ v2: expect.objectContaining({ comparisons: 1, units: 1, keys: 1 }) });
    expect(evidence.totals()["v2"]).not.toHaveProperty("served");
    expect(evidence.candidate).toBe("v2");
    expect(evidence.unsent()).toEqual([]);
  });

  it("has the name that others report before it knows its own", () => {
    const evidence = evidenceOf({ mergeable: true });
    evidence.setOthers(
      [{ candidates: {} }, { candidates: { theirs: fed(evidenceOf(), 3).totals()["candidate"]! } }],
      0,
      false,
    );
    expect(evidence.candidate).toBe("theirs");
    expect(evidence.verdict(terms).candidate).toBe("theirs");
    evidence.record(sample({ candidate: "mine", key: "a" }));
    expect(evidence.candidate).toBe("mine");
  });

  it("keeps what the candidate answered apart, where it answers callers", () => {
    const serving = fed(evidenceOf({ share: 0.5 }), 200, (index) => ({ kind: index % 4 === 1 ? "mismatch" : "match" }));
    const { candidate } = serving.totals();
    expect(candidate).toMatchObject({ comparisons: 200, gates: { mismatch: { bad: 50 } } });
    expect(candidate!.served).toMatchObject({ comparisons: 100, gates: { mismatch: { bad: 50 } } });
    expect(serving.reading(0)).toMatchObject({ all: { comparisons: 200 }, served: { comparisons: 100 } });
    const shadow = fed(evidenceOf(), 200);
    expect(shadow.reading(0)).toMatchObject({ all: { comparisons: 200 } });
    expect(shadow.reading(0)).not.toHaveProperty("served");
    expect(shadow.verdict(terms)).not.toHaveProperty("served");
    expect(serving.verdict(terms).served).toMatchObject({ gates: [{ name: "mismatch", bad: 50 }] });
    // Of chosen keys: no share, and yet somebody.
    expect(fed(evidenceOf({ chooses: true }), 10).totals()["candidate"]!.served).toMatchObject({ comparisons: 5 });
  });

  it("asks a gate once for a comparison, and takes none where it throws", () => {
    const asked: unknown[] = [];
    const faults: unknown[] = [];
    let throws = false;
    const own: Gate = gates.custom({
      ...{ name: "own", max: 0.01 },
      of(result) {
        asked.push(result);
        if (throws) throw new Error("broken");
        return 1;
      },
    });
    const evidence = evidenceOf({ share: 0.5, gates: [own], onFault: (error) => void faults.push(error) });
    const result = (): never => "a result" as never;
    evidence.record(sample({ key: "a", served: true, result }), 0);
    expect(asked).toEqual(["a result"]);
    expect(evidence.totals()["candidate"]).toMatchObject({
      ...{ gates: { own: { bad: 1 } } },
      served: { gates: { own: { bad: 1 } } },
    });
    throws = true;
    evidence.record(sample({ key: "b", served: true, result }), 0);
    expect(asked).toHaveLength(2);
    expect(faults.length).toBeGreaterThan(0);
    expect(evidence.totals()["candidate"]!.served).toMatchObject({ gates: { own: { bad: 1, badCalls: 1 } } });
  });

  it("holds what was served to gates of rare events alone", () => {
    const list = [gates.mismatches(0.01), gates.errors(0.5), gates.slower({ ratio: 1.2 })];
    const { candidate } = fed(evidenceOf({ share: 0.5, gates: list }), 10).totals();
    expect(Object.keys(candidate!.gates).sort()).toEqual(list.map(({ name }) => name).sort());
    expect(Object.keys(candidate!.served!.gates)).toEqual(["mismatch"]);
  });

  it("alarms falsely as often as its gates together are allowed to, in each of its tests", () => {
    const untilAlarm = (more: Partial<EpochOptions>): number => {
      const evidence = evidenceOf(more);
      let calls = 0;
      while (evidence.alarmed === undefined && ++calls < 1_000)
        evidence.record(sample({ key: `key-${calls}`, kind: calls % 30 === 0 ? "mismatch" : "match" }), 0);
      return calls;
    };
    const [one, other] = [gates.mismatches(0.01), gates.errors(0.01)];
    const byCalls: Gate = { ...gates.errors(0.02), name: "by-calls", by: "calls" };
    const alone = untilAlarm({ gates: [one] });
    expect(alone).toBeGreaterThan(100);
    expect(untilAlarm({ gates: [one], falseAlarmEvery: 1e5 })).toBe(alone);
    expect(untilAlarm({ gates: [one, byCalls] })).toBe(alone);
    const twice = untilAlarm({ gates: [one], falseAlarmEvery: 2e5 });
    expect(twice).toBeGreaterThan(alone);
    expect(untilAlarm({ gates: [one, other] })).toBe(twice);
    // Here and over all processes; of all calls and of those that were served.
    expect(untilAlarm({ gates: [one], mergeable: true })).toBe(twice);
    expect(untilAlarm({ gates: [one], share: 0.5 })).toBe(twice);
    expect(untilAlarm({ gates: [one], share: 0.5, mergeable: true })).toBe(
      untilAlarm({ gates: [one], falseAlarmEvery: 4e5 }),
    );
  });

  it("alarms by what the candidate answered where all calls do not", () => {
    const evidence = evidenceOf({ share: 0.05, gates: [gates.mismatches(0.05)] });
    let calls = 0;
    while (evidence.alarmed === undefined && ++calls < 3_000) {
      const served = calls % 20 === 0;
      evidence.record(
        sample({ key: `key-${calls}`, served, kind: served && calls % 60 === 0 ? "mismatch" : "match" }),
        0,
      );
    }
    expect(evidence.alarmed).toBe("mismatch");
    expect(evidence.verdict(terms).served!.gates[0]!.state).toBe("regressed");
  });
});

describe("the share that an epoch serves", () => {
  const nobody = { served: false };

  it("is off where keys enough were seen, as a sentence, until it is tested anew", () => {
    const evidence = fed(evidenceOf({ share: 0.5 }), 200, () => nobody);
    expect(evidence.ratioIsOff()).toMatch(
      /^The candidate answered 0 of \d+ keys, and 50 % were promised: those served/,
    );
    evidence.forgetRatio();
    expect(evidence.ratioIsOff()).toBeUndefined();
    expect(fed(evidence, 200, () => nobody).ratioIsOff()).toMatch(/50 %/);
    expect(fed(evidenceOf({ share: 0.123456 }), 999, () => nobody).ratioIsOff()).toMatch(/12.3 % were promised/);
  });

  it("counts a key once, and every call without one", () => {
    expect(fed(evidenceOf({ share: 0.5 }), 500, () => ({ ...nobody, key: "one" })).ratioIsOff()).toBeUndefined();
    expect(fed(evidenceOf({ share: 0.5 }), 500, () => ({ ...nobody, key: undefined })).ratioIsOff()).toMatch(/0 of/);
  });

  it.each([
    ["in shadow", { share: 0 }, {}],
    ["of chosen keys", { share: 0, chooses: true }, {}],
    ["in live", { share: 1 }, {}],
    ["by calls in which control has no answer", { share: 0.5 }, { aboutControl: "absent" }],
    ["by calls that are no sample", { share: 0.5 }, { alike: false }],
    ["by keys that were chosen", { share: 0.5, isChosen: () => true }, {}],
  ] as const)("is not tested %s", (_, options, more) => {
    expect(fed(evidenceOf(options), 500, () => ({ ...nobody, ...more })).ratioIsOff()).toBeUndefined();
  });

  it("leaves chosen keys out of what was served by a share, and in where nobody else is", () => {
    const isChosen = (key: string): boolean => Number(key.slice(4)) < 100;
    const served = (more: Partial<EpochOptions>): number =>
      fed(evidenceOf({ isChosen, ...more }), 200, () => ({ served: true })).totals()["candidate"]!.served!.comparisons;
    expect(served({ share: 0.5 })).toBe(100);
    expect(served({ share: 1 })).toBe(200);
    expect(served({ share: 0, chooses: true })).toBe(200);
    const unkeyed = fed(evidenceOf({ share: 0.5, isChosen: () => true }), 5, () => ({ served: true, key: undefined }));
    expect(unkeyed.totals()["candidate"]!.served!.comparisons).toBe(5);
  });
});

describe("the evidence of an epoch among that of others", () => {
  const others = (count: number, from = 1_000): ReturnType<EpochEvidence["totals"]> => {
    const other = evidenceOf({ mergeable: true, share: 0.5 });
    fed(other, count, (index) => ({ key: `key-${from + index}` }));
    return other.totals();
  };

  it("says whether anything has changed: here, there, or by the end of a window", () => {
    const evidence = fed(evidenceOf({ mergeable: true, share: 0.5 }), 10);
    const list = [{ candidates: others(5) }];
    expect(evidence.setOthers(list, 0, false)).toBe(true);
    expect(evidence.setOthers(list, 0, false)).toBe(false);
    expect(evidence.setOthers([...list], 0, false)).toBe(true);
    expect(evidence.setOthers(list, 0, true)).toBe(true);
    expect(evidence.setOthers(list, 0, true)).toBe(false);
    expect(evidence.setOthers(list, 0, false)).toBe(true);
    evidence.record(sample({ key: "more" }), 0);
    expect(evidence.setOthers(list, 0, false)).toBe(true);
    expect(evidence.setOthers(list, 14_999, false)).toBe(false);
    expect(evidence.setOthers(list, 30_000, false)).toBe(true);
    expect(evidence.setOthers(list, minute - 1, false)).toBe(false);
    expect(evidence.setOthers(list, minute, false)).toBe(true);
    // Until all reports of that window may have come.
    expect(evidence.setOthers(list, minute + 14_999, false)).toBe(false);
    expect(evidence.setOthers(list, minute + 15_000, false)).toBe(true);
  });

  it("sends its places once, and again where they did not arrive", () => {
    const evidence = fed(evidenceOf({ mergeable: true, share: 0.5 }), 10);
    const first = evidence.unsent();
    expect(first.map(({ window, served }) => [window, served])).toEqual([
      [0, undefined],
      [0, true],
    ]);
    // Nobody said that it arrived.
    expect(evidence.unsent()).toEqual(first);
    evidence.arrived(-5);
    expect(evidence.unsent()).toEqual([]);
    evidence.record(sample({ key: "more" }), 0);
    expect(evidence.unsent()).toHaveLength(1);
    expect(fed(evidenceOf({ share: 0.5 }), 10).unsent()).toEqual([]);
  });

  it("takes how many keys all have from the judge", () => {
    const evidence = fed(evidenceOf({ mergeable: true, share: 0.5 }), 10);
    expect(evidence.distinct).toEqual({ all: 0, served: 0 });
    evidence.expect({ all: 70, served: 7 });
    expect(evidence.distinct).toEqual({ all: 70, served: 7 });
    const shadow = evidenceOf({ mergeable: true });
    shadow.expect({ all: 70, served: 7 });
    expect(shadow.distinct).toEqual({ all: 70, served: 0 });
  });

  it("knows as many keys as the process that knows most, unless it is alone", () => {
    const evidence = fed(evidenceOf({ mergeable: true, gates: [gates.mismatches(0.5)] }), 10);
    const both = { ...terms, minimumUnits: 1, minimumKeys: 40, now: 2 * minute };
    const keysMissing = (): string => evidence.verdict(both).reasons.join(" ");
    evidence.setOthers([{ candidates: others(50) }, { candidates: others(20, 5_000) }], 2 * minute, false);
    expect(keysMissing()).not.toMatch(/keys/);
    evidence.setOthers([{ candidates: others(30) }], 2 * minute, false);
    expect(keysMissing()).toMatch(/keys/);
    evidence.setOthers([{ candidates: others(50) }], 2 * minute, true);
    expect(keysMissing()).toMatch(/keys/);
  });
});
