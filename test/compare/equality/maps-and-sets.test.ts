import { describe, expect, it } from "vitest";
import { listed, listedPairs } from "../listed.ts";

const map = (...entries: (readonly [unknown, unknown])[]): Map<unknown, unknown> => new Map(entries);
const set = (...elements: unknown[]): Set<unknown> => new Set(elements);
const one = { id: 1 };
const within = { tolerance: 0.1 };
const made = (): (() => number) => () => 1;

const sets = listedPairs(
  ["another element", () => [set(1, 2, 3), set(2, 3, 4)], "$[element 1] value"],
  ["one more", () => [set(1), set(1, 2)], "$[element 2] added"],
  ["one less", () => [set(1, 2), set(2)], "$[element 1] removed"],
  ["undefined, and nothing", () => [set(undefined), set()], "$[element undefined] removed"],
  ["objects in another order", () => [set({ a: 1, b: 1 }, { a: 2, b: 2 }), set({ a: 2, b: 2 }, { a: 1, b: 3 })], "$[element #0].b value"], // prettier-ignore
  ["an object of both, and one that is equal", () => [set(one, { b: 1 }), set({ id: 1 }, { b: 1 })], "match"],
  ["the same where others differ", () => [set(one, { b: 1 }), set({ id: 1 }, { b: 2 })], "$[element #1].b value"],
  [
    "two equal elements, one of them twice",
    () => [set({ a: 1 }, { a: 1 }), set({ a: 1 }, { a: 2 })],
    "$[element #1].a value",
  ],
  ["two equal elements, and one", () => [set({ a: 1 }, { a: 1 }), set({ a: 1 })], "$[element #1] removed"],
  ["Sets in Sets", () => [set(set(1, { a: 1 })), set(set({ a: 2 }, 1))], "$[element #0][element #0].a value"],
  ["elements that are nearly the same", () => [set(1, 2), set(1.05, 2.05)], "match", within],
  ["one that is not", () => [set(1, 2), set(1.05, 2.25)], "$[element 2] value", within],
  ["what a rule ignores in each", () => [set({ a: 1, t: 1 }), set({ a: 1, t: 2 })], "match", { ignore: ["$.*.t"] }],
  ["functions", () => [set(made()), set(made())], "$[element #0] is opaque: it cannot be looked into"],
  ["functions beside what differs", () => [set(made(), 5), set(made(), 6)], "$[element #0] opaque, $[element 5] value"],
);

const maps = listedPairs(
  ["another value", () => [map(["a", 1], ["b", 2]), map(["b", 2], ["a", 3])], '$[key "a"] value'],
  ["a key less", () => [map(["a", 1], ["b", 2]), map(["b", 2])], '$[key "a"] removed'],
  ["a key more", () => [map(["b", 2]), map(["a", 1], ["b", 2])], '$[key "a"] added'],
  ["another value of NaN", () => [map([NaN, 1]), map([NaN, 2])], "$[key NaN] value"],
  ["undefined under a key, and no key", () => [map(["a", undefined]), map()], '$[key "a"] undefined'],
  ["the same where that is nothing", () => [map(["a", undefined]), map()], "match", { undefinedIsMissing: true }],
  ["the same under an object", () => [map([{ a: 1 }, undefined]), map()], "match", { undefinedIsMissing: true }],
  ["one key of both", () => [map([one, 1], ["x", 1]), map([one, 1], ["x", 2])], '$[key "x"] value'],
  ["another value of that", () => [map([one, 1]), map([one, 2])], "$[key #0] value"],
  [
    "the value of that under an equal key",
    () => [map([one, 1], [{ id: 1 }, 2]), map([one, 2], [{ id: 1 }, 1])],
    "match",
  ],
  ["objects in another order", () => [map([{ id: 1 }, 1], [{ id: 2 }, 2]), map([{ id: 2 }, 2], [{ id: 1 }, 9])], "$[key #0] value"], // prettier-ignore
  ["an object less", () => [map([{ id: 1 }, 1], [{ id: 2 }, 2]), map([{ id: 1 }, 1])], "$[key #1] removed"],
  ["an object more", () => [map([{ id: 1 }, 1]), map([{ id: 1 }, 1], [{ id: 3 }, 3])], "$[key #1] added"],
  ["another object", () => [map([{ id: 1 }, 1]), map([{ id: 2 }, 1])], "$[key #0] removed, $[key #0] added"],
  [
    "two equal keys",
    () => [map([{ id: 1 }, 1], [{ id: 1 }, 2]), map([{ id: 1 }, 2], [{ id: 1 }, 3])],
    "$[key #0] value",
  ],
  ["functions for keys", () => [map([made(), 1]), map([made(), 1])], "$[key #0] is opaque: it cannot be looked into"],
  [
    "functions for keys of other values",
    () => [map([made(), 1]), map([made(), 2])],
    "$[key #0] opaque, $[key #0] value",
  ],
  ["functions in keys", () => [map([{ f: made() }, 1]), map([{ f: made() }, 2])], "$[key #0] opaque, $[key #0] value"],
  ["keys that are nearly the same", () => [map([{ id: 1 }, 1]), map([{ id: 1.01 }, 1])], "match", within],
  ["values that are nearly the same, of one key", () => [map([one, 1]), map([one, 1.05])], "match", within],
  ["values of equal keys, of which each has its own", () => [map([{ id: 1 }, 1], [{ id: 1 }, 1.1]), map([{ id: 1 }, 1.05], [{ id: 1 }, 1.15])], "match", { tolerance: 0.06 }], // prettier-ignore
  ["what a rule ignores", () => [map(["a", 1], [one, 1]), map(["a", 2], [one, 2])], "match", { ignore: ["$.*"] }],
);

describe("Maps and Sets", () => {
  it.each([...sets, ...maps])("$about", ({ pair, expected, rules }) => {
    expect(listed(...pair(), rules)).toBe(expected);
  });

  it.each([...sets, ...maps])(
    "as elements without order: $about",
    ({ pair, expected, rules: { ignore = [], ...rules } = {} }) => {
      const [control, candidate] = pair();
      const below = ignore.map((path) => path.replace("$", "$.*"));
      const inAnother = expected.replaceAll("$", "$[1]");
      expect(listed(["other", control], [candidate, "other"], { ...rules, ignore: below, unordered: ["$"] })).toBe(
        inAnother,
      );
    },
  );
});
