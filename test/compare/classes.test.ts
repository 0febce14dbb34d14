import { createSecretKey } from "node:crypto";
import { runInNewContext, Script } from "node:vm";
import * as immutable from "immutable";
import { observable } from "mobx";
import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../src/compare/index.ts";
import { capture } from "../../src/compare/copy/capture.ts";
import { bound } from "./bound.ts";

class Account {
  readonly #balance: number;
  readonly id: number;
  constructor(id: number, balance: number) {
    this.id = id;
    this.#balance = balance;
  }
  get balance(): number {
    return this.#balance;
  }
}
class Sealed {
  readonly id = 1;
  readonly #secret: number;
  constructor(secret: number) {
    this.#secret = secret;
  }
  holds(secret: number): boolean {
    return this.#secret === secret;
  }
}
class Price {
  readonly currency = "EUR";
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  [Symbol.toPrimitive](): number {
    return this.#cents;
  }
}
class Hidden {
  readonly id = 1;
  constructor(value: number) {
    Object.defineProperty(this, "_value", { value });
  }
  get value(): number {
    return (this as unknown as { _value: number })._value;
  }
}
class None {}
class Counter {
  #count = 0;
  readonly color = "#fff";
  add(): void {
    this.#add(1);
  }
  #add(by: number): void {
    this.#count += by;
  }
}

function told(control: unknown, candidate: unknown, rules?: CompareRules): string {
  const answer = compare(control, candidate, rules);
  return answer.kind === "mismatch" ?
      answer.differences.map(({ path, kind }) => `${path} ${kind}`).join(", ")
    : answer.kind;
}

describe("state that keys do not show", () => {
  it("is read by accessors that are named like private fields", () => {
    expect(told(new Account(1, 10), new Account(1, 10))).toBe("match");
    expect(told(new Account(1, 10), new Account(1, 20))).toBe("$.balance value");
    expect(told(new Account(1, 10), new Account(2, 10))).toBe("$.id value");
  });

  it("is read as the primitive that a value class stands for", () => {
    expect(told(new Price(1), new Price(1))).toBe("match");
    expect(told(new Price(1), new Price(2))).toBe("$ value");
  });

  it("is never equal unseen, and the reason says what to do", () => {
    for (const [one, other] of [
      [new Sealed(1), new Sealed(1)],
      [new Hidden(1), new Hidden(2)],
      [new Counter(), new Counter()],
      [createSecretKey(Buffer.from("aaaa")), createSecretKey(Buffer.from("bbbb"))],
      [new Script("1"), new Script("2")],
      [new Intl.NumberFormat("de"), new Intl.NumberFormat("en")],
    ]) {
      expect(["inconclusive", "$.value value"]).toContain(told(one, other));
      expect(told(one, other, { ignorePrototype: true })).not.toBe("match");
    }
    const answer = compare({ it: new Sealed(1) }, { it: new Sealed(2) });
    expect(answer).toMatchObject({
      reason:
        "$.it is opaque: it cannot be looked into. Not all of what a Sealed holds can be seen; say how to read it: " +
        '`compare: { classes: [[Sealed, (it) => …]] }` or `compare: { at: { "$.it": (it) => … } }`',
    });
  });

  it("is no worry where there is none", () => {
    expect(told(new None(), new None())).toBe("match");
    expect(told(new Hidden(1), new Hidden(1))).toBe("match");
    expect(told(new Sealed(1), {}, { ignorePrototype: true })).toBe("$.id removed");
    expect(told(new Sealed(1), { id: 1 }, { ignorePrototype: true })).toBe("inconclusive");
  });

  it("is what a rule for the class reads", () => {
    const rules: CompareRules = { classes: [[Sealed, (it: Sealed) => it.holds(1)]] };
    expect(told([new Sealed(1)], [new Sealed(1)], rules)).toBe("match");
    expect(told([new Sealed(1)], [new Sealed(2)], rules)).toBe("$[0] value");
    class Kin extends Sealed {}
    expect(told(new Kin(1), new Kin(2), rules)).toBe("$ value");
    expect(told(new Kin(1), new Sealed(1), rules)).toContain("$ type");
    expect(() => compare(1, 2, { classes: [[1 as never, () => 1]] })).toThrow("`classes[0][0]` to be a class");
    const failing: CompareRules = { classes: [[Sealed, () => { throw new Error("no"); }]] }; // prettier-ignore
    expect(compare(new Sealed(1), new Sealed(1), failing)).toMatchObject({ reason: "`classes` threw" });
  });
});

