import { createSecretKey } from "node:crypto";
import { runInNewContext } from "node:vm";
import Big from "big.js";
import { Binary, Decimal128, Long, ObjectId, Timestamp, UUID } from "bson";
import dayjs from "dayjs";
import { Decimal } from "decimal.js";
import { DateTime, Duration } from "luxon";
import { bound } from "./bound.ts";
import { packageLines } from "./package-rows.ts";

/** What two values are: the same, different, or nothing that can be told. */
export type Answer = "equal" | "different" | "cannot tell";

/** A pair of values, and what `compare` has to say about it in both orders. */
export interface Row {
  readonly group: string;
  readonly about: string;
  readonly answer: Answer;
  readonly reason: string;
  /** Made afresh each time: looking at some values uses them up. */
  readonly pair: () => readonly [unknown, unknown];
}

/** A row without its group. */
export type Line = readonly [about: string, answer: Answer, pair: () => readonly [unknown, unknown]];

const yes = "equal";
const no = "different";
const unsure = "cannot tell";

function rows(group: string, reason: string, ...lines: readonly Line[]): Row[] {
  return lines.map(([about, answer, pair]) => ({ group, reason, about, answer, pair }));
}

class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}
class Spot extends Point {}
class Secret {
  readonly #value: number;
  constructor(value: number) {
    this.#value = value;
  }
  reveal(): number {
    return this.#value;
  }
}
class Vault extends Secret {
  id = 1;
}
class Account {
  id = 1;
  readonly #balance: number;
  constructor(balance: number) {
    this.#balance = balance;
  }
  get balance(): number {
    return this.#balance;
  }
}
class None {}
class Hidden {
  id = 1;
  constructor(value: number) {
    Object.defineProperty(this, "_value", { value });
  }
  reveal(): unknown {
    return (this as unknown as { _value: number })._value;
  }
}
class Tagged {
  text = "a";
  subtype: number;
  constructor(subtype: number) {
    this.subtype = subtype;
  }
  toJSON(): string {
    return this.text;
  }
}
class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toJSON(): unknown {
    return { cents: this.#cents };
  }
}
class Label extends Map<string, number> {
  note = "";
}
class Cache extends Map<string, number> {
  readonly #ttl: number;
  constructor(ttl: number) {
    super();
    this.#ttl = ttl;
  }
  isOver(at: number): boolean {
    return at > this.#ttl;
  }
}
class Refusal extends Error {
  readonly #tries: number;
  constructor(tries: number) {
    super("no");
    this.#tries = tries;
  }
  get tries(): number {
    return this.#tries;
  }
}
class Stamp extends Date {}
class Rows extends Array<number> {}
class HttpError extends Error {
  status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
const other = (code: string): unknown => runInNewContext(code) as unknown;
const bare = (values: object): object => Object.assign(Object.create(null) as object, values);
const cycle = (value: number): unknown => {
  const made: Record<string, unknown> = { value };
  made["self"] = made;
  return made;
};
const unrolled = (value: number): unknown => ({ value, self: cycle(value) });
const mark = Symbol("mark");
const throwing = (): object =>
  Object.defineProperty({ a: 1 }, "b", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
const stamped = (zone: number): Stamp => Object.defineProperty(new Stamp(0), "zone", { value: zone });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const caused = (message: string, options: ErrorOptions): Error => new Error(message, options);

export const table: readonly Row[] = [
  ...rows(
    "Primitives",
    "By value; NaN is NaN, and −0 is +0, which JSON and arithmetic do not tell apart either. Types never mix.",
    ["two equal numbers", yes, () => [1, 1]],
    ["two numbers", no, () => [1, 2]],
    ["NaN and NaN", yes, () => [NaN, NaN]],
    ["NaN and 0", no, () => [NaN, 0]],
    ["+0 and −0", yes, () => [0, -0]],
    ["{ a: +0 } and { a: −0 }", yes, () => [{ a: 0 }, { a: -0 }]],
    ["Infinity and −Infinity", no, () => [Infinity, -Infinity]],
    ['1 and "1"', no, () => [1, "1"]],
    ["1 and 1n", no, () => [1, 1n]],
    ["1n and 1n", yes, () => [1n, 1n]],
    ["{ n: 1n } and { n: 2n }", no, () => [{ n: 1n }, { n: 2n }]],
    ["0 and false", no, () => [0, false]],
    ["null and undefined", no, () => [null, undefined]],
    ["null and {}", no, () => [null, {}]],
    ['"" and null', no, () => ["", null]],
    ["composed and decomposed é", no, () => ["\u00e9", "e\u0301"]],
    ["lone surrogates", yes, () => ["\ud800", "\ud800"]],
    ["a symbol and itself", yes, () => [mark, mark]],
    ["two symbols of one description", no, () => [Symbol("a"), Symbol("a")]],
    ["two registered symbols", yes, () => [Symbol.for("a"), Symbol.for("a")]],
  ),
  ...rows(
    "Plain objects",
    "By own enumerable keys, in any order, symbols included. A missing key is not one that is `undefined`: callers use `in`, and spread both.",
    ["{} and {}", yes, () => [{}, {}]],
    [
      "another order of keys",
      yes,
      () => [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
    ["another value", no, () => [{ a: 1 }, { a: 2 }]],
    ["a key more", no, () => [{ a: 1 }, { a: 1, b: 1 }]],
    ["another key", no, () => [{ a: 1 }, { b: 1 }]],
    ["undefined and a missing key", no, () => [{ a: undefined }, {}]],
    ["undefined under another key", no, () => [{ a: undefined }, { b: undefined }]],
    ["undefined and null", no, () => [{ a: undefined }, { a: null }]],
    ["nested, equal", yes, () => [{ a: { b: [1, { c: null }] } }, { a: { b: [1, { c: null }] } }]],
    ["nested, different", no, () => [{ a: { b: [1, { c: null }] } }, { a: { b: [1, { c: 0 }] } }]],
    [
      "keys valueOf and toString",
      yes,
      () => [
        { valueOf: 1, toString: "a" },
        { valueOf: 1, toString: "a" },
      ],
    ],
    ["another value under valueOf", no, () => [{ valueOf: 1 }, { valueOf: 2 }]],
    ["key constructor", yes, () => [{ constructor: "x" }, { constructor: "x" }]],
    ["an own key __proto__", yes, () => [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')]],
    [
      "another value under __proto__",
      no,
      () => [JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2}}')],
    ],
    ["without a prototype, and with", yes, () => [bare({ a: 1 }), { a: 1 }]],
    ["two without a prototype", yes, () => [bare({ a: 1 }), bare({ a: 1 })]],
    ["two without a prototype, different", no, () => [bare({ a: 1 }), bare({ a: 2 })]],
    ["a symbol key, equal", yes, () => [{ [mark]: 1 }, { [mark]: 1 }]],
    ["a symbol key, different", no, () => [{ [mark]: 1 }, { [mark]: 2 }]],
    ["a symbol key on one side", no, () => [{ a: 1 }, { a: 1, [mark]: 1 }]],
    ["a hidden key on one side", yes, () => [{ a: 1 }, Object.defineProperty({ a: 1 }, "b", { value: 2 })]],
    ["a key hidden on one side", no, () => [{ a: 1, b: 2 }, Object.defineProperty({ a: 1 }, "b", { value: 2 })]],
    [
      "a key hidden, another one in its place",
      no,
      () => [{ a: 1 }, Object.defineProperty({ b: 1 }, "a", { value: 1 })],
    ],
    [
      "a getter and a value",
      yes,
      () => [
        {
          get a() {
            return 1;
          },
        },
        { a: 1 },
      ],
    ],
    [
      "a getter and another value",
      no,
      () => [
        {
          get a() {
            return 1;
          },
        },
        { a: 2 },
      ],
    ],
    ["frozen and not", yes, () => [Object.freeze({ a: 1 }), { a: 1 }]],
    ["arguments and the same keys", yes, () => [argumentsOf(1), { 0: 1 }]],
    ["inherited keys", no, () => [Object.assign(Object.create({ a: 1 }) as object, { b: 1 }), { b: 1 }]],
  ),
  ...rows(
    "Arrays",
    "By elements in their order. A hole is no `undefined`; names hung on a plain array, symbols included, are not data, as JSON has it.",
    ["[] and []", yes, () => [[], []]],
    ["[] and {}", no, () => [[], {}]],
    [
      "another order",
      no,
      () => [
        [1, 2],
        [2, 1],
      ],
    ],
    ["one more", no, () => [[1], [1, 2]]],
    [
      "nested",
      yes,
      () => [
        [[1], [2, [3]]],
        [[1], [2, [3]]],
      ],
    ],
    ["[NaN] and [NaN]", yes, () => [[NaN], [NaN]]],
    ["[undefined] and [null]", no, () => [[undefined], [null]]],
    ["undefined and a hole", no, () => [[1, undefined], Object.assign(new Array<number>(2), [1])]],
    ["two holes", yes, () => [new Array(3), new Array(3)]],
    ["more holes", no, () => [new Array(3), new Array(4)]],
    ["an array and an object like it", no, () => [["a"], { 0: "a", length: 1 }]],
    ["an array and a subclass", no, () => [[1, 2], Rows.of(1, 2)]],
    ["two of a subclass", yes, () => [Rows.of(1, 2), Rows.of(1, 2)]],
    [
      "a subclass with another name on it",
      no,
      () => [Object.assign(Rows.of(1), { total: 1 }), Object.assign(Rows.of(1), { total: 2 })],
    ],
    ["a match and its elements", yes, () => [/a(b)/.exec("ab"), ["ab", "b"]]],
    [
      "a late difference",
      no,
      () => [
        [...new Array<number>(500).fill(1), 2],
        [...new Array<number>(500).fill(1), 3],
      ],
    ],
  ),
  ...rows(
    "Map and Set",
    "By content, without order; keys and elements are compared as deeply as everything else.",
    ["two empty Maps", yes, () => [new Map(), new Map()]],
    ["a Map and an object", no, () => [new Map([["a", 1]]), { a: 1 }]],
    [
      "Maps in another order",
      yes,
      () => [
        new Map([
          ["a", 1],
          ["b", 2],
        ]),
        new Map([
          ["b", 2],
          ["a", 1],
        ]),
      ],
    ],
    ["Maps with another value", no, () => [new Map([["a", 1]]), new Map([["a", 2]])]],
    ["Maps with another key", no, () => [new Map([["a", 1]]), new Map([["b", 1]])]],
    ["undefined under a key, and no key", no, () => [new Map([["a", undefined]]), new Map()]],
    [
      "Maps with deep keys",
      yes,
      () => [
        new Map([
          [{ id: 1 }, "a"],
          [{ id: 2 }, "b"],
        ]),
        new Map([
          [{ id: 2 }, "b"],
          [{ id: 1 }, "a"],
        ]),
      ],
    ],
    ["Maps with deep keys, different", no, () => [new Map([[{ id: 1 }, "a"]]), new Map([[{ id: 2 }, "a"]])]],
    [
      "equal keys with swapped values",
      yes,
      () => [
        new Map([
          [{}, 1],
          [{}, 2],
        ]),
        new Map([
          [{}, 2],
          [{}, 1],
        ]),
      ],
    ],
    [
      "equal keys with other values",
      no,
      () => [
        new Map([
          [{}, 1],
          [{}, 2],
        ]),
        new Map([
          [{}, 1],
          [{}, 3],
        ]),
      ],
    ],
    ["Maps with NaN for a key", yes, () => [new Map([[NaN, 1]]), new Map([[NaN, 1]])]],
    ['1 and "1" for a key', no, () => [new Map<unknown, number>([[1, 1]]), new Map<unknown, number>([["1", 1]])]],
    ["a subclass of Map", no, () => [new Label(), new Map()]],
    ["a subclass with other fields", no, () => [new Label(), Object.assign(new Label(), { note: "x" })]],
    ["Sets in another order", yes, () => [new Set([1, 2]), new Set([2, 1])]],
    ["Sets, different", no, () => [new Set([1, 2]), new Set([1, 3])]],
    ["a Set and an array", no, () => [new Set([1]), [1]]],
    ["a Set and a Map", no, () => [new Set(), new Map()]],
    ["Sets with deep elements", yes, () => [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])]],
    ["Sets with deep elements, different", no, () => [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 1 }, { a: 3 }])]],
    [
      "Sets that count alike",
      no,
      () => [new Set([{ a: 1 }, { a: 1 }, { a: 2 }]), new Set([{ a: 1 }, { a: 2 }, { a: 2 }])],
    ],
    ["Sets in Sets", yes, () => [new Set([new Set([1]), new Set([2])]), new Set([new Set([2]), new Set([1])])]],
    ["a borrowed prototype", no, () => [Object.create(Map.prototype), new Map()]],
  ),
  ...rows(
    "Dates, expressions, boxes",
    "By what is in them. Two invalid dates are equal; a box is not its primitive; `lastIndex` is a cursor, not data.",
    ["two equal dates", yes, () => [new Date(0), new Date(0)]],
    ["two dates", no, () => [new Date(0), new Date(1)]],
    ["two invalid dates", yes, () => [new Date(NaN), new Date(NaN)]],
    ["an invalid date and a valid one", no, () => [new Date(NaN), new Date(0)]],
    ["a date and its text", no, () => [new Date(0), new Date(0).toISOString()]],
    ["a date and {}", no, () => [new Date(0), {}]],
    ["two equal expressions", yes, () => [/a/g, /a/g]],
    ["other flags", no, () => [/a/g, /a/i]],
    ["another source", no, () => [/a/, /b/]],
    ["another lastIndex", yes, () => [Object.assign(/a/g, { lastIndex: 1 }), /a/g]],
    ["two boxed numbers", yes, () => [Object(1), Object(1)]],
    ["two boxed numbers, different", no, () => [Object(1), Object(2)]],
    ["a boxed number and a number", no, () => [Object(1), 1]],
    ["two boxed strings", no, () => [Object("a"), Object("b")]],
    ["boxed true and false", no, () => [Object(true), Object(false)]],
    ["boxed bigints", yes, () => [Object(1n), Object(1n)]],
    ["boxed symbols", no, () => [Object(Symbol("a")), Object(Symbol("a"))]],
  ),
  ...rows(
    "Bytes",
    "By class and content; a view by the part of its buffer that it shows.",
    ["Uint8Arrays", yes, () => [Uint8Array.of(1, 2), Uint8Array.of(1, 2)]],
    ["Uint8Arrays, different", no, () => [Uint8Array.of(1, 2), Uint8Array.of(1, 3)]],
    ["Uint8Arrays of other lengths", no, () => [Uint8Array.of(1), Uint8Array.of(1, 0)]],
    ["Uint8Array and Int8Array", no, () => [Uint8Array.of(1), Int8Array.of(1)]],
    ["a Buffer and a Uint8Array", no, () => [Buffer.of(1), Uint8Array.of(1)]],
    ["two Buffers", yes, () => [Buffer.from("abc"), Buffer.from("abc")]],
    ["two Buffers, different", no, () => [Buffer.from("abc"), Buffer.from("abd")]],
    ["NaN in a Float64Array", yes, () => [Float64Array.of(NaN), Float64Array.of(NaN)]],
    ["−0 in a Float64Array", yes, () => [Float64Array.of(0), Float64Array.of(-0)]],
    ["BigInt64Arrays", no, () => [BigInt64Array.of(1n), BigInt64Array.of(2n)]],
    ["ArrayBuffers", yes, () => [Uint8Array.of(1).buffer, Uint8Array.of(1).buffer]],
    ["ArrayBuffers, different", no, () => [Uint8Array.of(1).buffer, Uint8Array.of(2).buffer]],
    ["SharedArrayBuffers", yes, () => [new SharedArrayBuffer(2), new SharedArrayBuffer(2)]],
    ["DataViews", yes, () => [new DataView(new ArrayBuffer(2)), new DataView(new ArrayBuffer(2))]],
    ["DataViews, different", no, () => [new DataView(Uint8Array.of(1).buffer), new DataView(Uint8Array.of(2).buffer)]],
    [
      "the same view of other buffers",
      yes,
      () => [new DataView(Uint8Array.of(1, 2).buffer, 1), new DataView(Uint8Array.of(9, 2).buffer, 1)],
    ],
    ["a typed array and an array", no, () => [Uint8Array.of(1), [1]]],
  ),
  ...rows(
    "Errors",
    "By class, name, message, own data, `cause` and `errors`; never by the stack, which differs from line to line.",
    ["two equal errors", yes, () => [new Error("a"), new Error("a")]],
    ["another message", no, () => [new Error("a"), new Error("b")]],
    ["another class", no, () => [new Error("a"), new TypeError("a")]],
    [
      "another code",
      no,
      () => [Object.assign(new Error("a"), { code: "A" }), Object.assign(new Error("a"), { code: "B" })],
    ],
    ["another status", no, () => [new HttpError("a", 404), new HttpError("a", 500)]],
    ["the same status", yes, () => [new HttpError("a", 404), new HttpError("a", 404)]],
    ["another name", no, () => [Object.assign(new Error("a"), { name: "A" }), new Error("a")]],
    ["the same cause", yes, () => [caused("a", { cause: new Error("b") }), caused("a", { cause: new Error("b") })]],
    ["another cause", no, () => [caused("a", { cause: new Error("b") }), caused("a", { cause: new Error("c") })]],
    ["a cause on one side", no, () => [caused("a", { cause: 1 }), new Error("a")]],
    ["AggregateErrors", yes, () => [new AggregateError([new Error("a")]), new AggregateError([new Error("a")])]],
    [
      "AggregateErrors, different",
      no,
      () => [new AggregateError([new Error("a")]), new AggregateError([new Error("b")])],
    ],
    ["DOMExceptions", yes, () => [new DOMException("a", "AbortError"), new DOMException("a", "AbortError")]],
    [
      "DOMExceptions of another name",
      no,
      () => [new DOMException("a", "AbortError"), new DOMException("a", "TimeoutError")],
    ],
    ["an error and its data", no, () => [new Error("a"), { name: "Error", message: "a" }]],
    ["an error and its message", no, () => [new Error("a"), "a"]],
  ),
  ...rows(
    "The web",
    "By what can be read without using it up. Bodies are streams: only one and the same is equal.",
    ["URLs", yes, () => [new URL("https://a.example/b"), new URL("https://a.example/b")]],
    ["URLs, different", no, () => [new URL("https://a.example/b"), new URL("https://a.example/c")]],
    ["a URL and its text", no, () => [new URL("https://a.example/"), "https://a.example/"]],
    ["URLSearchParams", yes, () => [new URLSearchParams("a=1&b=2"), new URLSearchParams("a=1&b=2")]],
    ["URLSearchParams in another order", no, () => [new URLSearchParams("a=1&b=2"), new URLSearchParams("b=2&a=1")]],
    [
      "Headers in another case and order",
      yes,
      () => [new Headers({ A: "1", b: "2" }), new Headers({ B: "2", a: "1" })],
    ],
    ["Headers, different", no, () => [new Headers({ a: "1" }), new Headers({ a: "2" })]],
    ["Headers and an object", no, () => [new Headers({ a: "1" }), { a: "1" }]],
    ["two cookies", no, () => [cookies("a=1", "b=1"), cookies("a=2", "b=1")]],
    ["FormData", yes, () => [form("a", "1"), form("a", "1")]],
    ["FormData, different", no, () => [form("a", "1"), form("a", "2")]],
    ["Responses", unsure, () => [new Response("a"), new Response("a")]],
    ["a Response and itself", yes, () => twice(new Response("a"))],
    ["Requests", unsure, () => [new Request("https://a.example/"), new Request("https://a.example/")]],
    ["Blobs", unsure, () => [new Blob(["a"]), new Blob(["a"])]],
    ["ReadableStreams", unsure, () => [new ReadableStream(), new ReadableStream()]],
    ["AbortSignals", unsure, () => [new AbortController().signal, new AbortController().signal]],
  ),
  ...rows(
    "What cannot be looked into",
    'Equal when identical. Otherwise nothing can be told, and "cannot tell" is not "equal".',
    ["a function and itself", yes, () => twice(() => 1)],
    ["two functions of one text", unsure, () => [() => 1, () => 1]],
    [
      "a function under a key",
      unsure,
      () => [
        { a: 1, run: () => 1 },
        { a: 1, run: () => 1 },
      ],
    ],
    ["a function and {}", no, () => [() => 1, {}]],
    ["a class and itself", yes, () => [Point, Point]],
    ["two promises", unsure, () => [Promise.resolve(1), Promise.resolve(1)]],
    ["a promise and its value", no, () => [Promise.resolve(1), 1]],
    ["thenables of a class", unsure, () => [new Query(), new Query()]],
    ["two generators", unsure, () => [numbers(), numbers()]],
    ["two async generators", unsure, () => [later(), later()]],
    ["two iterators", unsure, () => [[1].values(), [1].values()]],
    ["WeakMaps", unsure, () => [new WeakMap(), new WeakMap()]],
    ["WeakSets", unsure, () => [new WeakSet(), new WeakSet()]],
    ["WeakRefs", unsure, () => [new WeakRef({}), new WeakRef({})]],
    [
      "a difference beside a function",
      no,
      () => [
        { a: 1, run: () => 1 },
        { a: 2, run: () => 1 },
      ],
    ],
    ["private state beside public keys", unsure, () => [new Vault(1), new Vault(1)]],
    ["private fields that accessors show", yes, () => [new Account(1), new Account(1)]],
    ["private fields that accessors show, different", no, () => [new Account(1), new Account(2)]],
    ["private fields of a subclass of Map", unsure, () => [new Cache(1), new Cache(2)]],
    ["private fields of a subclass of Error that accessors show", yes, () => [new Refusal(1), new Refusal(1)]],
    ["the same, different", no, () => [new Refusal(1), new Refusal(2)]],
    ["hidden keys of a subclass of Date, different", unsure, () => [stamped(1), stamped(2)]],
    ["a class without members", yes, () => [new None(), new None()]],
    ["hidden keys, equal", yes, () => [new Hidden(1), new Hidden(1)]],
    ["hidden keys, different", unsure, () => [new Hidden(1), new Hidden(2)]],
    ["secret keys of node:crypto", unsure, () => [createSecretKey(Buffer.of(1)), createSecretKey(Buffer.of(2))]],
    ["private state alone", unsure, () => [new Secret(1), new Secret(1)]],
    ["Intl formats", unsure, () => [new Intl.NumberFormat("en"), new Intl.NumberFormat("de")]],
  ),
  ...rows(
    "Classes",
    "Classes must agree, and then own enumerable keys; a class with `toJSON()` says itself what it amounts to.",
    ["two instances", yes, () => [new Point(1, 2), new Point(1, 2)]],
    ["two instances, different", no, () => [new Point(1, 2), new Point(1, 3)]],
    ["an instance and an object", no, () => [new Point(1, 2), { x: 1, y: 2 }]],
    ["an instance and one of a subclass", no, () => [new Point(1, 2), new Spot(1, 2)]],
    ["toJSON over private state", yes, () => [new Money(1), new Money(1)]],
    ["toJSON over private state, different", no, () => [new Money(1), new Money(2)]],
    ["toJSON that leaves out own data, equal", yes, () => [new Tagged(1), new Tagged(1)]],
    ["toJSON that leaves out own data, different", no, () => [new Tagged(1), new Tagged(2)]],
    ["toJSON and what it returns", no, () => [new Money(1), { cents: 1 }]],
    ["an own toJSON is a key that holds a function", unsure, () => [{ toJSON: () => 1 }, { toJSON: () => 1 }]],
  ),
  ...rows(
    "Classes of libraries",
    "All of them have `toJSON()`, or keep their state in own keys.",
    ["decimal.js, equal", yes, () => [new Decimal("1.10"), new Decimal("1.1")]],
    ["decimal.js, different", no, () => [new Decimal("0.1"), new Decimal("0.2")]],
    ["decimal.js and a number", no, () => [new Decimal(1), 1]],
    ["big.js, equal", yes, () => [new Big("1.10"), new Big("1.1")]],
    ["big.js, different", no, () => [new Big("0.1"), new Big("0.2")]],
    [
      "luxon DateTime, equal",
      yes,
      () => [DateTime.fromMillis(0, { zone: "utc" }), DateTime.fromMillis(0, { zone: "utc" })],
    ],
    [
      "luxon DateTime, different",
      no,
      () => [DateTime.fromMillis(0, { zone: "utc" }), DateTime.fromMillis(1, { zone: "utc" })],
    ],
    [
      "luxon DateTime in another zone",
      no,
      () => [DateTime.fromMillis(0, { zone: "utc" }), DateTime.fromMillis(0, { zone: "utc+2" })],
    ],
    ["luxon Duration", yes, () => [Duration.fromObject({ hours: 1 }), Duration.fromObject({ hours: 1 })]],
    ["luxon Duration, different", no, () => [Duration.fromObject({ hours: 1 }), Duration.fromObject({ hours: 2 })]],
    ["dayjs, equal", yes, () => [dayjs(0), dayjs(0)]],
    ["dayjs, different", no, () => [dayjs(0), dayjs(1_000)]],
    [
      "bson ObjectId, equal",
      yes,
      () => [new ObjectId("0123456789abcdef01234567"), new ObjectId("0123456789abcdef01234567")],
    ],
    [
      "bson ObjectId, different",
      no,
      () => [new ObjectId("0123456789abcdef01234567"), new ObjectId("0123456789abcdef01234568")],
    ],
    ["bson ObjectId and its text", no, () => [new ObjectId("0123456789abcdef01234567"), "0123456789abcdef01234567"]],
    ["bson Long, equal", yes, () => [Long.fromNumber(5), Long.fromNumber(5)]],
    ["bson Long, different", no, () => [Long.fromNumber(5), Long.fromNumber(6)]],
    ["bson Decimal128", no, () => [Decimal128.fromString("1.1"), Decimal128.fromString("1.2")]],
    ["bson Decimal128, equal", yes, () => [Decimal128.fromString("1.1"), Decimal128.fromString("1.1")]],
    ["bson Binary", no, () => [new Binary(Buffer.from("a")), new Binary(Buffer.from("b"))]],
    ["bson Binary of another subtype", no, () => [new Binary(Buffer.from("a"), 0), new Binary(Buffer.from("a"), 128)]],
    [
      "bson UUID",
      no,
      () => [new UUID("00000000-0000-4000-8000-000000000001"), new UUID("00000000-0000-4000-8000-000000000002")],
    ],
    ["bson Timestamp", yes, () => [new Timestamp({ t: 1, i: 2 }), new Timestamp({ t: 1, i: 2 })]],
    ...packageLines,
  ),
  ...rows(
    "Other realms",
    "Data from a `vm` context, an iframe or a worker is the same data.",
    ["an object", yes, () => [{ a: [1] }, other("({ a: [1] })")]],
    ["an object, different", no, () => [{ a: [1] }, other("({ a: [2] })")]],
    ["a Map", yes, () => [new Map([["a", 1]]), other("new Map([['a', 1]])")]],
    ["a Map, different", no, () => [new Map([["a", 1]]), other("new Map([['a', 2]])")]],
    ["a date", yes, () => [new Date(0), other("new Date(0)")]],
    ["an error", yes, () => [new TypeError("a"), other("new TypeError('a')")]],
    ["an error of another class", no, () => [new TypeError("a"), other("new RangeError('a')")]],
    ["a Uint8Array", yes, () => [Uint8Array.of(1), other("Uint8Array.of(1)")]],
  ),
  ...rows(
    "Cycles and sharing",
    "A graph is what can be read from it: where it closes, and what it shares, cannot be seen by reading.",
    ["two cycles", yes, () => [cycle(1), cycle(1)]],
    ["two cycles, different", no, () => [cycle(1), cycle(2)]],
    ["a cycle and itself, unrolled once", yes, () => [cycle(1), unrolled(1)]],
    ["a cycle and its end", no, () => [cycle(1), { value: 1, self: null }]],
    ["shared and copied", yes, () => [shared(true), shared(false)]],
    ["cycles through a Map", yes, () => [mapCycle(), mapCycle()]],
    ["an error that is its own cause", yes, () => [ownCause(), ownCause()]],
  ),
  ...rows(
    "Proxies and hostile values",
    "Read like what they stand for. What throws on both sides cannot be told; what throws on one side is a difference that callers meet.",
    ["a proxy and its target", yes, () => [new Proxy({ a: 1 }, {}), { a: 1 }]],
    ["a proxy, different", no, () => [new Proxy({ a: 1 }, {}), { a: 2 }]],
    ["a proxy of an array", yes, () => [new Proxy([1], {}), [1]]],
    ["a proxy of a Map that passes calls on", yes, () => [bound(new Map([["a", 1]])), new Map([["a", 1]])]],
    ["proxies of Maps whose methods throw", unsure, () => [new Proxy(new Map(), {}), new Proxy(new Map(), {})]],
    ["a proxy of a Map whose methods throw, and a Map", no, () => [new Proxy(new Map(), {}), new Map()]],
    ["revoked proxies", unsure, () => [revoked(), revoked()]],
    ["a revoked proxy and {}", no, () => [revoked(), {}]],
    ["getters that throw", unsure, () => [throwing(), throwing()]],
    ["a getter that throws, and a value", no, () => [throwing(), { a: 1, b: 1 }]],
    ["toJSON that throws", unsure, () => [new Stubborn(), new Stubborn()]],
    ["ownKeys that throws", unsure, () => [keyless(), keyless()]],
  ),
];

class Query {
  table = "a";
  then(): void {}
}
class Stubborn {
  toJSON(): never {
    throw new Error("no");
  }
}
function argumentsOf(value: number): unknown {
  return Reflect.apply(
    function (this: undefined) {
      // oxlint-disable-next-line prefer-rest-params -- it is the object itself that is wanted
      return arguments;
    },
    undefined,
    [value],
  );
}
function* numbers(): Generator<number> {
  yield 1;
}
async function* later(): AsyncGenerator<number> {
  yield 1;
}
function cookies(...all: string[]): Headers {
  return new Headers(all.map((cookie): [string, string] => ["set-cookie", cookie]));
}
function form(name: string, value: string): FormData {
  const data = new FormData();
  data.append(name, value);
  return data;
}
function twice(value: unknown): readonly [unknown, unknown] {
  return [value, value];
}
function shared(one: boolean): unknown {
  const part = { a: 1 };
  return { left: part, right: one ? part : { a: 1 } };
}
function mapCycle(): unknown {
  const map = new Map<string, unknown>();
  return map.set("self", map);
}
function ownCause(): Error {
  const error = new Error("a");
  error.cause = error;
  return error;
}
function keyless(): object {
  return new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
}
