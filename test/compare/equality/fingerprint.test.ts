import * as immutable from "immutable";
import { describe, expect, it } from "vitest";
import { BandColumn, BandKey, far, fingerprint, near, type Reach } from "../../../src/compare/equality/fingerprint.ts";
import { missing } from "../../../src/compare/equality/missing.ts";
import { Reader } from "../../../src/compare/equality/safe-reader.ts";
import type { Walker } from "../../../src/compare/equality/walker.ts";
import { compileRules, type CompareRules } from "../../../src/compare/rules/rules.ts";

type Tolerances = NonNullable<CompareRules["tolerance"]>;

class Sealed {
  readonly #it: unknown;
  constructor(it: unknown) {
    this.#it = it;
  }
  toJSON(): unknown {
    return { it: this.#it };
  }
}
class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

function printer(rules: CompareRules = {}, reach: Reach = near): (value: unknown, band?: BandKey) => number {
  const compiled = compileRules(rules, "test");
  const walk = { rules: compiled, reader: new Reader(), tick: () => undefined, pulse: () => undefined };
  return (value, band) => fingerprint(walk as unknown as Walker, value, compiled.start, band?.reset(), reach);
}

/** The number by which an element is sorted, and what it may differ by. */
function bandOf(rules: CompareRules, value: unknown): readonly unknown[] {
  const [key, column] = [new BandKey(), new BandColumn()];
  printer(rules)(value, key);
  column.set(3, key);
  return [column.numberOf(3), column.tolerancesOf(3)];
}

const deep = (end: unknown): unknown => ({ a: { a: { a: end } } });
const many = (middle: number, length = 40): number[] =>
  Array.from({ length }, (_, index) => (index === 20 ? middle : index));

describe("a fingerprint", () => {
  it.each<readonly [unknown, unknown]>([
    [1, 2],
    [1, 1.5],
    [1.5, 2.5],
    [2 ** 40, 2 ** 41],
    [3, ""],
    [1, true],
    [true, false],
    [null, undefined],
    [null, {}],
    [undefined, missing],
    [1n, 2n],
    ["a", "b"],
    ["ab", "ba"],
    ["a", "aa"],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ],
    [{ a: { b: { c: 1 } } }, { a: { b: { c: 2 } } }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 1]],
    [[[[1]]], [[[2]]]],
    [
      [1, undefined],
      [1, null],
    ],
    ["a".repeat(64) + "b", "a".repeat(64) + "c"],
    [[...many(0), 1], [...many(0), 2]], // prettier-ignore
    [new Date(1), new Date(2)],
    [{ a: new Date(1) }, { a: new Date(2) }],
  ])("tells %o from %o", (one, other) => {
    expect(printer()(one)).not.toBe(printer()(other));
  });