describe("what a subclass of a built-in class keeps", () => {
  class Cache extends Map<string, number> {
    readonly #ttl: number;
    constructor(ttl: number) {
      super([["a", 1]]);
      this.#ttl = ttl;
    }
    isOver(at: number): boolean {
      return at > this.#ttl;
    }
  }
  class Bag extends Set<number> { readonly #note: number; constructor(note: number) { super([1]); this.#note = note; } has1(): number { return this.#note; } } // prettier-ignore
  class Stamp extends Date { readonly #zone: number; constructor(zone: number) { super(0); this.#zone = zone; } isIn(zone: number): boolean { return this.#zone === zone; } } // prettier-ignore
  class Failure extends Error { readonly #tries: number; constructor(tries: number) { super("a"); this.#tries = tries; } isLast(): boolean { return this.#tries === 0; } } // prettier-ignore
  class Page extends Array<number> { readonly #total: number; constructor(total: number) { super(); this.#total = total; } isLast(): boolean { return this.#total === 0; } } // prettier-ignore
  class Frame extends Uint8Array { readonly #at: number; constructor(at: number) { super(2); this.#at = at; } isAt(at: number): boolean { return this.#at === at; } } // prettier-ignore
  class Query extends URLSearchParams { readonly #base: number; constructor(base: number) { super("a=1"); this.#base = base; } isOf(base: number): boolean { return this.#base === base; } } // prettier-ignore
  class Pattern extends RegExp { readonly #at: number; constructor(at: number) { super("a"); this.#at = at; } isAt(at: number): boolean { return this.#at === at; } } // prettier-ignore
  class Amount extends Number { readonly #unit: number; constructor(unit: number) { super(1); this.#unit = unit; } isIn(unit: number): boolean { return this.#unit === unit; } } // prettier-ignore

  it("in private fields is never equal unseen, and its copies are live", () => {
    for (const Class of [Cache, Bag, Stamp, Failure, Page, Frame, Query, Pattern, Amount]) {
      expect(told(new Class(1), new Class(2)), Class.name).toBe("inconclusive");
      expect(told([new Class(1)], [new Class(2)], { ignorePrototype: true }), Class.name).toBe("inconclusive");
      expect(capture({ it: new Class(1) }).kind, Class.name).toBe("live");
    }
    expect(told(new Cache(1), new Map([["a", 1]]), { ignorePrototype: true })).toBe("inconclusive");
    expect(told(new Cache(1), new Map([["a", 2]]), { ignorePrototype: true })).toBe('$[key "a"] value');
  });

  it("is read by accessors that are named like private fields, and by toJSON()", () => {
    class Timed extends Map { readonly #ttl: number; constructor(ttl: number) { super(); this.#ttl = ttl; } get ttl(): number { return this.#ttl; } } // prettier-ignore
    expect(told(new Timed(1), new Timed(1))).toBe("match");
    expect(told(new Timed(1), new Timed(2))).toBe("$.ttl value");
    class Refused extends Error { readonly #meta: unknown; constructor(meta: unknown) { super("a"); this.#meta = meta; } toJSON(): unknown { return { meta: this.#meta }; } } // prettier-ignore
    expect(told(new Refused(1), new Refused(1))).toBe("match");
    expect(told(new Refused(1), new Refused(2))).toBe("$.meta value");
    class HttpError extends Error { readonly #response: unknown; constructor(response: unknown) { super("a"); this.#response = response; } get response(): unknown { return this.#response; } } // prettier-ignore
    expect(told(new HttpError(new Response("a")), new HttpError(new Response("b")))).toBe("match");
    expect(told(new HttpError({ status: 1 }), new HttpError({ status: 2 }))).toBe("$.response.status value");
  });

  it("under hidden keys is never equal where it differs, in copies as well", () => {
    class Labels extends Map {}
    class Refusal extends Error {}
    class Row extends Array {}
    for (const make of [() => new Labels(), () => new Refusal("a"), () => new Row(), () => new Hidden(1)]) {
      const hide = (state: unknown): object => Object.defineProperty(make(), "state", { value: state });
      const reads = (state: unknown): object => Object.defineProperty(make(), "state", { get: () => state });
      for (const made of [hide, reads]) {
        expect(told(made({ a: 1 }), made({ a: 1 }))).toBe("match");
        expect(told(made({ a: 1 }), made({ a: 2 }))).toBe("inconclusive");
        const { kind, value } = capture(made({ a: 1 }));
        expect(kind).toBe("captured");
        expect(told(value, made({ a: 1 }))).toBe("match");
        expect(told(value, made({ a: 2 }))).toBe("inconclusive");
      }
    }
  });

  it("is not looked for in what the platform's classes keep", () => {
    class Coded extends Error {
      get code(): string {
        return "a";
      }
    }
    expect(told(capture(new Coded("a")).value, new Coded("a"))).toBe("match");
    class Matcher extends RegExp {}
    expect(told(Object.assign(new Matcher("a", "g"), { lastIndex: 1 }), new Matcher("a", "g"))).toBe("match");
  });
});

it("a proxy that shows keys of a built-in value, and not what is in it, is never equal to another one", () => {
  class Label extends Map<string, number> {
    note = "";
  }
  const pairs: readonly (readonly [object, object])[] = [
    [/a/, /b/],
    [new Label([["a", 1]]), new Label([["a", 2]])],
    [Object.assign(new Date(0), { zone: 1 }), Object.assign(new Date(1), { zone: 1 })],
    [Object.assign(new Set([1]), { note: 1 }), Object.assign(new Set([2]), { note: 1 })],
  ];
  for (const [one, other] of pairs) {
    expect(told(new Proxy(one, {}), new Proxy(other, {}))).toBe("inconclusive");
    expect(told(capture([new Proxy(one, {})]).value, [new Proxy(other, {})])).toBe("inconclusive");
    const same = new Proxy(one, {});
    expect(told([same], [same])).toBe("match");
  }
});

describe("private fields are told from methods and static ones", () => {
  it("in texts without semicolons and with comments", () => {
    const classes = runInNewContext(`({
      after: class { budget
        #spent
        constructor(it) { this.#spent = it }
        isOver() { return this.#spent > 1 } },
      comment: class { /* static #spent, get #spent (it) */ #spent; constructor(it) { this.#spent = it } isOver() { return this.#spent > 1 } },
      method: class { id = 1
        #help() { return 1 }
        static #made = 1
        static async #load() { return this.#made }
        get #one() { return 1 }
        go() { return this.#help() + this.#one } },
    })`) as Record<string, new (it: number) => object>;
    expect(told(new classes["after"]!(1), new classes["after"]!(2))).toBe("inconclusive");
    expect(told(new classes["comment"]!(1), new classes["comment"]!(2))).toBe("inconclusive");
    const Method = classes["method"]!;
    expect(told(Object.assign(new Method(1), { a: 1 }), Object.assign(new Method(2), { a: 1 }))).toBe("match");
  });

  it("and are known by the helpers that SWC and Babel make of them", () => {
    for (const helper of ["_class_private_field_get", "babelHelpers.classPrivateFieldGet", "_classPrivateFieldGet2"]) {
      const Lowered = runInNewContext(
        `(class { id = 1; get() { return ${helper}(this, _value) } })`,
      ) as new () => object;
      expect(told(new Lowered(), new Lowered()), helper).toBe("inconclusive");
    }
  });
});

describe("another class", () => {
  it("is listed beside what differs in it", () => {
    class Order {
      id = 1;
      total = 5;
    }
    expect(told(new Order(), { id: 1, total: 6 })).toBe("$ type, $.total value");
    expect(told({ order: new Order() }, { order: { id: 1, total: 5 } })).toBe("$.order type");
    class Money {
      readonly #cents: number;
      constructor(cents: number) {
        this.#cents = cents;
      }
      toJSON(): unknown {
        return { cents: this.#cents };
      }
    }
    expect(told(new Money(1), { cents: 2 })).toBe("$ type, $.cents value");
    expect(told(new Money(1), { cents: 1 }, { ignorePrototype: true })).toBe("match");
    expect(told(new Money(1), {}, { ignorePrototype: true })).toBe("$.cents removed");
  });

  it("of errors is no bar to the rule for errors", () => {
    class Legacy extends Error {}
    const errors = (a: Error, b: Error): boolean => a.message === b.message;
    expect(told(new Legacy("a"), new TypeError("a"), { errors })).toBe("match");
    expect(told({ e: new Legacy("a") }, { e: new TypeError("b") }, { errors })).toBe("$.e value");
  });

  it("is told by what it is, not by its name", () => {
    for (const name of ["Response", "Request", "Stream", "Headers", "Blob", "Map", "Error", "Promise"]) {
      const Named = { [name]: class { value: unknown; constructor(value: unknown) { this.value = value; } } }[name]!; // prettier-ignore
      expect(told(new Named(1), new Named(1)), name).toBe("match");
      expect(told(new Named(1), new Named(2)), name).toBe("$.value value");
    }
  });
});

describe("toJSON", () => {
  it("does not hide own data that differs", () => {
    class Binary {
      readonly subtype: number;
      readonly text: string;
      constructor(text: string, subtype: number) {
        this.text = text;
        this.subtype = subtype;
      }
      toJSON(): string {
        return this.text;
      }
    }
    expect(told(new Binary("a", 0), new Binary("a", 0))).toBe("match");
    expect(told(new Binary("a", 0), new Binary("a", 128))).toBe("$.subtype value");
  });
});

describe("built-ins lose nothing", () => {
  class Frame extends Uint8Array {}
  class Query extends URLSearchParams {}
  class Label extends Map {}
  class Stamp extends Date {
    constructor() {
      super(0);
    }
  }
  class Bag extends Set {}
  class Page extends Array {}
  const mark = Symbol("mark");
  it.each<[string, () => object]>([
    ["Buffer", () => Buffer.from("a")],
    [
      "a large Uint8Array of a subclass",
      () => Object.setPrototypeOf(new Uint8Array(10_000), Frame.prototype) as object,
    ],
    ["URLSearchParams", () => new Query("a=1")],
    ["RegExp", () => /a/],
    ["String", () => new String("a")],
    ["Headers", () => new Headers({ a: "1" })],
    ["Map", () => new Label().set("a", 1)],
    ["Date", () => new Stamp()],
    ["Set", () => new Bag().add(1)],
    ["Array", () => Page.from([1])],
    ["Error", () => new RangeError("a")],
  ])("neither keys on a %s nor what it holds, in copies either", (_, make) => {
    for (const key of ["own", mark]) {
      const one = Object.assign(make(), { [key]: 1 });
      const other = Object.assign(make(), { [key]: 2 });
      const copies = [capture(one), capture(other)].map((taken) => {
        expect(taken.kind).toBe("captured");
        return taken.value;
      });
      expect(told(one, Object.assign(make(), { [key]: 1 }))).toBe("match");
      expect(told(one, other)).toMatch(/ value$/);
      expect(told(copies[0], one)).toBe("match");
      expect(told(copies[0], other)).toBe(told(one, other));
      expect(told(copies[0], copies[1])).toBe(told(one, other));
    }
  });

  it("each of several cookies counts", () => {
    const headers = (...cookies: string[]): Headers =>
      new Headers(cookies.map((cookie): [string, string] => ["set-cookie", cookie]));
    expect(told(headers("a=1", "b=1"), headers("a=1", "b=1"))).toBe("match");
    expect(told(headers("a=1", "b=1"), headers("a=2", "b=1"))).toBe('$["set-cookie"][0] value');
    expect(told(headers("a=1", "b=1"), headers("b=1"))).not.toBe("match");
    expect(told(capture(headers("a=1", "b=1")).value, headers("a=2", "b=1"))).toBe('$["set-cookie"][0] value');
  });

  it("a SuppressedError's parts count", () => {
    const made = (error: unknown): Error =>
      Object.defineProperties(new Error("a"), { error: { value: error }, suppressed: { value: 1 } });
    expect(told(made(1), made(2))).toBe("$.error value");
  });

  it("what hangs on an error for debugging does not", () => {
    class Socket {
      port: number;
      constructor(port: number) {
        this.port = port;
      }
    }
    const failed = (port: number, status: number): Error =>
      Object.assign(new Error("a"), { socket: new Socket(port), response: { status, socket: new Socket(port) } });
    expect(told(failed(1, 500), failed(2, 500))).toBe("match");
    expect(told(failed(1, 500), failed(2, 404))).toBe("$.response.status value");
    const socket = [new Socket(1), new Socket(2)] as const;
    const shared = { socket: socket[0] };
    const other = { socket: socket[1] };
    expect(
      told(
        [Object.assign(new Error("a"), { shared }), shared],
        [Object.assign(new Error("a"), { shared: other }), other],
      ),
    ).toBe("$[1].socket.port value");
  });

  it("read like what they stand for, through a proxy that passes calls on", () => {
    expect(told(bound(new Map([["a", 1]])), new Map([["a", 1]]))).toBe("match");
    expect(told(bound(new Map([["a", 1]])), new Map([["a", 2]]))).toBe('$[key "a"] value');
    expect(told(bound(new Set([1])), new Set([1]))).toBe("match");
    expect(told(bound(new Date(0)), new Date(0))).toBe("match");
    expect(told(capture(bound(new Map([["a", 1]]))).value, new Map([["a", 1]]))).toBe("match");
  });

  it("of another realm are the same data", () => {
    expect(told("abc".match(/b/), ["b"])).toBe("match");
    expect(told(runInNewContext("'abc'.match(/b/)"), ["b"])).toBe("match");
    const named = (error: object): object => Object.assign(error, { name: "ValidationError" });
    expect(told(named(runInNewContext("new Error('x')") as object), named(new Error("x")))).toBe("match");
  });
});

it("generators of two functions cannot be told apart", () => {
  const one = (function* () { yield 1; })(); // prettier-ignore
  const other = (function* () { yield 1; })(); // prettier-ignore
  expect(told({ rows: one }, { rows: other })).toBe("inconclusive");
  expect(told(async () => 1, () => 1)).toBe("inconclusive"); // prettier-ignore
});

describe("copies for functions of the user's", () => {
  it("are made of no instance whose methods need private fields", () => {
    const value = { account: new Account(1, 10) };
    expect(capture(value)).toEqual({
      kind: "live",
      value,
      reason: "holds an instance with private fields, which no copy has",
    });
    class Token {
      readonly #text = "a";
      toJSON(): string {
        return this.#text;
      }
    }
    expect(capture([new Token()]).kind).toBe("captured");
    expect(capture([new Token()], undefined, true).kind).toBe("live");
  });
});

describe("collections of packages", () => {
  it("without end cannot be told", () => {
    const endless = (): unknown => immutable.Range(0, Infinity);
    expect(told(endless(), endless())).toBe("inconclusive");
  });

  it("are detached in copies, and read as what they held", () => {
    const map = observable.map({ a: 1 });
    const taken = capture({ map });
    expect(taken.kind).toBe("captured");
    map.set("a", 2);
    expect(told(taken.value, { map: observable.map({ a: 1 }) })).toBe("match");
    expect(told(taken.value, { map })).toBe("$.map.a value");
    const set = capture(immutable.Set([immutable.Map({ a: 1, b: 2 })])).value;
    expect(told(set, immutable.Set([immutable.Map({ b: 2, a: 1 })]))).toBe("match");
  });

  it("follow rules for what is in them", () => {
    const maps = [immutable.Map({ a: 1, b: 2 }), immutable.Map({ a: 1, b: 3 })] as const;
    expect(told(maps[0], maps[1])).toBe("$.b value");
    expect(told(maps[0], maps[1], { ignore: ["$.b"] })).toBe("match");
    expect(told([immutable.List([1, 2])], [immutable.List([2, 1])], { unordered: ["**"] })).toBe("match");
  });
});
