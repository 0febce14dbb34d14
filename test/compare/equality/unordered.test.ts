import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";
import { bandsOf, groupBoth } from "../../../src/compare/equality/unordered.ts";
import { BandColumn, BandKey } from "../../../src/compare/equality/fingerprint.ts";
import { listed, listedPairs } from "../listed.ts";

const made = (): (() => number) => () => 1;
const holed = (): unknown[] => [1, , 2];
const byId: CompareRules = { unordered: [{ path: "$", by: "id" }] };
const near = (tolerance: CompareRules["tolerance"]): CompareRules => ({ tolerance: tolerance! });

const pairs = listedPairs(
  ["another order", () => [[1, 2, 3], [3, 1, 2]], "match"], // prettier-ignore
  ["one less", () => [[1, 2, 3], [3, 1]], "$[1] removed"], // prettier-ignore
  ["one more", () => [[1, 2], [3, 1, 2]], "$[0] added"], // prettier-ignore
  ["all more", () => [[], [1, 2]], "$[0] added, $[1] added"], // prettier-ignore
  ["all less", () => [[1, 2], []], "$[0] removed, $[1] removed"], // prettier-ignore
  ["the same ones, of which others come twice", () => [[1, 1, 2], [1, 2, 2]], "$[1] value"], // prettier-ignore
  ["numbers and their texts", () => [[1, "1"], ["1", 1]], "match"], // prettier-ignore
  ["one that has changed", () => [[{ n: "a", v: 1 }, { n: "b", v: 2 }], [{ n: "b", v: 3 }, { n: "a", v: 1 }]], "$[1].v value"], // prettier-ignore
  ["two that have, each beside what it is most like", () => [[{ n: "a", v: 1, w: 1 }, { n: "b", v: 2, w: 2 }], [{ n: "b", v: 2, w: 9 }, { n: "a", v: 9, w: 1 }]], "$[0].v value, $[1].w value"], // prettier-ignore
  ["holes", () => [holed(), [2, ...holed().slice(0, 1), ...new Array<number>(1)]], "$[1] added"],
  ["a hole, and undefined", () => [holed(), [2, 1, undefined]], "$[1] added"],
  ["the same where that is nothing", () => [holed(), [2, 1, undefined]], "match", { undefinedIsMissing: true }],
  ["those of one key", () => [[{ id: 1, v: 1 }, { id: 2, v: 2 }], [{ id: 2, v: 2 }, { id: 1, v: 9 }]], "$[0].v value", byId], // prettier-ignore
  ["those of one key, never of two", () => [[{ id: 1, v: 1 }], [{ id: 2, v: 1 }]], "$[0] removed, $[0] added", byId], // prettier-ignore
  ["keys that are objects", () => [[{ id: { a: 1 } }, { id: { a: 2 } }], [{ id: { a: 2 } }, { id: { a: 1 } }]], "match", byId], // prettier-ignore
  ["keys without a prototype", () => [[1, 2], [2, 1]], "match", { unordered: [{ path: "$", by: () => Object.create(null) as object }] }], // prettier-ignore
  ["keys that are functions", () => [[1, 2], [2, 1]], "match", { unordered: [{ path: "$", by: () => made() }] }], // prettier-ignore
  ["three less, two of them alike", () => [["a", "b", "a"], []], "$[0] removed, $[1] removed, $[2] removed"],
  ["a hole, and a value", () => [new Array(1), [5]], "$[0] added"],
  ["a value, and a hole", () => [[5], new Array(1)], "$[0] removed"],
  ["functions", () => [[made(), 2], [2, made()]], "$[0] is opaque: it cannot be looked into"], // prettier-ignore
  ["functions, and what differs beside them", () => [[{ f: made(), a: 1 }, { f: made(), a: 2 }], [{ f: made(), a: 2 }, { f: made(), a: 3 }]], "$[1].f opaque, $[0].f opaque, $[0].a value"], // prettier-ignore
  ["functions, and nothing that differs", () => [[{ f: made(), a: 1 }, { f: made(), a: 2 }], [{ f: made(), a: 2 }, { f: made(), a: 1 }]], "$[0].f is opaque: it cannot be looked into, and 1 more"], // prettier-ignore
  ["functions in lists in it", () => [[[{ f: made() }, 1], [2]], [[2], [1, { f: made() }]]], "$[0][0].f is opaque: it cannot be looked into", { unordered: ["$", "$.*"] }], // prettier-ignore
  ["numbers in a row, each near the next", () => [[1, 1.1, 1.2], [1.1, 1.2, 1.3]], "match", near(0.11)], // prettier-ignore
  ["numbers that are near by their share", () => [[100, 110], [105, 95]], "match", near({ rel: 0.06 })], // prettier-ignore
  ["one that is not", () => [[100, 110], [105, 80]], "$[1] value", near({ rel: 0.06 })], // prettier-ignore
  ["objects with such numbers", () => [[{ a: 1, b: "x" }, { a: 1.1, b: "x" }], [{ a: 1.15, b: "x" }, { a: 1.04, b: "x" }]], "match", near(0.06)], // prettier-ignore
  ["numbers beside NaN", () => [[NaN, 1], [1.01, NaN]], "match", near(0.06)], // prettier-ignore
  ["objects of which one has no number", () => [[{ b: "x" }, { a: 1, b: "x" }], [{ a: 1.01, b: "x" }, { b: "x" }]], "match", near(0.06)], // prettier-ignore
  ["errors", () => [[new Error("a"), new Error("b")], [new Error("b"), new Error("c")]], "$[0].message value"], // prettier-ignore
);

