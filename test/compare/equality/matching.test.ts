import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { match, type Bands } from "../../../src/compare/equality/matching.ts";

const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** How many pairs there can be, by trying all ways. */
function most(left: readonly number[], right: readonly number[], fits: (a: number, b: number) => boolean): number {
  const [a, ...others] = left;
  if (a === undefined) return 0;
  const without = most(others, right, fits);
  const having = right
    .filter((b) => fits(a, b))
    .map(
      (b) =>
        1 +
        most(
          others,
          right.filter((other) => other !== b),
          fits,
        ),
    );
  return Math.max(without, ...having);
}

const bandsOf = (ours: readonly number[], theirs: readonly number[], reach: Bands["reach"]): Bands => ({
  left: new Map(ours.map((value, index) => [index, value])),
  right: new Map(theirs.map((value, index) => [index, value])),
  reach,
});

describe("a matching", () => {
  // So dense that who comes first often takes the one partner that another one has.
  const numbers = fc.array(fc.nat(6), { maxLength: 5 });
  // Numbers that reach farther than others do, so that they may give way also where all are asked in their order.
  const farther = fc.array(fc.nat(2), { minLength: 7, maxLength: 7 });

  it.each([true, false])("is as large as can be where closeness is not transitive, by bands: %s", (hasBands) => {
    fc.assert(
      fc.property(numbers, numbers, farther, (ours, theirs, reaches) => {
        const asked = new Set<string>();
        const reach = (value: number): number => reaches[value]!;
        const close = (a: number, b: number): boolean => Math.abs(ours[a]! - theirs[b]!) <= reach(ours[a]!);
        const fits = (a: number, b: number): boolean => {
          expect(asked.has(`${a} ${b}`), "asked twice").toBe(false);
          asked.add(`${a} ${b}`);
          if (hasBands) expect(close(a, b), "asked of what is too far").toBe(true);
          return close(a, b);
        };
        const [left, right] = [indices(ours.length), indices(theirs.length)];
        const found = match(left, right, fits, false, hasBands ? bandsOf(ours, theirs, reach) : undefined);
        expect(found.pairs).toHaveLength(most(left, right, close));
        expect(found.pairs.every(([a, b]) => close(a, b))).toBe(true);
        expect([...found.pairs.map(([a]) => a), ...found.left].sort()).toEqual(left);
        expect([...found.pairs.map(([, b]) => b), ...found.right].sort()).toEqual(right);
        expect(found.complete).toBe(found.left.length + found.right.length === 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("looks on from where the last one was found, where all have a partner in their order", () => {
    const count = 300;
    const numbers = indices(count).map((index) => 10 * index);
    let asked = 0;
    const found = match(
      indices(count).reverse(),
      indices(count),
      (a, b) => ++asked > 0 && a === b,
      false,
      bandsOf(numbers, numbers, () => 10),
    );
    expect(found.complete).toBe(true);
    expect(asked).toBeLessThan(2 * count);
  });

  it("tries only who is free where equality is transitive, and each of them until one fits", () => {
    const asked: string[] = [];
    const values = ["a", "b", "a", "c"];
    const others = ["b", "a", "d", "a"];
    const found = match(
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      (a, b) => {
        asked.push(`${a}${b}`);
        return values[a] === others[b];
      },
      true,
    );
    expect(asked).toEqual(["00", "01", "10", "22", "23", "32"]);
    expect(found).toEqual({
      complete: false,
      left: [3],
      right: [2],
      pairs: [
        [0, 1],
        [1, 0],
        [2, 3],
      ],
    });
  });
});
