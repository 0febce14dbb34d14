import { ObjectId } from "bson";
import dayjs from "dayjs";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { DateTime } from "luxon";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { compileCaptureLimits } from "../../../src/compare/copy/capture-limits.ts";
import { capture } from "../../../src/compare/copy/capture.ts";
import { compareValues } from "../../../src/compare/compare.ts";
import { noRules } from "../../../src/compare/rules/rules.ts";
import { deep, hostile, shared } from "../hostile.ts";

class Money {
  amount: number;
  constructor(amount: number) {
    this.amount = amount;
  }
}
class Secret {
  #code = 1;
  code(): number {
    return this.#code;
  }
}
class Token {
  #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  change(text: string): void {
    this.#text = text;
  }
  toJSON(): string {
    return this.#text;
  }
}
class Tags extends Array<string> {}
class HttpError extends Error {
  override readonly name = "HttpError";
  status = 500;
}

function cyclic(): unknown {
  const value: Record<string, unknown> = { list: [] };
  (value.list as unknown[]).push(value, new Map([["self", value]]));
  return value;
}

function namedArray(): unknown {
  return Object.assign(new Tags("a", "b"), { extra: 1 });
}

/** Two values that differ, each made anew by its function. */
const kinds: readonly { about: string; one: () => unknown; other: () => unknown }[] = [
  { about: "objects", one: () => ({ a: { b: [1, "x"] } }), other: () => ({ a: { b: [1, "y"] } }) },
  { about: "holes", one: () => Object.assign([1], { length: 3 }), other: () => [1, undefined, undefined] },
  { about: "undefined keys", one: () => ({ a: undefined }), other: () => ({}) },
  {
    about: "symbol keys",
    one: () => ({ [Symbol.for("s")]: { x: 1 } }),
    other: () => ({ [Symbol.for("s")]: { x: 2 } }),
  },
  { about: "null prototypes", one: () => Object.assign(Object.create(null), { a: 1 }), other: () => ({ a: 2 }) },
  { about: "a key named __proto__", one: () => JSON.parse('{"__proto__":{"a":1}}'), other: () => ({}) },
  { about: "maps", one: () => new Map([[{ k: 1 }, { v: 1 }]]), other: () => new Map([[{ k: 1 }, { v: 2 }]]) },
  { about: "sets", one: () => new Set([{ k: 1 }, 2]), other: () => new Set([{ k: 2 }, 2]) },
  { about: "dates", one: () => new Date(1), other: () => new Date(2) },
  { about: "invalid dates", one: () => new Date(NaN), other: () => new Date(2) },
  { about: "regular expressions", one: () => /a/g, other: () => /a/i },
  { about: "boxed values", one: () => Object("a"), other: () => Object("b") },
  { about: "buffers", one: () => Buffer.from("abc"), other: () => Buffer.from("abd") },
  { about: "typed arrays", one: () => new Float32Array([1, NaN]), other: () => new Float64Array([1, NaN]) },
  { about: "big typed arrays", one: () => new BigInt64Array([1n]), other: () => new BigInt64Array([2n]) },
  { about: "array buffers", one: () => new Uint8Array([1, 2]).buffer, other: () => new Uint8Array([1, 3]).buffer },
  { about: "shared buffers", one: () => new SharedArrayBuffer(2), other: () => new ArrayBuffer(2) },
  {
    about: "data views",
    one: () => new DataView(new Uint8Array([9, 1, 2]).buffer, 1),
    other: () => new DataView(new Uint8Array([1, 3]).buffer),
  },
  { about: "errors", one: () => new TypeError("a"), other: () => new RangeError("a") },
  { about: "errors with data", one: () => Object.assign(new Error("a"), { code: "A" }), other: () => new Error("a") },
  { about: "causes", one: () => new Error("a", { cause: new Error("b") }), other: () => new Error("a", { cause: 1 }) },
  {
    about: "aggregates",
    one: () => new AggregateError([new Error("a")], "x"),
    other: () => new AggregateError([], "x"),
  },
  {
    about: "error classes",
    one: () => new HttpError("a"),
    other: () => Object.assign(new HttpError("a"), { status: 1 }),
  },
  { about: "DOM exceptions", one: () => new DOMException("a", "AbortError"), other: () => new DOMException("a") },
  { about: "URLs", one: () => new URL("http://a.test/x"), other: () => new URL("http://a.test/y") },
  { about: "headers", one: () => new Headers({ a: "1" }), other: () => new Headers({ a: "2" }) },
  {
    about: "search parameters",
    one: () => new URLSearchParams("a=1&a=2"),
    other: () => new URLSearchParams("a=2&a=1"),
  },
  { about: "instances", one: () => new Money(1), other: () => new Money(2) },
  { about: "classes", one: () => new Money(1), other: () => ({ amount: 1 }) },
  { about: "array classes", one: namedArray, other: () => new Tags("a", "b") },
  { about: "what gives JSON", one: () => new Token("a"), other: () => new Token("b") },
  { about: "decimals", one: () => new Decimal("1.10"), other: () => new Decimal("1.2") },
  {
    about: "ids",
    one: () => new ObjectId("65f000000000000000000001"),
    other: () => new ObjectId("65f000000000000000000002"),
  },
  { about: "luxon's times", one: () => DateTime.fromMillis(1), other: () => DateTime.fromMillis(2) },
  { about: "dayjs's times", one: () => dayjs(1), other: () => dayjs(2) },
  { about: "cycles", one: cyclic, other: () => ({ list: [{}, new Map()] }) },
  {
    about: "other realms",
    one: () => runInNewContext("({ a: { b: 1 } })"),
    other: () => ({ a: { b: 2 } }),
  },
  { about: "getters", one: () => ({ get a() { return { b: 1 }; } }), other: () => ({ a: { b: 2 } }) }, // prettier-ignore
];

