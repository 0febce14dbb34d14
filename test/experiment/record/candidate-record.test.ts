import { describe, expect, it } from "vitest";
import type { Sample } from "../../../src/model/rollout.ts";
import { CandidateRecord } from "../../../src/experiment/record/candidate-record.ts";
import { CandidateEvidence } from "../../../src/stats/candidate-evidence.ts";
import { Tally } from "../../../src/stats/tally.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/index.ts";

// Half a minute past: so that wall time and monotonic time are in different windows.
const startMs = Date.UTC(2026, 0, 1, 0, 0, 30);

function aRecord({ judges = true, clock = fixedClock(startMs) } = {}) {
  const works: (() => void)[] = [];
  const record = new CandidateRecord("price", "rules", judges, clock, (work) => works.push(work));
  return { record, works, clock };
}

/** @param at when it began, after the start; it is told with the time at which it ended */
function sample(at: number, controlMs: number, candidateMs: number, parts: Partial<Sample> = {}): Sample {
  return {
    experiment: "price",
    candidate: "rules",
    kind: "match",
    controlMs,
    candidateMs,
    controlThrew: false,
    candidateThrew: false,
    key: undefined,
    at: startMs + at + Math.max(controlMs, candidateMs),
    epoch: 0,
    result: () => undefined,
    ...parts,
  };
}

/** What the same samples come to when each of them is told at once, and read at `now`. */
function toldAtOnce(now: number, ...samples: readonly Sample[]) {
  const tally = new Tally();
  const evidence = new CandidateEvidence();
  for (const each of samples) {
    tally.record(each);
    evidence.record(each);
  }
  return { tally: tally.toJSON(), verdict: evidence.verdict("rules", { now: startMs + now }) };
}

function matches(record: CandidateRecord, times: number, key?: (index: number) => string): void {
  for (let index = 0; index < times; index++) record.match(index, 1, 2, key?.(index));
}

describe("a candidate's record", () => {
  it("puts matches down, and comes to what they would have come to at once", () => {
    const { record, clock } = aRecord();
    clock.advance(50_000);
    record.match(10_000, 4, 8, "Ada");
    record.match(20_000, 5, 50, "Ada");
    record.match(40_000, 6, 7, "Ada");
    record.match(45_000, 7, 7, undefined);
    const expected = toldAtOnce(
      50_000,
      sample(10_000, 4, 8, { key: "Ada" }),
      sample(20_000, 5, 50, { key: "Ada" }),
      sample(40_000, 6, 7, { key: "Ada" }),
      sample(45_000, 7, 7),
    );
    expect(record.verdict()).toEqual(expected.verdict);
    expect(record.tally.toJSON()).toEqual(expected.tally);
    // The key once in each minute of the wall clock, and the call without one.
    expect(record.verdict()).toMatchObject({ candidate: "rules", comparisons: 4, units: 3 });
  });

  it("keeps the order of matches and of what is no match", () => {
    const { record, clock } = aRecord();
    clock.advance(10_000);
    const mismatch = sample(9_000, 3, 4, { kind: "mismatch" });
    record.match(1_000, 1, 2, undefined);
    record.add(mismatch);
    record.match(9_500, 1, 2, undefined);
    const expected = toldAtOnce(10_000, sample(1_000, 1, 2), mismatch, sample(9_500, 1, 2));
    expect(record.verdict()).toEqual(expected.verdict);
    expect(record.tally.toJSON()).toEqual(expected.tally);
  });

  it("keeps what was timed as a pair, among calls that were not, as if each were told at once", () => {
    const { record, clock } = aRecord();
    clock.advance(60_000);
    const told: Sample[] = [];
    for (let index = 0; index < 1_600; index++) {
      const at = 30 * index;
      const pair = index % 16 === 0 ? { controlMs: 10, candidateMs: index < 840 ? 30 : 11 } : undefined;
      record.match(at, 10, 20, undefined, pair);
      told.push(sample(at, 10, 20, { pair }));
      if (index % 200 === 199) record.verdict();
    }
    const expected = toldAtOnce(60_000, ...told);
    expect(record.verdict()).toEqual(expected.verdict);
    expect(record.verdict().gates.find(({ name }) => name === "slower-than")).toMatchObject({ units: 2, bad: 1 });
    expect(record.tally.toJSON()).toEqual(expected.tally);
  });

  it("forgets a key with the match that it belongs to", () => {
    const { record } = aRecord();
    record.match(0, 1, 2, "Ada");
    expect(record.verdict().units).toBe(1);
    matches(record, 3);
    expect(record.verdict().units).toBe(4);
  });

  it("counts matches beyond its room without their durations, each once", () => {
    const { record, clock } = aRecord();
    clock.advance(1_000);
    matches(record, 300);
    const evidence = new CandidateEvidence();
    for (let index = 0; index < 256; index++) evidence.record(sample(index, 1, 2));
    evidence.matched(44, startMs + 1_000);
    expect(record.verdict()).toEqual(evidence.verdict("rules", { now: startMs + 1_000 }));
    expect(record.tally.kinds.match).toBe(300);
    expect([record.tally.control.count, record.tally.candidate.count]).toEqual([256, 256]);
    record.match(1_000, 1, 2, undefined);
    expect(record.tally.kinds.match).toBe(301);
    expect(record.tally.control.count).toBe(257);
  });

  it("keeps room for timed pairs, which do not make room for others", () => {
    const { record } = aRecord();
    matches(record, 300);
    for (let pair = 0; pair < 64; pair++) record.match(300 + pair, 1, 2, undefined, { controlMs: 1, candidateMs: 2 });
    matches(record, 10);
    expect(record.tally.kinds.match).toBe(374);
    expect(record.tally.control.count).toBe(256 + 64);
  });

  it("keeps the durations of matches with a key, however many come", () => {
    const { record } = aRecord();
    matches(record, 600, (index) => `customer-${index % 20}`);
    expect(record.tally.control.count).toBe(600);
    expect(record.verdict().comparisons).toBe(600);
    // Two keys may share a place.
    expect([19, 20]).toContain(record.verdict().units);
  });

  it("asks for one turn of its own when half of its room is taken, and works everything in there", () => {
    const { record, works } = aRecord();
    matches(record, 128);
    expect(works).toHaveLength(0);
    matches(record, 128);
    expect(works).toHaveLength(1);
    works[0]!();
    matches(record, 128);
    expect(works).toHaveLength(1);
    matches(record, 128);
    expect(works).toHaveLength(2);
    works[1]!();
    expect(record.tally.control.count).toBe(512);
  });

  it("does not ask for a second turn before the first has come", () => {
    const { record, works } = aRecord();
    matches(record, 200);
    expect(record.tally.kinds.match).toBe(200);
    matches(record, 200);
    expect(works).toHaveLength(1);
  });

  it("gathers no evidence where its rollout does", () => {
    const { record } = aRecord({ judges: false });
    matches(record, 10);
    record.add(sample(10, 1, 2, { kind: "mismatch" }));
    expect(record.tally.kinds).toMatchObject({ match: 10, mismatch: 1 });
    expect(record.verdict()).toMatchObject({ kind: "insufficient", missing: "no-traffic", comparisons: 0 });
  });

  it("reads no clock where there is nothing to work in", () => {
    const refuse = (): never => {
      throw new Error("the clock was read");
    };
    const clock: FixedClock = { ...fixedClock(), now: refuse, monotonic: refuse };
    const { record } = aRecord({ clock });
    record.add(sample(0, 1, 2, { kind: "mismatch" }));
    expect(record.tally.kinds.mismatch).toBe(1);
  });
});
