import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeValue } from "../../../src/compare/copy/describe-value.ts";
import { preview } from "../../../src/compare/copy/preview.ts";
import { bound } from "../bound.ts";
import { hostile } from "../hostile.ts";

class Stream {
  value: number;
  constructor(value: number) {
    this.value = value;
  }
}
class Money {
  readonly amount: number;
  constructor(amount: number) {
    this.amount = amount;
  }
}
class Decimal {
  readonly #digits = "1.5";
  toJSON(): string {
    return this.#digits;
  }
}

const form = (): FormData => {
  const made = new FormData();
  made.append("a", "b");
  made.append("file", new Blob(["c"]));
  return made;
};

describe("a preview", () => {
  it.each<[string, unknown, unknown]>([
    ["undefined", undefined, { $undefined: true }],
    ["null", null, null],
    ["NaN", NaN, { $number: "NaN" }],
    ["-0", { a: -0 }, { a: 0 }],
    ["a bigint", -12n, { $bigint: "-12" }],
    ["a symbol", Symbol("a"), { $symbol: "a" }],
    ["a function", function named() {}, { $function: "named" }],
    ["a hole", [1, , 2], [1, { $hole: true }, 2]],
    ["a date", new Date(0), { $Date: "1970-01-01T00:00:00.000Z" }],
    ["an invalid date", new Date(NaN), { $Date: "invalid" }],
    ["a regular expression", /a/g, { $RegExp: "/a/g" }],
    ["a map, sorted", new Map([["b", 1], ["a", 2]]), { $Map: [["a", 2], ["b", 1]] }], // prettier-ignore
    ["a set, sorted", new Set([2, 1]), { $Set: [1, 2] }],
    ["a URL", new URL("http://a.test/?q=1"), { $URL: "http://a.test/?q=1" }],
    ["headers", new Headers({ a: "b" }), { $Headers: [["a", "b"]] }],
    ["a form", form(), { $FormData: [["a", "b"], ["file", { $File: "opaque" }]] }], // prettier-ignore
    ["a proxy of a Map that passes calls on", bound(new Map([["a", 1]])), { $Map: [["a", 1]] }],
    ["a proxy of a Date that passes calls on", bound(new Date(0)), { $Date: "1970-01-01T00:00:00.000Z" }],
    ["a class called like one of the platform", new Stream(1), { $Stream: { value: 1 } }],
    ["an object that inherits", Object.assign(Object.create({ a: 1 }), { b: 2 }), { b: 2 }],
    ["what the platform hides", new AbortController(), { $AbortController: "opaque" }],
    ["a boxed number", Object(1), { $Number: 1 }],
    ["a Buffer", Buffer.from("hello"), { $Buffer: { length: 5, digest: "888d766e", start: "68656c6c6f" } }],
    ["an array buffer", new ArrayBuffer(2), { $ArrayBuffer: { length: 2, digest: expect.any(String), start: "0000" } }],
    ["an instance", new Money(3), { $Money: { amount: 3 } }],
    ["a class with toJSON", new Decimal(), { $Decimal: "1.5" }],
    ["a promise", Promise.resolve(1), { $Promise: "opaque" }],
    ["a null prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["an object of another realm", runInNewContext("({ a: new Map([[1, 2]]) })"), { a: { $Map: [[1, 2]] } }],
    ["keys that begin with a dollar", { $Map: 1, $$b: 2 }, { $$Map: 1, $$$b: 2 }],
    ["a symbol key", { [Symbol("s")]: 1 }, { "[Symbol(s)]": 1 }],
    [
      "an error",
      Object.assign(new TypeError("no", { cause: new RangeError("far") }), { code: "E1" }),
      { $TypeError: { message: "no", cause: { $RangeError: { message: "far" } }, code: "E1" } },
    ],
    [
      "an aggregate",
      new AggregateError([new Error("a")], "two"),
      { $AggregateError: { message: "two", errors: [{ $Error: { message: "a" } }] } },
    ],
  ])("draws %s", (_, value, expected) => {
    expect(preview(value)).toEqual(expected);
  });

  it("draws a key named __proto__ as data", () => {
    expect(JSON.stringify(preview(JSON.parse('{"__proto__":{"a":1}}')))).toBe('{"__proto__":{"a":1}}');
  });

  it("draws a cycle by where it leads, and a shared part twice", () => {
    const shared = { x: 1 };
    const value: Record<string, unknown> = { list: [shared, shared] };
    value.inner = { up: value };
    expect(preview(value)).toEqual({ list: [{ x: 1 }, { x: 1 }], inner: { up: { $cycle: "$" } } });
  });

  it("says what it left out", () => {
    expect(preview([1, 2, 3, 4], { nodes: 3 })).toEqual([1, 2, { $more: 2 }]);
    expect(preview({ a: 1, b: 2, c: 3 }, { nodes: 3 })).toEqual({ a: 1, b: 2, $more: 1 });
    expect(preview([[[1]]], { depth: 2 })).toEqual([[{ $deeper: "array" }]]);
    expect(preview("abcdef", { stringLength: 4 })).toBe("abcd… (+2)");
    expect(preview(["abc", "def", "g"], { totalLength: 4 })).toEqual(["abc", "d… (+2)", { $more: 1 }]);
    expect(preview(1n << 100_000n)).toEqual({ $bigint: "0x1000000000000000…0000000000000000 (25001 digits)" });
  });

  it("keeps within its limits whatever comes", () => {
    const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, "x".repeat(1_000)]));
    expect(JSON.stringify(preview(wide)).length).toBeLessThan(120_000);
    expect(JSON.stringify(preview(Array.from({ length: 100_000 }, () => [[]]))).length).toBeLessThan(120_000);
  });

  it("reads a getter once, and goes on after one that throws", () => {
    let reads = 0;
    const value = {
      get once() {
        return ++reads;
      },
      get never(): number {
        throw new Error("no");
      },
    };
    expect(preview(value)).toEqual({ once: 1, never: { $unreadable: "Error: no" } });
    expect(reads).toBe(1);
  });

  it("consumes no iterator and no stream", () => {
    const numbers = (function* () {
      yield 1;
    })();
    expect(preview(numbers)).toEqual({ $object: "opaque" });
    expect(numbers.next().value).toBe(1);
    const response = new Response("body");
    expect(preview(response)).toEqual({ $Response: "opaque" });
    expect(response.bodyUsed).toBe(false);
  });

  it("is JSON, for any value", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true }); // prettier-ignore
    fc.assert(
      fc.property(anything, (value) => {
        const drawn = preview(value);
        expect(JSON.parse(JSON.stringify(drawn))).toEqual(drawn);
      }),
    );
  });

  it.each(hostile)("survives $about", ({ make }) => {
    expect(JSON.stringify(preview(make()))).toBeTypeOf("string");
    expect(JSON.stringify(preview({ a: [make()] }))).toBeTypeOf("string");
    expect(describeValue(make(), 80).length).toBeLessThanOrEqual(80);
  });
});

