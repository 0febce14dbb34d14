import { describe, expect, it } from "vitest";
import type { Sample } from "../../src/model/rollout.ts";
import { CandidateEvidence } from "../../src/stats/candidate-evidence.ts";
import { gates } from "../../src/stats/gates.ts";
import { comparedPair, TimedPairs } from "../../src/stats/timed-pairs.ts";
import { equallyFast, median, slowedBy, timePairs } from "../proof/statistics/latency.ts";
import { sample, seeded } from "./sample.ts";

const noWarmUp = { calls: 0, ms: 0 };

const trials = 200;
const options = { warmUp: noWarmUp };

describe("timed pairs that are much alike one after the other", () => {
  it("find a candidate that is 30 % slower within a median of 4 096", () => {
    const random = seeded(1);
    const ends = Array.from({ length: trials }, () => timePairs(slowedBy(1.3, random), 50_000, "regressed", options));
    expect(ends.every(({ kind }) => kind === "regressed")).toBe(true);
    expect(median(ends.map(({ pairs }) => pairs))).toBeLessThanOrEqual(4_096);
  });

  it("certify one that is as fast within a median of 2 048", () => {
    const random = seeded(2);
    const ends = Array.from({ length: trials }, () => timePairs(slowedBy(1, random), 20_000, "ready", options));
    expect(ends.every(({ kind }) => kind === "ready")).toBe(true);
    expect(median(ends.map(({ pairs }) => pairs))).toBeLessThanOrEqual(2_048);
  });

  it("certify one that is 50 % slower in no more than the risk that is taken", () => {
    const random = seeded(3);
    let ready = 0;
    for (let trial = 0; trial < trials; trial++) {
      if (timePairs(slowedBy(1.5, random), 4_096, "ready", options).kind === "ready") ready++;
    }
    expect(ready).toBeLessThanOrEqual(0.01 * trials);
  });
});

describe("a candidate that is as fast is not rolled back", () => {
  const pairs = 200_000;

  it.each(equallyFast(seeded(4)))("%s", (_what, process) => {
    expect(timePairs(process, pairs, "regressed")).toEqual({ kind: "undecided", pairs });
  });
});

describe("what is taken of a call that was timed", () => {
  const pair = { controlMs: 5, candidateMs: 7 };
  const answered = { kind: "match", controlThrew: false, candidateThrew: false, pair } as const;

  it.each<readonly [string, Partial<Parameters<typeof comparedPair>[0]>, boolean]>([
    ["both times where both answered", {}, true],
    ["both where the candidate was given up", { kind: "timed-out", candidateThrew: true }, true],
    ["nothing where control threw", { controlThrew: true }, false],
    ["nothing where the candidate threw", { kind: "mismatch", candidateThrew: true }, false],
    ["nothing of a candidate that works before it returns", { pair: "synchronous" }, false],
    ["nothing of a call that was no pair", { pair: undefined }, false],
    ["nothing where control was not timed", { pair: { controlMs: NaN, candidateMs: 1 } }, false],
    ["nothing where the candidate was not", { pair: { controlMs: 1, candidateMs: NaN } }, false],
  ])("is %s", (_, more, isTaken) => {
    expect(comparedPair({ ...answered, ...more })).toBe(isTaken ? pair : undefined);
  });
});

describe("a judge of timed pairs", () => {
  const terms = { ratio: 1.5, marginMs: 2, warmUp: noWarmUp };
  const feed = (judge: TimedPairs, times: number, more: Partial<Sample> = {}) =>
    Array.from({ length: times }, () => judge.penalty(sample({ pair: { controlMs: 4, candidateMs: 8 }, ...more })));

  it("says of each 32 pairs whether the candidate took longer than is tolerated, and nothing of others", () => {
    const judge = new TimedPairs(terms);
    // 1.5 · 4 ms + 2 ms are tolerated.
    expect(feed(judge, 32)).toEqual([...Array<undefined>(31), 0]);
    expect(feed(judge, 31)).toEqual(Array<undefined>(31));
    expect(feed(judge, 1, { pair: { controlMs: 4, candidateMs: 8.5 } })).toEqual([1]);
    // What says nothing is left out, and the block waits.
    feed(judge, 31);
    for (const none of [{ controlThrew: true }, { pair: undefined }, { pair: "synchronous" }] as const)
      expect(feed(judge, 1, none)).toEqual([undefined]);
    expect(feed(judge, 1)).toEqual([0]);
  });

  it("says that it says nothing of less than its margin, once all blocks were of such", () => {
    const judge = new TimedPairs(terms);
    expect(judge.note()).toBeUndefined();
    feed(judge, 32, { pair: { controlMs: 1, candidateMs: 1 } });
    expect(judge.note()).toBe("it says nothing of less than 2 ms, and the candidate takes less");
    feed(judge, 32, { pair: { controlMs: 1, candidateMs: 2 } });
    expect(judge.note()).toBeUndefined();
  });

  it("begins after so many calls, and so long after the first, once and for all", () => {
    const byCalls = new TimedPairs({ ...terms, warmUp: { calls: 2, ms: 0 } });
    expect(feed(byCalls, 34).indexOf(0)).toBe(33);
    const many = new TimedPairs({ ...terms, warmUp: { calls: 100, ms: 0 } });
    many.untimed(100, 0);
    expect(feed(many, 32).indexOf(0)).toBe(31);

    const byTime = new TimedPairs({ ...terms, warmUp: { calls: 0, ms: 10 } });
    // The first of these began the time.
    byTime.untimed(5, 1_000);
    byTime.untimed(5, 1_009);
    expect(feed(byTime, 40, { at: 1_009 })).toEqual(Array<undefined>(40));
    expect(feed(byTime, 31, { at: 1_010 })).toEqual(Array<undefined>(31));
    expect(feed(byTime, 1, { at: 0 })).toEqual([0]);
  });

  it("says why it will have no answer: after a block of calls that kept their caller, or 5 000 calls without a pair", () => {
    const judge = new TimedPairs(terms);
    feed(judge, 31, { pair: "synchronous" });
    expect(judge.silence()).toBeUndefined();
    feed(judge, 1, { pair: "synchronous" });
    expect(judge.silence()).toMatch(/^it cannot tell, since the candidate works for more than 1 ms/);
    const untimed = new TimedPairs(terms);
    untimed.untimed(4_000, 0);
    feed(untimed, 999, { pair: undefined });
    expect(untimed.silence()).toBeUndefined();
    feed(untimed, 1, { pair: undefined });
    expect(untimed.silence()).toMatch(/^it cannot tell, since no pair was timed/);
    feed(untimed, 1);
    expect(untimed.silence()).toBeUndefined();
  });
});