describe("a list without order", () => {
  it.each(pairs)("$about", ({ pair, expected, rules }) => {
    expect(listed(...pair(), { unordered: ["$"], ...rules })).toBe(expected);
  });
});

it("lists with an element without an equal what that is", () => {
  const differences = (control: unknown[], candidate: unknown[]): unknown =>
    compare(control, candidate, { unordered: ["$"] });
  expect(differences([1], [3, 1])).toMatchObject({ differences: [{ path: "$[0]", kind: "added", candidate: 3 }] });
  expect(differences([3, 1], [1])).toMatchObject({ differences: [{ path: "$[0]", kind: "removed", control: 3 }] });
  expect(differences(new Array(1), [5])).toMatchObject({
    differences: [{ path: "$[0]", kind: "added", candidate: 5 }],
  });
});

describe("groups of both sides", () => {
  it("hold indices by name, each side's in their order", () => {
    const groups = [...groupBoth(["a", "b", "a", "c"], ["b", "b", "d"], (name) => name)];
    expect(groups).toEqual([
      [[0, 2], []],
      [[1], [0, 1]],
      [[3], []],
      [[], [2]],
    ]);
  });

  it("are told which element of which side is asked for", () => {
    const asked: unknown[] = [];
    expect([...groupBoth([5], [6, 7], (...all) => asked.push(all))]).toHaveLength(3);
    expect(asked).toEqual([
      [5, 0, "left"],
      [6, 0, "right"],
      [7, 1, "right"],
    ]);
  });
});

describe("bands", () => {
  const column = (tolerance: { abs?: number; rel?: number }[], ...values: number[]): BandColumn => {
    const made = new BandColumn();
    values.forEach((value, index) => {
      const key = new BandKey();
      key.offer(1, value, tolerance);
      made.set(index, key);
    });
    return made;
  };

  it("are the numbers of both sides, with how far the widest tolerance reaches", () => {
    const tolerances = [{ abs: 0.5 }, { rel: 0.2 }];
    const bands = { left: column(tolerances, 1, 10), right: column(tolerances, 4, 8, 12) };
    const { left, right, reach } = bandsOf([0, 1], [1, 2], bands)!;
    expect([...left]).toEqual([[0, 1], [1, 10]]); // prettier-ignore
    expect([...right]).toEqual([[1, 8], [2, 12]]); // prettier-ignore
    expect(reach(1)).toBeCloseTo(0.5, 6);
    expect(reach(1)).toBeGreaterThan(0.5);
    // 20 % of the larger one, which is as far above 10 as 25 % of that.
    expect(reach(10)).toBeCloseTo(2.5, 6);
    expect(reach(-10)).toBeCloseTo(2.5, 6);
    expect(reach(-10)).toBeGreaterThan(2.5);
  });

  it("are none where there is an element without a number, or none at all", () => {
    const bands = { left: column([{ abs: 1 }], 1), right: column([{ abs: 1 }], NaN) };
    expect(bandsOf([0], [0], bands)).toBeUndefined();
    expect(bandsOf([], [0], { left: bands.left, right: bands.left })).toBeUndefined();
    expect(bandsOf([0], [], { left: bands.left, right: bands.left })).toBeUndefined();
  });
});