  it.each<readonly [name: string, one: unknown, other: unknown, rules: CompareRules]>([
    ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }, {}],
    ["zeros", 0, -0, {}],
    ["what is four levels down", deep({ b: 1 }), deep({ b: 2 }), {}],
    ["lists four levels down", deep([1]), deep([2]), {}],
    ["what is between 64 characters", "a".repeat(64) + "b" + "a".repeat(64), "a".repeat(64) + "c" + "a".repeat(64), {}],
    ["what is between 16 elements", many(1), many(2), {}],
    ["functions", () => 1, () => 2, {}],
    ["Symbols", Symbol("a"), Symbol("b"), {}],
    ["instances", new Money(1), new Money(2), {}],
    ["what is ignored", { a: 1, b: 1 }, { a: 2, b: 1 }, { ignore: ["$.a"] }],
    ["a key that is ignored", { a: 1, b: 1 }, { b: 1 }, { ignore: ["$.a"] }],
    ["what is ignored as a whole", 1, "x", { ignore: ["$"] }],
    ["what a function changes", { a: 1 }, { a: -1 }, { at: { "$.a": Math.abs } }],
    ["a key that is missing", { a: undefined }, {}, { undefinedIsMissing: true }],
    ["what is missing", undefined, missing, { undefinedIsMissing: true }],
    ["a plain object and an instance", { cents: 1 }, new Money(1), { ignorePrototype: true }],
    ["what is unordered", { a: [1, 2, 3] }, { a: [3, 1, 2] }, { unordered: ["$.a"] }],
    ["many that are unordered", { a: many(-1) }, { a: many(-1).reverse() }, { unordered: ["$.a"] }],
    ["numbers under a tolerance", { a: 1 }, { a: 1.01 }, { tolerance: 0.1 }],
    ["numbers under a tolerance of a path", { a: 1, b: 1 }, { a: 1.01, b: 1 }, { tolerance: { "$.a": 0.1 } }],
    ["times", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", { tolerance: { ms: 1_000 } }],
    ["dates under a tolerance", new Date(1), new Date(2), { tolerance: { ms: 1_000 } }],
    ["numbers in texts", "about 1 g", "about 1.01 g", { tolerance: { abs: 0.1, strings: true } }],
    ["times and numbers in texts", "x", "y", { tolerance: { ms: 1, strings: true } }],
    ["objects that a class function reads", { a: 1 }, { a: 2 }, { classes: [[Object, () => 1]] }],
    ["lists that a class function reads", [1], [2], { classes: [[Array, () => 1]] }],
    ["dates that a class function may read", new Date(1), new Date(2), { classes: [[Date, () => 1]] }],
  ])("is the same for %s", (_, one, other, rules) => {
    expect(printer(rules)(one)).toBe(printer(rules)(other));
  });

  it.each<readonly [name: string, one: unknown, other: unknown, rules: CompareRules]>([
    ["what is not ignored", { a: 1, b: 1 }, { a: 1, b: 2 }, { ignore: ["$.a"] }],
    ["what is unordered and not the same", { a: [1, 2] }, { a: [1, 3] }, { unordered: ["$.a"] }],
    ["numbers beside a tolerance of a path", { a: 1, b: 1 }, { a: 1, b: 1.01 }, { tolerance: { "$.a": 0.1 } }],
    ["texts under a tolerance of numbers", "a", "b", { tolerance: 0.1 }],
    ["texts that are no times", "a", "b", { tolerance: { ms: 1_000 } }],
    ["texts around numbers", "about 1 g", "about 1 kg", { tolerance: { abs: 0.1, strings: true } }],
    ["dates under a tolerance of numbers", new Date(1), new Date(2), { tolerance: 0.1 }],
    ["objects beside another class function", { a: 1 }, { a: 2 }, { classes: [[Money, () => 1]] }],
    ["`undefined`, where it is no missing key", { a: undefined }, {}, {}],
    ["the keys of what may be missing", { a: 1 }, { a: 2 }, { undefinedIsMissing: true }],
  ])("tells %s", (_, one, other, rules) => {
    expect(printer(rules)(one)).not.toBe(printer(rules)(other));
  });

  it.each<readonly [name: string, value: unknown, tolerance: CompareRules["tolerance"], number: number, by?: object[]]>(
    [
      ["a number", 5, 0.1, 5, [{ abs: 0.1 }]],
      ["a number under a key", { name: "x", a: 5 }, 0.1, 5, [{ abs: 0.1 }]],
      ["a number of a path", { a: 5, b: 6 }, { "$.b": 0.1 }, 6, [{ abs: 0.1 }]],
      ["a number in a list", ["x", 5], 0.1, 5, [{ abs: 0.1 }]],
      ["a date", new Date(7), { ms: 3 }, 7, [{ abs: 3 }]],
      ["a time", "1970-01-01T00:00:00.007Z", { ms: 3 }, 7, [{ abs: 3 }]],
      ["a number in a text", "about 8 g", { abs: 1, strings: true }, 8, [{ abs: 1, strings: true }]],
      ["two numbers in a text", "8 to 9 g", { abs: 1, strings: true }, NaN, []],
      ["no number in a text", "g", { abs: 1, strings: true }, NaN, []],
      ["times and numbers in texts", "8", { ms: 1, strings: true }, NaN, []],
      ["a text", "8", 0.1, NaN, []],
    ],
  )("comes with the number by which elements are sorted: %s", (_, value, tolerance, number, by) => {
    const [got, tolerances] = bandOf({ tolerance: tolerance as Tolerances }, value);
    expect(got).toBe(number);
    if (number === number) expect(tolerances).toEqual(by);
  });

  it("takes always the same of several numbers, whatever order their keys are in", () => {
    const made = [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const;
    const rules: CompareRules = { tolerance: 0.1 };
    const [first] = bandOf(rules, Object.fromEntries(made));
    expect(bandOf(rules, Object.fromEntries([...made].reverse()))[0]).toBe(first);
    expect([1, 2, 3]).toContain(first);
  });

  it.each<readonly [name: string, make: (it: unknown) => unknown]>([
    ["instances", (it) => Object.assign(new Money(1), { it })],
    ["what is ten levels down", (it) => deep(deep(deep(it)))],
    ["the middle of long texts", (it) => "a".repeat(500) + String(it) + "a".repeat(450)],
    ["the middle of lists", (it) => [...many(0).slice(0, 20), it, ...many(0)]],
    ["entries of Maps", (it) => new Map([["a", it]])],
    ["keys of Maps", (it) => new Map([[it, 1]])],
    ["elements of Sets", (it) => new Set([it, 0])],
    ["messages of errors", (it) => new Error(String(it))],
    ["names of errors", (it) => Object.assign(new Error("a"), { name: String(it) })],
    ["boxes", (it) => Object(it) as unknown],
    ["bytes", (it) => Buffer.from(`a${String(it)}`)],
    ["URLs", (it) => new URL(`https://example.org/${String(it)}`)],
    ["what toJSON() returns", (it) => new Sealed(it)],
    ["collections of packages", (it) => immutable.Map({ a: it })],
  ])("tells by a farther look %s", (_, make) => {
    const print = printer({}, far);
    expect(print(make(1))).not.toBe(print(make(22)));
    expect(print(make(1))).toBe(print(make(1)));
  });

  const bytes = (at: number, value = 7, length = 100): Uint8Array => new Uint8Array(length).fill(value, at, at + 1);
  const error = (message: unknown): Error => Object.assign(new Error("a"), { message });

  it.each<readonly [name: string, one: unknown, other: unknown, rules: CompareRules]>([
    [
      "entries in another order",
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      new Map([
        ["b", 2],
        ["a", 1],
      ]),
      {},
    ],
    ["entries under objects", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 2 }, 2]]), {}],
    ["entries under functions", new Map([[Number, 1]]), new Map([[String, 2]]), {}],
    [
      "an entry that is ignored",
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
      { ignore: ["$.a"] },
    ],
    ["an entry that is missing", new Map([["a", undefined]]), new Map(), { undefinedIsMissing: true }],
    ["elements of a Set in another order", new Set([1, 2, 3]), new Set([3, 1, 2]), {}],
    ["what is ignored in a Set", new Set([{ a: 1 }]), new Set([{ a: 2 }]), { ignore: ["$[*].a"] }],
    ["errors that a function compares", new Error("a"), new Error("b"), { errors: () => true }],
    ["messages that are no texts", error({ a: 1 }), error({ a: 2 }), {}],
    ["a message that is ignored", new Error("a"), new Error("b"), { ignore: ["$.message"] }],
    ["bytes under a tolerance", bytes(3), bytes(3, 8), { tolerance: 1 }],
    ["bytes that are ignored", bytes(0), bytes(0, 8), { ignore: ["$[0]"] }],
    ["what is between 64 bytes", bytes(32), bytes(67), {}],
    ["parameters that are ignored", new URL("a:b?c=1"), new URL("a:b?c=2"), { ignore: ["$.searchParams.c"] }],
    ["what has no JSON of its own", new Sealed(undefined), new Sealed(undefined), {}],
    ["other objects", new WeakSet(), new WeakSet(), {}],
  ])("is the same by a farther look for %s", (_, one, other, rules) => {
    expect(printer(rules, far)(one)).toBe(printer(rules, far)(other));
  });

  it.each<readonly [name: string, one: unknown, other: unknown, rules: CompareRules]>([
    ["entries under numbers, bigints and texts", new Map<unknown, 1>([[1, 1]]), new Map<unknown, 1>([[1n, 1]]), {}],
    ["entries under null", new Map([[null, 1]]), new Map([[null, 2]]), {}],
    ["bigints that are keys", new Map([[1n, 1]]), new Map([[2n, 1]]), {}],
    [
      "entries beside one that is ignored",
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      { ignore: ["$.a"] },
    ],
    ["entries of nothing, which no rule calls missing", new Map([["a", undefined]]), new Map(), {}],
    ["entries of something, where nothing is missing", new Map([["a", 1]]), new Map(), { undefinedIsMissing: true }],
    [
      "which value is under which key",
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
      {},
    ],
    ["lengths of bytes", bytes(3), bytes(3, 7, 101), {}],
    ["the first of 32 bytes from the last", bytes(31), bytes(30), {}],
    ["the last 32 bytes", bytes(68), bytes(69), {}],
    ["bytes beside a rule of another place", { a: bytes(1), b: 1 }, { a: bytes(2), b: 1 }, { ignore: ["$.b"] }],
    ["URLs beside a rule that is not of their parameters", new URL("a:b"), new URL("a:long"), { ignore: ["$.x"] }],
    ["messages beside a name that is ignored", new Error("a"), new Error("long"), { ignore: ["$.name"] }],
  ])("tells by a farther look %s", (_, one, other, rules) => {
    expect(printer(rules, far)(one)).not.toBe(printer(rules, far)(other));
  });

  it("is one constant by a farther look for all that hold too many parts, and no number sorts them", () => {
    const large = (end: number): unknown => [new Money(end), ...Array.from({ length: 63 }, () => many(0, 63))];
    const band = new BandKey();
    const print = printer({ tolerance: 0.1 }, far);
    expect(print(large(1), band)).toBe(print(large(2)));
    expect(band.value).toBeNaN();
  });

  it("takes no number of an unordered list, whose elements come in any order", () => {
    expect(bandOf({ tolerance: 0.1, unordered: ["$"] }, [1, 2])[0]).toBeNaN();
  });

  it("has no number where none was set", () => {
    expect(new BandColumn().numberOf(0)).toBeNaN();
  });
});