describe("the gate of latencies", () => {
  const feed = (evidence: CandidateEvidence, times: number, more: Partial<Sample>): void => {
    for (let time = 0; time < times; time++) evidence.record(sample({ at: time * 10, ...more }));
  };
  const reading = (more: Partial<Sample>, times = 6_000) => {
    const evidence = new CandidateEvidence({ gates: [gates.slower()], unitWindowMs: 0 });
    feed(evidence, times, more);
    const verdict = evidence.verdict("v2", {});
    return { verdict, ...verdict.gates[0]! };
  };

  it.each([
    ["after it has warmed up", 1_200],
    ["while it warms up", 100],
  ])("goes on when the wall clock is set back by an hour %s", (_when, before) => {
    const evidence = new CandidateEvidence({ gates: [gates.slower()], unitWindowMs: 0 });
    const pair = { controlMs: 5, candidateMs: 5 };
    for (let call = 0; call < 6_000; call++) {
      evidence.record(sample({ at: 10_000_000 + call * 10 - (call < before ? 0 : 3_600_000), pair }));
    }
    expect(evidence.verdict("v2", {}).gates[0]!.state).toBe("ready");
  });

  it("says that it says nothing of less than its margin", () => {
    const { verdict, state } = reading({ pair: { controlMs: 0.1, candidateMs: 0.4 } });
    expect(state).toBe("ready");
    expect(verdict.reasons.join()).toMatch(/it says nothing of less than 1 ms, and the candidate takes less\.$/);
    expect(reading({ pair: { controlMs: 5, candidateMs: 5 } }).verdict.reasons.join()).not.toMatch(/less than/);
  });

  it("cannot tell of a candidate that works long before it returns, nor without pairs, and says so", () => {
    const long = reading({ pair: "synchronous" });
    expect(long.state).toBe("insufficient");
    expect(long.verdict.stalled).toMatch(/^slower-than: it cannot tell, since the candidate works for more than 1 ms/);
    expect(reading({ pair: undefined }).verdict.stalled).toMatch(/cannot tell, since no pair was timed/);
    expect(reading({ pair: undefined }, 4_000).verdict.stalled).toBeUndefined();
  });

  it("leaves out what warms up, by calls and by time", () => {
    const pair = { controlMs: 5, candidateMs: 50 };
    const blocks = (warmUp: { calls?: number; ms?: number }): number => {
      const evidence = new CandidateEvidence({ gates: [gates.slower({ warmUp })], unitWindowMs: 0 });
      feed(evidence, 640, { pair });
      return evidence.verdict("v2", {}).gates[0]!.units;
    };
    expect(blocks({ calls: 0, ms: 0 })).toBe(20);
    expect(blocks({ calls: 320, ms: 0 })).toBe(10);
    expect(blocks({ calls: 0, ms: 3_200 })).toBe(10);
    expect(blocks({})).toBe(0);
  });

  it("takes no pair in which one side threw, and a timeout for as long as it took", () => {
    const pair = { controlMs: 5, candidateMs: 10_000 };
    expect(reading({ pair, candidateThrew: true, kind: "mismatch" }).units).toBe(0);
    expect(reading({ pair, controlThrew: true, kind: "mismatch" }).units).toBe(0);
    expect(reading({ pair, kind: "timed-out" }).bad).toBeGreaterThan(100);
    expect(reading({ pair: { controlMs: NaN, candidateMs: 1 } }).units).toBe(0);
  });

  it("keeps what it remembers to one body of evidence", () => {
    const shared = [gates.slower({ warmUp: noWarmUp })];
    const [one, other] = [0, 1].map(() => new CandidateEvidence({ gates: shared, unitWindowMs: 0 }));
    feed(one!, 31, { pair: { controlMs: 5, candidateMs: 5 } });
    feed(other!, 1, { pair: { controlMs: 5, candidateMs: 5 } });
    expect(other!.verdict("v2", {}).gates[0]!.units).toBe(0);
  });
});
