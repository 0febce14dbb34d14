import { describe, expect, it } from "vitest";
import { Reader } from "../../../src/compare/equality/safe-reader.ts";
import {
  lookedUntil,
  lookWasCutShort,
  QuickLook,
  surelyEqual,
  surelyEqualWithin,
} from "../../../src/compare/equality/surely-equal.ts";
import { compileRules, type CompareRules } from "../../../src/compare/rules/rules.ts";
import type { Place } from "../../../src/compare/equality/walker.ts";

const placeOf = (rules: CompareRules): Place => compileRules(rules, "test").start;
const nested = (levels: number, end: unknown): unknown => {
  let value = end;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
};
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);
const byKey = (count: number, last: unknown = count): object =>
  Object.fromEntries([...numbers(count - 1).map((n) => [`k${n}`, n]), ["last", last]]) as object;
const withSymbol = (value: object, enumerable = true): object =>
  Object.defineProperty(value, Symbol("s"), { value: 1, enumerable });
const accessor = (): object => Object.defineProperty({}, "a", { get: () => 1, enumerable: true });
class Row {
  a = 1;
}

type Pair = readonly [name: string, control: unknown, candidate: unknown];
const equal: readonly Pair[] = [
  ["empty objects", {}, {}],
  ["empty lists", [], []],
  ["the same keys", { a: 1, b: "x", c: null, d: true }, { a: 1, b: "x", c: null, d: true }],
  ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["`undefined` under a key", { a: undefined }, { a: undefined }],
  ["NaN", { a: NaN, b: [NaN] }, { a: NaN, b: [NaN] }],
  ["zeros", [0], [-0]],
  ["lists in lists", [[1, [2]], [3]], [[1, [2]], [3]]],
  ["short lists of objects", [{ a: 1 }, { b: [1] }], [{ a: 1 }, { b: [1] }]],
  ["long lists of objects", numbers(20).map((a) => ({ a })), numbers(20).map((a) => ({ a }))],
  ["long flat lists", numbers(20), numbers(20)],
  ["long flat lists with null and NaN", [null, NaN, ...numbers(20)], [null, NaN, ...numbers(20)]],
  ["200 levels", nested(200, 1), nested(200, 1)],
];
const unsure: readonly Pair[] = [
  ["another value", { a: 1 }, { a: 2 }],
  ["a number and a text", { a: 1 }, { a: "1" }],
  ["null and an object", { a: null }, { a: {} }],
  ["an object and null", { a: {} }, { a: null }],
  ["null and undefined", [null], [undefined]],
  ["a number and NaN", [1], [NaN]],
  ["NaN and a number", [NaN], [1]],
  ["a key less", { a: 1, b: 2 }, { a: 1 }],
  ["a key more", { a: 1 }, { a: 1, b: 2 }],
  ["another key", { a: undefined }, { b: undefined }],
  ["a key that is not enumerable", { a: 1 }, Object.defineProperty({}, "a", { value: 1 })],
  ["a longer list", [1], [1, 2]],
  ["a shorter list", [1, 2], [1]],
  ["another last element", [1, 2], [1, 3]],
  ["another first element", [1, 2], [0, 2]],
  ["another element of a long list", numbers(20), [...numbers(19), 0]],
  ["another object in a long list", numbers(20).map((a) => ({ a })), numbers(20, 1).map((a) => ({ a }))],
  ["a list and an object", [], {}],
  ["an object and a list", {}, []],
  ["an object without prototype", Object.create(null), Object.create(null)],
  ["another prototype", { a: 1 }, new Row()],
  ["instances", new Row(), new Row()],
  ["what is a list only by its prototype", Object.create(Array.prototype), []],
  ["a list, and what is one only by its prototype", [], Object.create(Array.prototype)],
  ["symbol keys of control", withSymbol({ a: 1 }), { a: 1 }],
  ["symbol keys of the candidate", { a: 1 }, withSymbol({ a: 1 })],
  ["functions", { a: () => 1 }, { a: () => 1 }],
  ["dates", new Date(1), new Date(1)],
  ["201 levels and more", nested(202, 1), nested(202, 1)],
];
const holes: readonly Pair[] = [
  ["holes", new Array<unknown>(2), new Array<unknown>(2)],
  ["`undefined` in lists", [undefined], [undefined]],
];

