import { describe, expect, it } from "vitest";
import { DifferenceHistogram } from "../../src/stats/difference-histogram.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

function histogramOf(differences: readonly number[]): DifferenceHistogram {
  const histogram = new DifferenceHistogram();
  for (const each of differences) histogram.add(each);
  return histogram;
}

describe("a histogram of differences", () => {
  it("has each difference within 5 %, of either sign, from a microsecond to eleven days", () => {
    const random = seededRandom(5);
    for (let draw = 0; draw < 2_000; draw++) {
      const ms = (random() < 0.5 ? -1 : 1) * 10 ** (random() * 12 - 3);
      const [[middle, times], ...rest] = histogramOf([ms]).list() as [[number, number]];
      expect([times, rest]).toEqual([1, []]);
      expect(Math.abs(middle / ms - 1), String(ms)).toBeLessThan(0.0501);
    }
  });

  it("counts less than a microsecond either way as none, what is longer than all in the last bucket, and no number not at all", () => {
    expect(histogramOf([0, -0, 0.000_9, -0.000_9, NaN]).toJSON()).toStrictEqual({ version: 1, buckets: [0, 4] });
    const [[longest]] = histogramOf([1e30]).list() as [[number, number]];
    expect(longest / 1e9).toBeGreaterThan(0.9);
    expect(histogramOf([1e9, 1e12, Infinity]).list()).toEqual([[longest, 3]]);
    expect(histogramOf([-Infinity]).list()).toEqual([[-longest, 1]]);
    expect(histogramOf([0.001, -0.001]).list().map(([ms]) => Math.sign(ms))).toEqual([-1, 1]); // prettier-ignore
  });

  it("lists in rising order, and adds up in any order, also through JSON", () => {
    const [one, other] = [histogramOf([3, -3, 0, 100, -0.01, 3]), histogramOf([-3, 8, 0])];
    expect(one.list().map(([ms]) => Math.round(ms))).toEqual([-3, -0, 0, 3, 105]);
    const forwards = DifferenceHistogram.from(JSON.parse(JSON.stringify(one)));
    forwards.merge(other);
    const backwards = DifferenceHistogram.from(JSON.parse(JSON.stringify(other)));
    backwards.merge(one);
    expect(JSON.stringify(forwards)).toBe(JSON.stringify(backwards));
    expect(forwards.count).toBe(9);
    expect(forwards.toJSON()).toEqual(histogramOf([3, -3, 0, 100, -0.01, 3, -3, 8, 0]).toJSON());
    expect(DifferenceHistogram.from(undefined).count).toBe(0);
  });

  it.each([
    ...[null, 7, {}, [], { version: 2, buckets: [] }, { version: 1 }, { version: 1, buckets: [1] }],
    ...[[1e9, 1], [-1e9, 1], [0.5, 1], ["1", 1], [1, 0], [1, -1], [1, 0.5], [1, null]].map((buckets) => ({ version: 1, buckets })), // prettier-ignore
  ])("refuses %j", (data) => {
    expect(() => DifferenceHistogram.from(data)).toThrow(expect.objectContaining({ code: "invalid-state" }));
  });
});
