import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../src/stats/histogram.ts";
import { Tally } from "../../src/stats/tally.ts";
import { sample } from "./sample.ts";

const durations = fc.array(fc.double({ min: 1e-6, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 });

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe("a latency histogram", () => {
  it("returns every quantile within 1 % of the true one", () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const truth = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
        expect(Math.abs(histogramOf(values).quantile(share) - truth)).toBeLessThanOrEqual(0.010001 * truth);
      }),
    );
  });

  it("merges into what all values together give", () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const merged = histogramOf(some);
        merged.merge(histogramOf(others));
        const together = histogramOf([...some, ...others]);
        expect({ ...merged.toJSON(), sumMs: 0 }).toEqual({ ...together.toJSON(), sumMs: 0 });
        expect(merged.meanMs).toBeCloseTo(together.meanMs, 5);
      }),
    );
  });

  it("comes back from JSON as it was", () => {
    fc.assert(
      fc.property(durations, (values) => {
        const histogram = histogramOf([0, ...values]);
        const back = LatencyHistogram.from(JSON.parse(JSON.stringify(histogram)));
        expect(back.toJSON()).toEqual(histogram.toJSON());
      }),
    );
  });

  it("counts zero as zero, leaves out NaN, and keeps what is too long in its last bucket", () => {
    const histogram = histogramOf([0, NaN, Infinity, -1]);
    expect(histogram.count).toBe(3);
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.quantile(1)).toBeGreaterThan(9e8);
  });

  it("has no quantile when it is empty", () => {
    expect(new LatencyHistogram().quantile(0.5)).toBe(NaN);
    expect(new LatencyHistogram().meanMs).toBe(0);
  });

  it.each([
    null,
    1,
    {},
    { ...new LatencyHistogram().toJSON(), version: 1 },
    { ...histogramOf([1]).toJSON(), count: 5 },
    { ...histogramOf([1]).toJSON(), buckets: [2] },
    { ...histogramOf([1]).toJSON(), buckets: [-1e9, 1] },
    { ...histogramOf([1]).toJSON(), buckets: [-1] },
    { ...histogramOf([1]).toJSON(), buckets: [-9, 0, 1] },
    { ...histogramOf([1]).toJSON(), buckets: [-9.5, 1] },
    { ...histogramOf([1]).toJSON(), buckets: ["1"] },
    { ...histogramOf([1]).toJSON(), sumMs: "1" },
  ])("refuses %j", (data) => {
    expect(() => LatencyHistogram.from(data)).toThrow(expect.objectContaining({ code: "invalid-state" }));
  });
});

describe("a tally", () => {
  it("counts matches whose durations are not known, and leaves them out of latencies", () => {
    const tally = new Tally();
    tally.matched(1_000);
    tally.record(sample());
    expect(tally.kinds.match).toBe(1_001);
    expect([tally.control.count, tally.candidate.count]).toEqual([1, 1]);
  });

  it("counts each kind, and errors of one side only", () => {
    const tally = new Tally();
    tally.record(sample());
    tally.record(sample({ kind: "ignored" }));
    tally.record(sample({ kind: "inconclusive" }));
    tally.record(sample({ kind: "timed-out", candidateMs: 10_000 }));
    tally.record(sample({ kind: "mismatch", candidateThrew: true }));
    tally.record(sample({ kind: "match", candidateThrew: true, controlThrew: true }));
    expect(tally.kinds).toEqual({ match: 2, ignored: 1, inconclusive: 1, "timed-out": 1, mismatch: 1 });
    expect([tally.compared, tally.candidateErrors, tally.controlErrors]).toEqual([6, 1, 1]);
    expect(tally.candidate.maxMs).toBe(10_000);
    expect(tally.control.count).toBe(6);
  });

  it("counts no error of a candidate beside a control that nobody saw", () => {
    const tally = new Tally();
    tally.record(sample({ kind: "mismatch", candidateThrew: true, aboutControl: "unseen" }));
    tally.record(sample({ kind: "mismatch", candidateThrew: true, aboutControl: "late" }));
    expect(tally.candidateErrors).toBe(1);
  });

  it("has by how much the candidate took longer, of pairs alone", () => {
    const pair = { controlMs: 10, candidateMs: 14 };
    for (const add of [
      (tally: Tally, given?: typeof pair | "synchronous") => tally.record(sample(given && { pair: given })),
      (tally: Tally, given?: typeof pair | "synchronous") => tally.match(1, 2, given),
    ]) {
      const tally = new Tally();
      add(tally);
      add(tally, "synchronous");
      expect(tally.differences.count).toBe(0);
      expect(tally.toJSON()).not.toHaveProperty("differences");
      add(tally, pair);
      expect(tally.kinds.match).toBe(3);
      expect([tally.control.count, tally.candidate.count]).toEqual([3, 3]);
      // 14 ms − 10 ms, within 5 %.
      const [[middle]] = tally.differences.list() as [[number, number]];
      expect(Math.abs(middle - 4)).toBeLessThan(0.2);
      const merged = Tally.decode(tally.encode());
      merged.merge(tally);
      expect(merged.differences.count).toBe(2);
    }
  });

  it("adds up errors of either side", () => {
    const tally = new Tally();
    tally.record(sample({ kind: "mismatch", candidateThrew: true }));
    for (let call = 0; call < 2; call++) tally.record(sample({ controlThrew: true }));
    const merged = Tally.decode(tally.encode());
    merged.merge(tally);
    expect([merged.candidateErrors, merged.controlErrors]).toEqual([2, 4]);
  });

  it("adds up over processes in any order, also through text", () => {
    const one = new Tally();
    const other = new Tally();
    for (let call = 0; call < 50; call++) one.record(sample({ controlMs: call }));
    for (let call = 0; call < 30; call++) other.record(sample({ kind: "mismatch", candidateMs: call * 2 }));
    const forwards = Tally.decode(one.encode());
    forwards.merge(Tally.decode(other.encode()));
    const backwards = Tally.decode(other.encode());
    backwards.merge(one);
    expect(forwards.toJSON()).toEqual(backwards.toJSON());
    expect(forwards.compared).toBe(80);
    expect(forwards.control.count).toBe(80);
  });

  const encoded = new Tally().toJSON();
  it.each([
    "",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...encoded, version: 2 }),
    JSON.stringify({ ...encoded, kinds: { match: 1 } }),
    JSON.stringify({ ...encoded, kinds: { ...encoded.kinds, match: -1 } }),
    JSON.stringify({ ...encoded, kinds: null }),
    JSON.stringify({ ...encoded, kinds: 5 }),
    JSON.stringify({ ...encoded, kinds: { ...encoded.kinds, other: 1 } }),
    JSON.stringify({ ...encoded, kinds: { match: 0, ignored: 0, inconclusive: 0, mismatch: 0, other: 0 } }),
    JSON.stringify({ ...encoded, candidateErrors: "1" }),
    JSON.stringify({ ...encoded, control: undefined }),
  ])("refuses %j", (text) => {
    expect(() => Tally.decode(text)).toThrow(expect.objectContaining({ name: "SidelaneError", code: "invalid-state" }));
  });

  it("says what it expected, and why it is no JSON", () => {
    expect(() => Tally.decode("{")).toThrow(
      expect.objectContaining({
        message: "Expected an encoded tally of version 1, got something else",
        cause: expect.any(SyntaxError),
      }),
    );
  });
});