describe("a look for equality", () => {
  it.each(equal)("is sure of %s", (_, control, candidate) => {
    expect(surelyEqual(control, candidate)).toBe(true);
    expect(surelyEqual(control, candidate, undefined, true)).toBe(true);
    expect(lookWasCutShort()).toBe(false);
  });

  it.each([...unsure, ...holes])("is not sure of %s", (name, control, candidate) => {
    expect(surelyEqual(control, candidate)).toBe(false);
    if (!name.startsWith("symbol keys of control")) {
      expect(surelyEqual(control, candidate, undefined, true)).toBe(false);
    }
  });

  it("does not look for symbols in what is known to have none", () => {
    const [control, candidate] = [withSymbol({ a: 1 }), { a: 1 }];
    expect(surelyEqual(control, candidate, undefined, true)).toBe(true);
    // Nor is that remembered of the next ones.
    expect(surelyEqual(control, candidate)).toBe(false);
  });

  it("says nothing where a trap throws, and looks on afterwards as before", () => {
    const trapped = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("trap");
        },
      },
    );
    expect(surelyEqual({ a: trapped }, { a: {} }, undefined, true)).toBe(false);
    expect(surelyEqual(withSymbol({}), {})).toBe(false);
  });

  it("leaves out what is ignored, and what a tolerance says to the walk", () => {
    const ignoring = placeOf({ ignore: ["$.a", "$.list[1]", "$.long[1]", "$.deep[*].id"] });
    const made = (n: number): object => ({
      a: n,
      b: 1,
      list: [1, n],
      long: [1, n, ...numbers(9)],
      deep: [{ id: n, v: 1 }],
    });
    for (const named of [false, true]) expect(surelyEqual(made(1), made(2), ignoring, named)).toBe(true);
    expect(surelyEqual({ ...made(1), b: 1 }, { ...made(2), b: 2 }, ignoring)).toBe(false);
    expect(surelyEqual({ deep: [{ id: 1, v: 1 }] }, { deep: [{ id: 2, v: 2 }] }, ignoring)).toBe(false);
    const tolerant = placeOf({ tolerance: { "$.a": 1 } });
    expect(surelyEqual({ a: 1 }, { a: 1.5 }, tolerant)).toBe(false);
    expect(surelyEqual({ a: 1, b: {} }, { a: 1, b: {} }, tolerant)).toBe(true);
  });

  it("ends in its time on many keys, and does not begin again on the same", () => {
    let now = 0;
    const clock = (): number => now++;
    const [control, candidate] = [byKey(40_000), byKey(40_000)];
    expect(surelyEqualWithin(control, candidate, placeOf({}), 1_000, clock)).toBe(true);
    expect(lookWasCutShort()).toBe(false);
    // Control's symbols are listed from one look at the clock to the next, and every 16 384 keys it is looked at again.
    expect(now).toBeGreaterThanOrEqual(4);
    expect(lookedUntil().isLate).toBe(false);
    expect(surelyEqualWithin(byKey(40_000), byKey(40_000, "x"), placeOf({}), 1_000, clock)).toBe(false);
    expect(lookWasCutShort()).toBe(false);

    expect(surelyEqualWithin(control, candidate, placeOf({}), 10, clock)).toBe(false);
    expect(lookWasCutShort()).toBe(true);
    expect(lookedUntil().isLate).toBe(true);
    for (const known of [control, candidate]) {
      expect(surelyEqual(known, byKey(3))).toBe(false);
      expect(lookWasCutShort()).toBe(true);
    }
    expect(surelyEqual({ a: 1 }, { a: 1 })).toBe(true);
    expect(lookWasCutShort()).toBe(false);
  });

  it("ends in its time on many elements", () => {
    const list = (): unknown[] => numbers(3_000).map((a) => ({ a, b: [a] }));
    let now = 0;
    expect(surelyEqualWithin(list(), list(), placeOf({}), 0, () => now++)).toBe(false);
    expect(lookWasCutShort()).toBe(true);
    expect(surelyEqualWithin(list(), list(), placeOf({}), 1_000, () => now++)).toBe(true);
    expect(lookedUntil()).toMatchObject({ isLate: false, until: expect.any(Number) as number });
  });
});