const captured = (value: unknown): unknown => {
  const taken = capture(value);
  expect(taken).toMatchObject({ kind: "captured" });
  return taken.value;
};

const kindOfComparing = (control: unknown, candidate: unknown): unknown => {
  const comparison = compareValues(control, candidate, noRules);
  return comparison.kind === "mismatch" ? comparison.signature : comparison.kind;
};

describe("capturing", () => {
  it.each(kinds)("$about returns copies that compare as the originals", ({ one, other }) => {
    const value = one();
    const copy = captured(value);
    expect(copy).not.toBe(value);
    expect(kindOfComparing(copy, one())).toBe("match");
    expect(kindOfComparing(one(), copy)).toBe("match");
    expect(kindOfComparing(copy, captured(one()))).toBe("match");
    expect(kindOfComparing(copy, other())).toBe(kindOfComparing(value, other()));
    expect(kindOfComparing(other(), copy)).toBe(kindOfComparing(other(), value));
    expect(kindOfComparing(copy, captured(other()))).toBe(kindOfComparing(value, other()));
    expect(kindOfComparing(copy, other())).not.toBe("match");
  });

  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true }); // prettier-ignore

  it("of any value compares as the original does", () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(kindOfComparing(captured(a), a)).toBe("match");
        expect(kindOfComparing(captured(a), b)).toBe(kindOfComparing(a, b));
        expect(kindOfComparing(a, captured(b))).toBe(kindOfComparing(a, b));
      }),
      { numRuns: 1_000 },
    );
  });

  it("detaches: later changes do not reach the copy", () => {
    const parts = {
      plain: { n: 1 },
      list: [1],
      map: new Map([["a", { n: 1 }]]),
      set: new Set([1]),
      date: new Date(1),
      bytes: Buffer.from("a"),
      money: new Money(1),
      token: new Token("a"),
      error: Object.assign(new Error("a"), { data: { n: 1 } }),
      headers: new Headers({ a: "1" }),
      day: dayjs(1),
    };
    const copy = captured(parts);
    const before = captured(copy);
    parts.plain.n = 2;
    parts.list.push(2);
    parts.map.get("a")!.n = 2;
    parts.set.add(2);
    parts.date.setTime(2);
    parts.bytes[0] = 0;
    parts.money.amount = 2;
    parts.token.change("b");
    parts.error.data.n = 2;
    parts.error.message = "b";
    parts.headers.set("a", "2");
    (parts.day as unknown as { $d: Date }).$d.setTime(99);
    expect(kindOfComparing(copy, before)).toBe("match");
    expect(kindOfComparing(copy, parts)).not.toBe("match");
  });

  it("keeps shared parts shared and cycles cyclic", () => {
    const part = { n: 1 };
    const value: Record<string, unknown> = { one: part, two: part };
    value.self = value;
    const copy = captured(value) as typeof value;
    expect(copy.one).toBe(copy.two);
    expect(copy.one).not.toBe(part);
    expect(copy.self).toBe(copy);
    const wide = Array.from({ length: 100 }, () => ({ part }));
    const copies = captured(wide) as typeof wide;
    expect(new Set(copies.map((each) => each.part)).size).toBe(1);
  });

  it("leaves alone what cannot be looked into, and copies around it", () => {
    const opaque = [() => 1, Promise.resolve(1), new WeakMap(), new Response("x"), [1].values(), new Secret()];
    const copy = captured(opaque) as unknown[];
    opaque.forEach((each, index) => expect(copy[index]).toBe(each));
    expect((opaque[3] as Response).bodyUsed).toBe(false);
    expect((opaque[4] as Iterator<number>).next().value).toBe(1);
  });

  it("returns functions that compare an instance whose methods work", () => {
    expect((captured(new Decimal("1.5")) as Decimal).plus(1).toString()).toBe("2.5");
    expect((captured(new URL("http://a.test/x")) as URL).pathname).toBe("/x");
    expect((captured(DateTime.fromMillis(0, { zone: "utc" })) as DateTime).plus({ days: 1 }).toISODate()).toBe(
      "1970-01-02",
    );
    const error = new HttpError("a");
    const copy = captured(error) as HttpError;
    expect(copy).toBeInstanceOf(HttpError);
    expect(copy.stack).toBe(error.stack);
  });

  it("reads each getter once", () => {
    let reads = 0;
    const read = { get: () => ++reads, enumerable: true };
    const value = Object.defineProperties({}, { a: read });
    captured([value, value]);
    captured(Object.defineProperties(new Money(1), { b: read }));
    expect(reads).toBe(2);
  });

  it("changes nothing in what it copies, frozen or not", () => {
    const value = Object.freeze({ list: Object.freeze([Object.freeze({ a: 1 })]), when: Object.freeze(new Date(1)) });
    const copy = captured(value) as { list: { a: number }[] };
    copy.list[0]!.a = 2;
    expect(value.list[0]!.a).toBe(1);
  });

  it.each<[string, unknown, string]>([
    ["too many values", Array.from({ length: 10_001 }, () => 1), "more than 10000 values"],
    [
      "too many keys",
      Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n])),
      "more than 10000 values",
    ],
    [
      "too many values by 2^40 paths",
      Array.from({ length: 200 }, () => Array.from({ length: 100 })),
      "more than 10000 values",
    ],
    ["too deep", deep(100_000), "deeper than 64 levels"],
    ["too long", ["x".repeat(65_537)], "more than 65536 characters and bytes"],
    ["too many bytes", Buffer.alloc(65_537), "more than 65536 characters and bytes"],
    ["a sparse array of endless length", Object.assign([], { length: 2 ** 32 - 1 }), "more than 10000 values"],
  ])("of %s keeps the value itself and says why", (_, value, reason) => {
    expect(capture(value)).toEqual({ kind: "live", value, reason });
    expect(capture(value).value).toBe(value);
  });

  it("ends in its time, and keeps the value itself where that is over", () => {
    let read = 0;
    const slow = (): object => ({
      get a() {
        for (const until = performance.now() + 1; performance.now() < until;);
        return ++read;
      },
    });
    const value = Array.from({ length: 1_000 }, slow);
    expect(capture(value, undefined, false, 2)).toEqual({ kind: "live", value, reason: "longer than 2 ms" });
    expect(read).toBeLessThan(200);
    expect(capture(value.slice(0, 300), undefined, false, 60_000).kind).toBe("captured");
  });

  it("does not copy the keys of an object that has too many", () => {
    let read = 0;
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n]));
    const counted = Object.defineProperty(many, "k7", { enumerable: true, get: () => ++read });
    expect(capture(counted).kind).toBe("live");
    expect(capture([counted]).kind).toBe("live");
    expect(capture(Object.setPrototypeOf({ ...counted }, null)).kind).toBe("live");
    expect(read).toBe(1);
  });

  it("copies 2^40 paths over 40 shared parts as 40 shared parts", () => {
    expect(capture(shared(40)).kind).toBe("captured");
  });

  it("keeps to limits of one's own", () => {
    expect(capture([1, 2, 3], { nodes: 3 }).kind).toBe("live");
    expect(capture([1, 2, 3], { nodes: 4 }).kind).toBe("captured");
    expect(capture([[]], { depth: 0 })).toMatchObject({ reason: "deeper than 0 levels" });
    expect(capture(["ab"], { length: 1 })).toMatchObject({ reason: "more than 1 characters and bytes" });
    expect(() => compileCaptureLimits({ nodes: 1.5 }, 'experiment("x")')).toThrow(
      'experiment("x"): expected `capture.nodes` to be a whole number of at least 0, got 1.5',
    );
    expect(() => compileCaptureLimits({ deep: 1 } as never, "x")).toThrow("unknown option `capture.deep`");
  });

  it.each(hostile)("survives $about", ({ make }) => {
    expect(["captured", "live"]).toContain(capture(make()).kind);
    expect(["captured", "live"]).toContain(capture({ a: [make()] }).kind);
  });

  it("returns what nobody can change as it is", () => {
    for (const value of [1, "a", null, undefined, 1n, true, Symbol("s"), () => 1]) {
      expect(capture(value)).toEqual({ kind: "captured", value, bytes: 0, symbols: false });
    }
  });
});

it("copies an error as a real one, which can be cloned, and leaves the limit of stacks as it was", () => {
  const { stackTraceLimit } = Error;
  const { kind, value } = capture(new RangeError("a"));
  expect(kind).toBe("captured");
  expect(structuredClone(value)).toBeInstanceOf(RangeError);
  expect(value).toMatchObject({ name: "RangeError", message: "a" });
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});