describe("a description", () => {
  it.each<[unknown, string]>([
    [{ id: 1n, tags: ["a\n"] }, '{ id: 1n, tags: ["a\\n"] }'],
    [new Map([["a", undefined]]), 'Map [["a", undefined]]'],
    [[NaN, , null], "[NaN, <hole>, null]"],
    [new TypeError("no"), 'TypeError { message: "no" }'],
    [Promise.resolve(), "<Promise>"],
    [new Money(1), "Money { amount: 1 }"],
    [{ $set: 1, "a b": 2 }, '{ $set: 1, "a b": 2 }'],
    [{}, "{}"],
    [[], "[]"],
    ["", '""'],
    [Symbol("x"), "Symbol(x)"],
  ])("of %o is one line", (value, expected) => {
    expect(describeValue(value, 200)).toBe(expected);
  });

  it("is never longer than asked, and cuts no character in two", () => {
    expect(describeValue("a".repeat(1_000), 20)).toBe(`"${"a".repeat(18)}…`);
    fc.assert(
      fc.property(fc.anything(), fc.integer({ min: 1, max: 50 }), (value, length) => {
        const text = describeValue(value, length);
        expect(text.length).toBeLessThanOrEqual(length);
        expect(() => encodeURIComponent(text)).not.toThrow();
      }),
    );
    expect(describeValue("😀😀😀", 5)).toBe('"😀…');
  });

  it("lets no control, bidirectional or invisible character through", () => {
    const text = "\u001b[31m\u0000\u007f\u009b\u202e\u2066\u200b\ufeff\u2028\r";
    expect(describeValue({ [text]: text }, 500)).toMatch(/^[\x20-\x7e⟨⟩]*$/);
  });
});
