import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";
import { SidelaneError } from "../../../src/model/errors.ts";
import { compileRules } from "../../../src/compare/rules/rules.ts";

function paths(control: unknown, candidate: unknown, rules: CompareRules): readonly string[] | string {
  const answer = compare(control, candidate, rules);
  return answer.kind === "mismatch" ? answer.differences.map(({ path, kind }) => `${path} ${kind}`) : answer.kind;
}

describe("`unordered` under a pattern that reaches everything", () => {
  it("does not take a name for its value, in search parameters and forms", () => {
    const form = (name: string, value: string): FormData => {
      const made = new FormData();
      made.append(name, value);
      return made;
    };
    for (const pattern of ["**", "$.*", "$[*]"]) {
      const rules: CompareRules = { unordered: [pattern] };
      expect(compare(new URLSearchParams("a=b"), new URLSearchParams("b=a"), rules).kind).toBe("mismatch");
      expect(compare(form("a", "b"), form("b", "a"), rules).kind).toBe("mismatch");
    }
    expect(
      compare({ q: new URLSearchParams("a=b") }, { q: new URLSearchParams("b=a") }, { unordered: ["**"] }).kind,
    ).toBe("mismatch");
    expect(compare(new URLSearchParams("a=b&c=d"), new URLSearchParams("c=d&a=b"), { unordered: ["**"] }).kind).toBe(
      "match",
    );
  });
});

