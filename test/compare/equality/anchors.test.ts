import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare } from "../../../src/compare/compare.ts";
import { align } from "../../../src/compare/equality/anchors.ts";

/** The length of the longest common subsequence, by the book. */
function longest(ours: readonly number[], theirs: readonly number[]): number {
  const lengths = Array.from({ length: ours.length + 1 }, () => new Array<number>(theirs.length + 1).fill(0));
  for (let i = ours.length - 1; i >= 0; i--)
    for (let j = theirs.length - 1; j >= 0; j--)
      lengths[i]![j] =
        ours[i] === theirs[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  return lengths[0]![0]!;
}

describe("anchors", () => {
  const list = (max: number): fc.Arbitrary<number[]> => fc.array(fc.nat(max), { maxLength: 60 });

  it("join equal elements, and only rise", () => {
    fc.assert(
      fc.property(
        fc.nat(80).chain((max) => fc.tuple(list(max), list(max))),
        ([ours, theirs]) => {
          let [left, right] = [-1, -1];
          for (const [here, there] of align(ours, theirs)) {
            expect(ours[here]).toBe(theirs[there]);
            expect(here).toBeGreaterThan(left);
            expect(there).toBeGreaterThan(right);
            [left, right] = [here, there];
          }
        },
      ),
    );
  });

  it("are as many as there can be where every element occurs several times", () => {
    const twice = (half: readonly number[]): number[] => [...half, ...half];
    fc.assert(
      fc.property(list(4), list(4), (one, other) => {
        const [ours, theirs] = [twice(one), twice(other)];
        expect(align(ours, theirs)).toHaveLength(longest(ours, theirs));
      }),
    );
  });

  it("stand between what occurs once, too", () => {
    const [ours, theirs] = [
      [5, 5, 1, 5, 5, 2, 6, 5, 6, 3, 6, 6],
      [5, 5, 1, 5, 9, 5, 2, 6, 6, 3, 6, 6],
    ];
    const pairs = [
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 5],
      [5, 6],
      [6, 7],
      [8, 8],
      [9, 9],
      [10, 10],
      [11, 11],
    ];
    expect(align(ours, theirs)).toEqual(pairs);
  });

  const rising = (length: number, from: number): number[] => Array.from({ length }, (_, n) => from + n);

  it("are none of lists that have nothing in common, and of empty ones", () => {
    expect(align(rising(300, 0), rising(300, 1_000))).toEqual([]);
    expect(align([], [])).toEqual([]);
    expect(align([1], [])).toEqual([]);
    expect(align([], [1])).toEqual([]);
  });

  it("are the longest run that rises on both sides where every element occurs once, however far apart the lists are", () => {
    const shuffled = fc.shuffledSubarray(rising(700, 0), { minLength: 700 });
    fc.assert(
      fc.property(shuffled, shuffled, (ours, theirs) => {
        const anchors = align(ours, theirs);
        expect(anchors).toHaveLength(longest(ours, theirs));
        expect(anchors.every(([here, there]) => ours[here] === theirs[there])).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("are found far apart at the beginning and the end of lists without anything else in common", () => {
    expect(align([7, ...rising(400, 1_000)], [...rising(400, 2_000), 7])).toEqual([[0, 400]]);
    expect(align([...rising(400, 1_000), 7], [7, ...rising(400, 2_000)])).toEqual([[400, 0]]);
    expect(align([7, ...rising(400, 1_000), 8], [7, ...rising(400, 2_000), 8])).toEqual([
      [0, 0],
      [401, 401],
    ]);
  });

  it.each([
    [300, 256],
    [20_000, 99],
    [400_000, 8],
  ])("are all of %d elements that repeat beside at most %d insertions or removals", (length, most) => {
    const list = new Array<number>(length).fill(1);
    const longer = (by: number): number[] => [...list, ...new Array<number>(by).fill(2)];
    for (const anchors of [align(list, longer(most)), align(longer(most), list)]) expect(anchors).toHaveLength(length);
    for (const anchors of [align(list, longer(most + 1)), align(longer(most + 1), list)]) expect(anchors).toEqual([]);
  });

  it("take little time for lists that have nothing, or nearly all, in common", () => {
    const numbers = Array.from({ length: 100_000 }, (_, n) => n);
    for (const theirs of [numbers.map((n) => -n - 1), numbers.map(() => 0), [...numbers].reverse()]) {
      // Of the processor: a machine that does other work takes no longer for it.
      const before = process.cpuUsage();
      align(numbers, theirs);
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
    }
  });
});

describe("one insertion and one change in a long list", () => {
  const limits = { timeMs: 60_000 };
  class Row {
    readonly v: number;
    constructor(v: number) {
      this.v = v;
    }
  }

  it.each([
    ["rows", (n: number): unknown => ({ v: n, w: `row ${n}` })],
    ["numbers", (n: number): unknown => n],
    ["texts", (n: number): unknown => `line ${n}`],
    ["rows that repeat", (n: number): unknown => ({ v: n % 3 })],
    ["instances", (n: number): unknown => new Row(n)],
    ["lists", (n: number): unknown => [n, [n]]],
  ])("are two differences among %s", (_, row) => {
    for (const length of [150, 201, 250, 1_000, 5_000]) {
      const list = (): unknown[] => Array.from({ length }, (_, n) => row(n));
      const [control, candidate] = [list(), list()];
      candidate[length - 20] = "changed";
      candidate.splice(20, 0, "new");
      const comparison = compare(control, candidate, { limits });
      expect("differences" in comparison && comparison.differences.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
        "$[20] added",
        `$[${length - 20}] ${typeof row(0) === "string" ? "value" : "type"}`,
      ]);
    }
  });

  it("is one of order where all elements are the same ones", () => {
    const control = Array.from({ length: 1_000 }, (_, n) => ({ v: n }));
    const candidate = [...control.slice(500), ...control.slice(0, 500)];
    const comparison = compare(control, candidate, { limits });
    expect("differences" in comparison && comparison.differences.map(({ kind }) => kind)).toEqual(["order"]);
  });

  it("are mismatches of rows that all differ, however little may be spent", () => {
    const rows = (length: number, from: number): object[] =>
      Array.from({ length }, (_, n) => ({ v: n + from, w: `row ${n + from}` }));
    for (const length of [1_000, 20_000]) {
      for (const nodes of [2_000, 10_000, 100_000]) {
        const comparison = compare(rows(length, 0), rows(length, 1e6), { limits: { ...limits, nodes } });
        expect(comparison.kind).toBe("mismatch");
      }
    }
  });

  it("keeps what rules let pass", () => {
    const rows = (at: number): object[] =>
      Array.from({ length: 400 }, (_, n) => ({ v: `row ${n}`, n: n + at / 1e9, at }));
    const rules = { ignore: ["$[*].at"], tolerance: 1e-6, limits };
    const candidate = [{ v: "new", n: -1, at: 0 }, ...rows(2)];
    expect(compare(rows(1), rows(2), rules).kind).toBe("match");
    const comparison = compare(rows(1), candidate, rules);
    expect("differences" in comparison && comparison.differences.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "$[0] added",
    ]);
  });
});
