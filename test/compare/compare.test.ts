import { describe, expect, it } from "vitest";
import { compare } from "../../src/compare/index.ts";
import type { Comparison } from "../../src/compare/index.ts";

function listed(comparison: Comparison): readonly string[] {
  if (comparison.kind !== "mismatch") return [comparison.kind];
  return comparison.differences.map(({ path, kind }) => `${path} ${kind}`);
}

describe("compare", () => {
  it("matches equal data, and says where other data differs", () => {
    expect(compare({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toEqual({ kind: "match" });
    expect(compare({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toEqual({
      kind: "mismatch",
      differences: [{ path: "$.a[1].b", kind: "value", control: 2, candidate: 3 }],
      signature: expect.stringMatching(/^v2-/),
    });
  });

  it("signs all that differs alike in whatever order it comes, not only what is listed", () => {
    const keys = Array.from({ length: 60 }, (_, index) => `key_${index}`);
    const of = (names: readonly string[], value: number): object =>
      Object.fromEntries(names.map((key) => [key, value]));
    const one = compare(of(keys, 1), of(keys, 2));
    const other = compare(of(keys.toReversed(), 1), of(keys, 2));
    expect(one).toMatchObject({ moreDifferences: 10 });
    expect(other).toMatchObject({ signature: (one as { signature: string }).signature });
    const fewer = compare(of(keys.slice(1), 1), of(keys.slice(1), 2));
    expect(fewer).not.toMatchObject({ signature: (one as { signature: string }).signature });
  });

  it("reads a form by its entries alone, and not by what the platform keeps on it", () => {
    const form = (value: string): FormData => {
      const data = new FormData();
      data.set("name", value);
      return data;
    };
    expect(listed(compare(form("a"), form("b")))).toEqual(["$.name value"]);
    const mark = Symbol("mark");
    expect(listed(compare(Object.assign(form("a"), { [mark]: 1 }), form("a")))).toHaveLength(1);
  });

  it("tells a missing key from one that is undefined", () => {
    expect(listed(compare({ a: undefined }, {}))).toEqual(["$.a undefined"]);
    expect(listed(compare([undefined], new Array(1)))).toEqual(["$[0] undefined"]);
    expect(compare({ a: undefined }, {}, { undefinedIsMissing: true }).kind).toBe("match");
  });

  it("reads an inserted element as one difference", () => {
    const many = Array.from({ length: 100 }, (_, index) => index);
    expect(listed(compare(many, [-1, ...many]))).toEqual(["$[0] added"]);
    expect(listed(compare(many, [...many.slice(0, 40), "x", ...many.slice(40)] as unknown[]))).toEqual(["$[40] added"]);
    expect(listed(compare(many, many.slice(1)))).toEqual(["$[0] removed"]);
  });

  it("lists what decides before what is opaque, and counts the rest", () => {
    const service = (price: number): object => ({
      ...Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`run${n}`, () => n])),
      price,
    });
    const inTime = { limits: { timeMs: 60_000 } };
    const answer = compare(service(1), service(2), inTime);
    expect(answer).toMatchObject({ kind: "mismatch", moreDifferences: 11 });
    expect(listed(answer)).toContain("$.price value");
    const many = (value: number): number[] => new Array<number>(3_000).fill(value);
    expect(compare(many(1), many(2), inTime)).toMatchObject({ differences: { length: 50 }, moreDifferences: 950 });
  });

  it("aligns by an identifying key where elements have one", () => {
    const rows = (...ids: number[]): object[] => ids.map((id) => ({ id, name: `n${id}` }));
    const changed = [
      { id: 9, name: "n9" },
      { id: 1, name: "n1" },
      { id: 2, name: "other" },
      { id: 4, name: "n4" },
    ];
    expect(listed(compare(rows(1, 2, 3, 4), changed))).toEqual(["$[1].name value", "$[2] removed", "$[0] added"]);
    expect(listed(compare(rows(1, 2, 3), rows(3, 1, 2)))).toEqual(["$ order"]);
  });

  it("says that only the order differs", () => {
    expect(listed(compare({ tags: ["a", "b", "c"] }, { tags: ["c", "a", "b"] }))).toEqual(["$.tags order"]);
    expect(compare({ tags: ["a", "b", "c"] }, { tags: ["c", "a", "b"] }, { unordered: ["$.tags"] }).kind).toBe("match");
  });

  it("ignores, tolerates and normalizes where rules say so", () => {
    const control = { at: 1, items: [{ price: 1, etag: "x" }] };
    const candidate = { at: 2, items: [{ price: 1.001, etag: "y" }] };
    expect(
      compare(control, candidate, { ignore: ["$.at", "**.etag"], tolerance: { "$.items[*].price": 0.01 } }).kind,
    ).toBe("match");
    expect(listed(compare(control, candidate, { ignore: ["$.at"], tolerance: 0.01 }))).toEqual([
      "$.items[0].etag value",
    ]);
    expect(compare({ a: "X" }, { a: "x" }, { at: { "$.a": (value: string) => value.toLowerCase() } }).kind).toBe(
      "match",
    );
    expect(compare({ a: "X" }, { a: "x" }, { normalize: () => 1 }).kind).toBe("match");
  });

  it("is inconclusive when it cannot tell", () => {
    expect(compare({ run: () => 1 }, { run: () => 1 })).toMatchObject({
      kind: "inconclusive",
      reason: expect.stringContaining("$.run is opaque"),
    });
    expect(
      compare(
        { a: 1 },
        { a: 2 },
        {
          normalize: () => {
            throw new Error("no");
          },
        },
      ),
    ).toMatchObject({ kind: "inconclusive", reason: "`normalize` threw", error: new Error("no") });
  });
});