describe.each([true, false])("a look within a walk, at copies: %s", (areCopies) => {
  const look = (): QuickLook => new QuickLook(new Reader(), () => false, areCopies);

  it.each(equal)("is sure of %s", (_, control, candidate) => {
    expect(look().same(control, candidate, placeOf({}))).toBe(true);
  });

  it.each(unsure)("is not sure of %s", (_, control, candidate) => {
    expect(look().same(control, candidate, placeOf({}))).toBe(false);
  });

  it("calls the same what a tolerance calls so, and leaves every other rule to the walk", () => {
    const asked: unknown[] = [];
    const tolerant = new QuickLook(new Reader(), (_, ours, theirs) => asked.push([ours, theirs]) > 0, areCopies);
    const place = placeOf({ tolerance: { "$.a": 1, "$.list[*]": 1 }, at: { "$.b": (b) => b } });
    expect(tolerant.same({ a: 1, list: [1, 2] }, { a: 2, list: [1, 3] }, place)).toBe(true);
    expect(asked).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(tolerant.same({ b: 1, c: 1 }, { b: 2, c: 1 }, place)).toBe(false);
    expect(asked).toHaveLength(2);
  });

  it("looks in vain at so much and no more", () => {
    const walk = look();
    const [control, candidate] = [numbers(9_000).map((n) => [n]), numbers(9_000).map((n) => [n])];
    candidate[8_999] = [0];
    expect(walk.same(control, candidate, placeOf({}))).toBe(false);
    expect(walk.same([1], [1], placeOf({}))).toBe(true);
    expect(walk.same(control, candidate, placeOf({}))).toBe(false);
    expect(walk.same([1], [1], placeOf({}))).toBe(false);
    expect(walk.same(control, control, placeOf({}))).toBe(true);
    const much = numbers(100_001);
    expect(look().same(much, [...much], placeOf({}))).toBe(false);
    expect(look().same(much.slice(2), much.slice(2), placeOf({}))).toBe(true);
  });
});

it("a look within a walk, at what is no copy, runs no accessor but elements, and those once", () => {
  const walk = new QuickLook(new Reader(), () => false, false);
  let runs = 0;
  const read: PropertyDescriptor = { get: () => ++runs, enumerable: true };
  const write: PropertyDescriptor = { set: () => undefined, enumerable: true };
  for (const property of [read, write]) {
    const made = (): object => Object.defineProperty({}, "a", property);
    expect(walk.same(made(), { a: undefined }, placeOf({}))).toBe(false);
    expect(walk.same({ a: undefined }, made(), placeOf({}))).toBe(false);
    const list = (): unknown[] => Object.defineProperty([1], 0, property);
    expect(walk.same(list(), [1], placeOf({}))).toBe(false);
    expect(walk.same([1], list(), placeOf({}))).toBe(false);
  }
  const readOnce = (): unknown[] => Object.defineProperty([1], 0, read);
  expect(walk.same(readOnce(), [undefined], placeOf({}))).toBe(false);
  expect(walk.same([undefined], readOnce(), placeOf({}))).toBe(false);
  expect(runs).toBe(0);
  const long = (): unknown[] => Object.defineProperty(numbers(9), 0, read);
  const [control, candidate] = [long(), numbers(9, 1)];
  expect(walk.same(control, candidate, placeOf({}))).toBe(false);
  expect(walk.same(control, candidate, placeOf({}))).toBe(false);
  expect(runs).toBe(1);
  expect(walk.same(accessor(), accessor(), placeOf({}))).toBe(false);
});

it("a look within a walk is not sure of holes in short lists", () => {
  const walk = new QuickLook(new Reader(), () => false, false);
  const [holed, undefineds] = [new Array<unknown>(2), [undefined, undefined]];
  expect(walk.same(holed, undefineds, placeOf({}))).toBe(false);
  expect(walk.same(undefineds, holed, placeOf({}))).toBe(false);
  expect(walk.same(holed, [...holed], placeOf({}))).toBe(false);
});