describe("a function of the user's that returns a promise", () => {
  const failing = (): Promise<never> => Promise.reject(new Error("of nobody"));
  const [one, other] = [
    { at: new Date(0), list: [{ id: 1 }] },
    { at: new Date(1), list: [{ id: 2 }] },
  ];

  it.each<readonly [string, CompareRules]>([
    ["normalize", { normalize: failing }],
    ["at", { at: { "$.at": failing } }],
    ["classes", { classes: [[Date, failing]] }],
    ["by", { ignore: ["$.at"], unordered: [{ path: "$.list", by: failing as never }] }],
    ["errors", { errors: failing as never }],
  ])("`%s` is told, and its failure is nobody's", async (name, rules) => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const sides = name === "errors" ? [{ a: new Error("a") }, { a: new Error("b") }] : [one, other];
      expect(compare(sides[0], sides[1], rules)).toEqual({
        kind: "inconclusive",
        reason: `\`${name}\` returned a promise; it has to say at once what is compared`,
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("is no matter where the promise is the value's own", () => {
    const it = Promise.resolve(1);
    expect(compare({ it }, { it }, { at: { "$.it": (value) => value } }).kind).toBe("match");
  });

  it("nor is what `errors` says taken for a difference where it is no answer", () => {
    expect(compare([new Error("a")], [new Error("b")], { errors: () => 1 as never })).toEqual({
      kind: "inconclusive",
      reason: "`errors` returned neither true nor false, but number",
    });
  });
});

describe("search parameters and fields of forms", () => {
  const query = (text: string): object => ({ query: new URLSearchParams(text) });

  it.each([
    ["a=1&b=2", "a=1&b=3", ["$.query.b value"]],
    ["a=1", "a=1&b=2", ["$.query.b added"]],
    ["a=1&tag=x&tag=y", "a=1&tag=x&tag=z", ["$.query.tag[1] value"]],
    ["a=1&b=2", "b=2&a=1", ["$.query order"]],
    ["a=1&b=1&a=2", "a=1&a=2&b=1", ["$.query order"]],
    ["__proto__=1", "__proto__=2", ["$.query.__proto__ value"]],
    ["a=1&a=2&b=", "a=1&a=2&b=", "match"],
  ])("%s and %s differ where their names say", (one, other, expected) => {
    expect(paths(query(one), query(other), {})).toEqual(expected);
  });

  it("in another order are told by their names, and by no value", () => {
    expect(compare(query("a=1&b=2"), query("b=2&a=1"))).toMatchObject({
      differences: [{ path: "$.query", kind: "order", control: ["a", "b"], candidate: ["b", "a"] }],
    });
  });

  it("follow rules for their names", () => {
    expect(paths(query("p=1.0"), query("p=1"), { at: { "$.query.p": Number } })).toBe("match");
    expect(paths(query("a=1&b=2"), query("b=2&a=1"), { unordered: ["$.query"] })).toBe("match");
    expect(paths(query("a=1&a=2"), query("a=2&a=1"), { unordered: ["$.query.a"] })).toBe("match");
    expect(paths(query("utm=1&b=2"), query("b=2&utm=3"), { ignore: ["$.query.utm"] })).toBe("match");
  });
});

describe("ignore", () => {
  const control = { id: 1, meta: { updatedAt: 1, tags: [{ etag: "a" }] }, list: [{ etag: "b" }], "x-id": 1 };
  const candidate = { id: 1, meta: { updatedAt: 2, tags: [{ etag: "c" }] }, list: [{ etag: "d" }], "x-id": 2 };

  it.each<[string, readonly string[], readonly string[] | string]>([
    ["nothing", [], ["$.meta.updatedAt value", "$.meta.tags[0].etag value", "$.list[0].etag value", '$["x-id"] value']],
    ["a path", ["$.meta.updatedAt"], ["$.meta.tags[0].etag value", "$.list[0].etag value", '$["x-id"] value']],
    ["a part and all in it", ["$.meta"], ["$.list[0].etag value", '$["x-id"] value']],
    ["a name anywhere", ["**.etag", "$.*.updatedAt"], ['$["x-id"] value']],
    ["any element", ["$.list[*].etag", '$["x-id"]'], ["$.meta.updatedAt value", "$.meta.tags[0].etag value"]],
    ["one position", ["$.list[1]", "$.meta", '$["x-id"]'], ["$.list[0].etag value"]],
    ["everything", ["$"], "match"],
  ])("%s", (_, ignore, expected) => {
    expect(paths(control, candidate, { ignore })).toEqual(expected);
  });

  it("covers keys that only one side has, and keys of Maps", () => {
    expect(paths({ a: 1 }, { a: 1, b: 2 }, { ignore: ["$.b"] })).toBe("match");
    expect(paths({ a: 1, b: 2 }, { a: 1 }, { ignore: ["$.b"] })).toBe("match");
    expect(paths(new Map([["x-id", 1]]), new Map([["x-id", 2]]), { ignore: ['$["x-id"]'] })).toBe("match");
    expect(paths(new Headers({ date: "a" }), new Headers({ date: "b" }), { ignore: ["$.date"] })).toBe("match");
    expect(paths(new Error("a"), new Error("b"), { ignore: ["$.message"] })).toBe("match");
  });
});

describe("unordered", () => {
  class Order {
    readonly id: number;
    readonly at: Date;
    constructor(id: number) {
      this.id = id;
      this.at = new Date(id);
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
  it.each<readonly [name: string, make: (id: number) => unknown]>([
    ["instances", (id) => new Order(id)],
    ["instances with toJSON()", (id) => new Money(id)],
    ["addresses", (id) => `https://example.org/a/path/that/is/longer/than/any/that/one/cares/to/read/${id}`],
    ["URLs", (id) => new URL(`https://example.org/${id}`)],
    ["what is deep", (id) => ({ a: { b: { c: { d: { id } } } } })],
    ["errors", (id) => new Error(String(id))],
    ["Maps", (id) => new Map([["id", id]])],
    ["Sets", (id) => new Set([id])],
    ["bytes", (id) => Buffer.from(String(id))],
  ])("is within the default limits for 3 000 %s", (_, make) => {
    const control = Array.from({ length: 3_000 }, (__, id) => make(id));
    const candidate = control.map((__, id) => make(2_999 - id));
    // How long it takes depends on the machine.
    const rules: CompareRules = { unordered: ["$"], limits: { timeMs: Infinity } };
    expect(compare(control, candidate, rules).kind).toBe("match");
    expect(compare(new Set(control), new Set(candidate), rules).kind).toBe("match");
    candidate[7] = make(5_000);
    expect(compare(control, candidate, rules).kind).toBe("mismatch");
  });

  it("takes instances on an error for the same, however many there are", () => {
    const failed = (from: number): Error =>
      Object.assign(new Error("a"), { details: Array.from({ length: 30 }, (_, id) => [new Order(from + id)]) });
    expect(compare(failed(0), failed(100), { unordered: ["$.details"] }).kind).toBe("match");
  });

  it("pairs by a key, and says what changed in a pair", () => {
    const rules: CompareRules = { unordered: [{ path: "$.items", by: "id" }] };
    const items = (...pairs: [number, string][]): object => ({ items: pairs.map(([id, name]) => ({ id, name })) });
    expect(paths(items([1, "a"], [2, "b"]), items([2, "b"], [1, "a"]), rules)).toBe("match");
    expect(paths(items([1, "a"], [2, "b"]), items([2, "x"], [1, "a"]), rules)).toEqual(["$.items[1].name value"]);
    expect(paths(items([1, "a"], [2, "b"]), items([3, "b"], [1, "a"]), rules)).toEqual([
      "$.items[1] removed",
      "$.items[0] added",
    ]);
  });

  it("pairs by what a function computes", () => {
    const rules: CompareRules = { unordered: [{ path: "$", by: (name: string) => name.toLowerCase() }] };
    expect(paths(["A", "b"], ["b", "A"], rules)).toBe("match");
    expect(paths(["A", "b"], ["b", "a"], rules)).toEqual(["$[0] value"]);
  });

  it("counts how often an element comes", () => {
    expect(paths([1, 1, 2], [1, 2, 2], { unordered: ["$"] })).toEqual(["$[1] value"]);
  });

  it("finds the pairing that a tolerance allows, not the first that comes", () => {
    expect(paths([1.1, 1], [1.2, 1.05], { unordered: ["$"], tolerance: 0.11 })).toBe("match");
    expect(paths([1, 1.1, 1.2], [1.1, 1.2, 1.3], { unordered: ["$"], tolerance: 0.1001 })).toBe("match");
  });
});

describe("tolerance", () => {
  it("is a distance, or a share of the larger, whichever allows more", () => {
    expect(paths(1, 1.01, { tolerance: 0.011 })).toBe("match");
    expect(paths(1, 1.02, { tolerance: 0.011 })).toEqual(["$ value"]);
    expect(paths(1_000, 1_001, { tolerance: { rel: 1e-3 } })).toBe("match");
    expect(paths(0, 1e-12, { tolerance: { rel: 1e-3 } })).toEqual(["$ value"]);
    expect(paths(0, 1e-12, { tolerance: { rel: 1e-3, abs: 1e-9 } })).toBe("match");
    expect(paths(Infinity, 1e308, { tolerance: { rel: 0.999 } })).toEqual(["$ value"]);
    expect(paths(NaN, 1, { tolerance: 1e9 })).toEqual(["$ value"]);
  });

  it("holds by path", () => {
    const rules: CompareRules = { tolerance: { "$.price": 0.01, "**.score": { rel: 0.1 } } };
    expect(paths({ price: 1, a: { score: 10 } }, { price: 1.005, a: { score: 10.5 } }, rules)).toBe("match");
    expect(paths({ price: 1, total: 1 }, { price: 1.1, total: 1.005 }, rules)).toEqual([
      "$.price value",
      "$.total value",
    ]);
  });
});

describe("rules beside each other", () => {
  it("a number in brackets is a key of objects and Maps, too", () => {
    const years = (first: number): object => ({ byYear: { 2024: first, 2025: 5 } });
    expect(paths(years(1), years(2), { ignore: ["$.byYear[2024]"] })).toBe("match");
    expect(paths(years(1), years(2), { ignore: ["$.byYear[2025]"] })).toEqual(['$.byYear["2024"] value']);
    expect(paths(new Map([[2024, 1]]), new Map([[2024, 2]]), { ignore: ["$[2024]"] })).toBe("match");
    expect(paths([1, 2], [1, 3], { ignore: ["$[1]"] })).toBe("match");
  });

  it("a Map's key of any length is found, and written down cut", () => {
    const url = `https://example.com/${"a".repeat(300)}`;
    expect(paths(new Map([[url, 1]]), new Map([[url, 2]]), { ignore: [`$[${JSON.stringify(url)}]`] })).toBe("match");
    const [path] = paths(new Map([[url, 1]]), new Map([[url, 2]]), {});
    expect(path!.length).toBeLessThan(130);
    const huge = 2n ** 20_000n;
    expect(paths(new Set([huge]), new Set([huge + 1n]), {})).toEqual([
      "$[element 0x1000000000000000…0000000000000000 (5001 digits)n] value",
    ]);
  });

  it("entries of a Map under object keys are forgiven as those under texts", () => {
    const day = (n: number): Date => new Date(n);
    expect(paths(new Map([[day(0), 1]]), new Map([[day(1), 1]]), { ignore: ["$[*]"] })).toBe("match");
    expect(paths(new Map([[{ k: 1 }, undefined]]), new Map(), { undefinedIsMissing: true })).toBe("match");
    expect(paths(new Map([[{ k: 1 }, 1]]), new Map(), { undefinedIsMissing: true })).toHaveLength(1);
    const nested = (n: number): unknown => new Set([new Map([[day(n), 1]])]);
    expect(paths(nested(0), nested(1), { ignore: ["$[*][*]"] })).toBe("match");
  });

  it("a key that both Maps share may still belong to another entry", () => {
    const key = { k: 1 };
    expect(paths(new Map([[key, 1], [{ k: 1 }, 2]]), new Map([[key, 2], [{ k: 1 }, 1]]), {})).toBe("match"); // prettier-ignore
  });

  it("`by` sees elements and keys after `at`, and reads a getter once", () => {
    const control = [{ id: 1, v: "a" }, { id: 2, v: "b" }]; // prettier-ignore
    const candidate = [{ id: "2", v: "b" }, { id: "1", v: "a" }]; // prettier-ignore
    expect(paths(control, candidate, { at: { "$[*].id": String }, unordered: [{ path: "$", by: "id" }] })).toBe(
      "match",
    );
    const wrapped = (rows: readonly object[]): unknown => rows.map((row) => ({ row }));
    const rules: CompareRules = {
      at: { "$[*]": ({ row }: { row: object }) => row, "$[*].id": String },
      unordered: [{ path: "$", by: "id" }],
    };
    expect(paths(wrapped(control), wrapped(candidate), rules)).toBe("match");
    let reads = 0;
    const counted = { get id() { reads++; return 1; } }; // prettier-ignore
    compare([counted, { id: 2 }], [{ id: 2 }, { id: 1 }], { unordered: [{ path: "$", by: "id" }] });
    expect(reads).toBeLessThanOrEqual(2);
  });

  it("what is opaque in another order cannot be told, and does not hide what can", () => {
    const rows = (...ids: number[]): object[] => ids.map((id) => ({ id, refresh: () => id }));
    expect(paths(rows(1, 2), rows(2, 1), { unordered: ["$"] })).toBe("inconclusive");
    expect(paths(rows(1, 2), rows(2, 3), { unordered: ["$"] })).toContainEqual(expect.stringContaining("id value"));
    expect(paths(new Set(rows(1, 2)), new Set(rows(2, 1)), {})).toBe("inconclusive");
    expect(paths(new Set([new Set(rows(1, 2))]), new Set([new Set(rows(2, 1))]), {})).toBe("inconclusive");
    expect(paths(new Map([[() => 1, 1]]), new Map([[() => 1, 1]]), {})).toBe("inconclusive");
    expect(paths(new Map([[() => 1, 1]]), new Map([[() => 1, 2]]), {})).not.toBe("match");
  });

  it("a tolerance leaves lists of thousands sorted, wherever it holds", () => {
    const limits = { timeMs: 60_000 };
    const ids = Array.from({ length: 3_000 }, (_, id) => id);
    const rows = (order: readonly number[], by = 0): object => ({
      total: 1,
      rows: order.map((id) => ({ id, name: "x", price: id + by })),
      prices: order.map((id) => ({ price: id + by })),
      seen: new Set(order),
      keyed: new Map(order.map((id) => [{ id }, id])),
    });
    const unordered = ["$.rows", "$.prices"];
    const backwards = ids.toReversed();
    for (const tolerance of [
      { "$.total": 0.01 },
      { "**.price": 0.01 },
      { "**.price": { abs: 0.01, rel: 0.001 } },
      0.01,
    ]) {
      const by = "$.total" in Object(tolerance) ? 0 : 0.001;
      expect(paths(rows(ids), rows(backwards, by), { unordered, tolerance, limits })).toBe("match");
      expect(paths(rows(ids), rows(backwards, 5.5), { unordered, tolerance, limits })).not.toBe("match");
    }
  });
});

describe("other rules", () => {
  it("at changes both sides at a path", () => {
    expect(
      paths(
        { at: "2026-01-01T00:00:00Z" },
        { at: "2026-01-01T01:00:00+01:00" },
        { at: { "$.at": (text: string) => Date.parse(text) } },
      ),
    ).toBe("match");
    expect(
      compare(
        { a: 1 },
        { a: 2 },
        {
          at: {
            "$.a": () => {
              throw new Error("no");
            },
          },
        },
      ),
    ).toMatchObject({ kind: "inconclusive", reason: "`at` threw", error: new Error("no") });
  });

  it("a tolerance in ms is for dates, and for texts that are date-times", () => {
    const at = (ms: number): Date => new Date(1_760_000_000_000 + ms);
    const tolerance = { ms: 1_000 };
    for (const wrap of [(date: Date) => date, (date: Date) => date.toISOString(), (date: Date) => dayjs(date)]) {
      const named = (ms: number): object => ({ at: wrap(at(ms)) });
      expect(paths(named(0), named(900), {}), String(wrap)).not.toBe("match");
      expect(paths(named(0), named(900), { tolerance: { "$.at": tolerance } }), String(wrap)).toBe("match");
      expect(paths(named(0), named(1_100), { tolerance: { "$.at": tolerance } }), String(wrap)).not.toBe("match");
      const rows = (by: number, turn = false): object[] => {
        const list = Array.from({ length: 40 }, (_, id) => ({ id, at: wrap(at(id * 5_000 + by)) }));
        return turn ? list.toReversed() : list;
      };
      const rules: CompareRules = { unordered: ["$"], tolerance: { "**.at": tolerance } };
      expect(paths(rows(0), rows(900, true), rules), String(wrap)).toBe("match");
      expect(paths(rows(0), rows(1_100, true), rules), String(wrap)).not.toBe("match");
    }
    const zones = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00.500+01:00"] as const;
    expect(paths(...zones, { tolerance })).toBe("match");
    expect(paths("soon", "now", { tolerance })).toEqual(["$ value"]);
    expect(paths(1, 2, { tolerance })).toEqual(["$ value"]);
    expect(paths(new Date(NaN), at(0), { tolerance })).toEqual(["$ value"]);
  });

  it("strings lets a tolerance reach numbers within texts, and nothing else of them", () => {
    const tolerance = { abs: 0.01, strings: true };
    for (const [control, candidate] of [
      ["12.50", "12.5"],
      ["12.504 EUR", "12.5 EUR"],
      ["1 to 2", "1.001 to 1.999"],
      ["1e3", "1000"],
      ["-3", "-3.0"],
    ] as const) {
      expect(paths({ a: control }, { a: candidate }, { tolerance: 0.01 }), control).toEqual(["$.a value"]);
      expect(paths({ a: control }, { a: candidate }, { tolerance: { "$.a": tolerance } }), control).toBe("match");
      expect(paths([control, "x"], ["x", candidate], { tolerance, unordered: ["$"] }), control).toBe("match");
    }
    for (const [control, candidate] of [
      ["12.50 EUR", "12.50 USD"],
      ["12.5", "12.6"],
      ["1 2", "1"],
      ["", "0"],
    ] as const) {
      expect(paths(control, candidate, { tolerance }), control).toEqual(["$ value"]);
      expect(paths([control, "x"], ["x", candidate], { tolerance, unordered: ["$"] }), control).not.toBe("match");
    }
    expect(paths("12", 12, { tolerance })).toEqual(["$ type"]);
  });

  it("search parameters are ignored by name, wherever they stand", () => {
    const query = (text: string): object => ({ query: new URLSearchParams(text) });
    const rules: CompareRules = { ignore: ["$.query.utm_source", '**["trace-id"]'] };
    expect(paths(query("a=1&utm_source=x&b=2"), query("utm_source=y&a=1&b=2&trace-id=7"), rules)).toBe("match");
    expect(paths(query("a=1&utm_source=x&b=2"), query("a=1&utm_source=x&b=3"), rules)).toEqual(["$.query.b value"]);
    const url = (text: string): object => ({ link: new URL(text, "https://example.org/a") });
    const ofLinks: CompareRules = { ignore: ["$.link.searchParams.v"] };
    expect(paths(url("?v=1&w=2#x"), url("?w=2&v=2#x"), ofLinks)).toBe("match");
    expect(paths(url("?v=1&w=2#x"), url("?w=3&v=2#x"), ofLinks)).toEqual(["$.link.searchParams.w value"]);
    expect(paths(url("?v=1#x"), url("?v=1#y"), ofLinks)).toEqual(["$.link.href value"]);
    const form = (value: string): FormData => {
      const made = new FormData();
      made.append("name", "a");
      made.append("token", value);
      return made;
    };
    expect(paths(form("1"), form("2"), { ignore: ["$.token"] })).toBe("match");
  });

  it("ignorePrototype looks at the data alone", () => {
    class User {
      name = "a";
    }
    expect(paths(new User(), { name: "a" }, {})).toEqual(["$ type"]);
    expect(paths(new User(), { name: "a" }, { ignorePrototype: true })).toBe("match");
    expect(paths(new User(), { name: "b" }, { ignorePrototype: true })).toEqual(["$.name value"]);
  });

  it("errors decides about errors, wherever they are", () => {
    const rules: CompareRules = { errors: (a: Error, b: Error) => a.message.toLowerCase() === b.message.toLowerCase() };
    expect(paths({ error: new Error("A") }, { error: new TypeError("a") }, {})).toEqual([
      "$.error type",
      "$.error.name value",
      "$.error.message value",
    ]);
    expect(paths({ error: new Error("A") }, { error: new TypeError("a") }, rules)).toBe("match");
    expect(paths({ error: new Error("A") }, { error: new Error("a") }, rules)).toBe("match");
    expect(paths({ error: new Error("A") }, { error: new Error("b") }, rules)).toEqual(["$.error value"]);
  });
});

describe("a mistake in rules is refused where they are defined", () => {
  it.each<[string, unknown, string]>([
    ["an unknown rule", { ignored: [] }, "unknown option `ignored`; did you mean `ignore`?"],
    ["no list", { ignore: "$.a" }, "`ignore` to be a list"],
    ["no pattern", { ignore: [1] }, "`ignore[0]` to be a path pattern"],
    ["no start", { ignore: ["updatedAt"] }, "At position 0: a pattern starts with `$`"],
    ["an empty pattern", { ignore: [""] }, "At position 0"],
    ["an open bracket", { ignore: ["$.items[*.etag"] }, "At position 8"],
    ["an unquoted key", { ignore: ["$.x-id"] }, "At position 3: expected `.` or `[`"],
    [
      "two dots",
      { ignore: ["$..name"] },
      "At position 2: expected a name after the dot; `**` stands for any number of steps",
    ],
    ["a doubled **", { ignore: ["**.**"] }, "At position 2"],
    ["a tolerance below zero", { tolerance: -1 }, "`tolerance` to be a number of at least 0"],
    ["an empty tolerance", { tolerance: {} }, "`tolerance` to be a number or { abs, rel, ms, strings }"],
    ["a tolerance that is none", { tolerance: { "$.a": "x" } }, '`tolerance["$.a"]` to be an object'],
    ["an unordered rule without a path", { unordered: [{ by: "id" }] }, "`unordered[0].path` to be a path pattern"],
    [
      "a by that is no key",
      { unordered: [{ path: "$", by: 1 }] },
      "`unordered[0].by` to be a key of the elements or a function",
    ],
    ["an at that is a Map", { at: new Map([["$.a", () => 1]]) }, "`at` to be an object with keys, got a Map"],
    ["a by that is a path", { unordered: [{ path: "$", by: "user.id" }] }, "for what lies deeper, a function"],
    ["a share above all", { tolerance: { rel: 2 } }, "`tolerance.rel` to be a number from 0 to 1"],
    ["an at that is no function", { at: { "$.a": 1 } }, '`at["$.a"]` to be a function'],
    ["a limit that is none", { limits: { nodes: 0 } }, "`limits.nodes` to be a whole number"],
    ["a share of all", { tolerance: { rel: 1 } }, "any two numbers of one sign are the same"],
    ["a distance without end", { tolerance: Infinity }, "`tolerance` to be finite"],
    ["a time without end", { tolerance: { "**.at": { ms: Infinity } } }, "`ignore` it"],
    [
      "texts that are neither",
      { tolerance: { strings: false } },
      "`tolerance` to be a number or { abs, rel, ms, strings }",
    ],
    ["a tolerance that is a Map", { tolerance: new Map([["$.a", 1]]) }, "to be an object with keys, got a Map"],
    ["rules that are a Map", new Map([["ignore", ["$.a"]]]), "`rules` to be an object with keys, got a Map"],
    ["limits that are a Map", { limits: new Map([["nodes", 1]]) }, "`limits` to be an object with keys, got a Map"],
    ["a name of other letters", { ignore: ["$.größe"] }, 'At position 4: expected `.` or `[`; quote it: ["größe"]'],
    ["one that begins with such", { ignore: ["$.a.övrigt.b"] }, 'after the dot; quote it: ["övrigt"]'],
    ["one that begins with a digit", { ignore: ["$.2fa"] }, 'quote it: ["2fa"]'],
    ["a Map's key without quotes", { ignore: ["$[key a]"] }, 'quote it: "a"'],
    ["a symbol without quotes", { ignore: ["$[@@mark]"] }, "quote it"],
    ["an element of a Set", { ignore: ["$.tags[element 3]"] }, "Elements of a Set are told apart by no rule"],
    [
      "two rules without order for one path",
      { unordered: ["$.a", { path: "$.a", by: "id" }] },
      "the only rule for its path",
    ],
    ["a class twice", { classes: [[Date, Number], [Date, String]] }, "the only rule for its class"], // prettier-ignore
    ["an unknown limit", { limits: { node: 1 } }, "did you mean `limits.nodes`?"],
  ])("%s", (_, rules, message) => {
    const compile = (): unknown => compileRules(rules as CompareRules, "compare");
    expect(compile).toThrow(SidelaneError);
    expect(compile).toThrow(message);
  });
});
