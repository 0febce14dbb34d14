import { describe, expect, it } from "vitest";
import type { Sample } from "../../src/model/rollout.ts";
import { CandidateEvidence } from "../../src/stats/candidate-evidence.ts";
import { gates } from "../../src/stats/gates.ts";
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
