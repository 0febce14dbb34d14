import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capture, type Captured } from "../../../src/compare/copy/capture.ts";
import { compareValues } from "../../../src/compare/compare.ts";
import { forgetAlike, longestAlike } from "../../../src/compare/kinds/alike-lists.ts";
import { surelyEqual } from "../../../src/compare/equality/surely-equal.ts";
import { noRules } from "../../../src/compare/rules/rules.ts";
import { cases } from "../../cases.ts";

function copyOf(value: unknown, beside?: Captured): Captured {
  const kept = capture(value, undefined, false, Infinity, beside);
  if (kept.kind !== "captured") throw new Error(kept.reason);
  return kept;
}

describe("a copy beside another", () => {
  const page = () => ({
    total: 2,
    rows: [
      { id: 1, tags: ["a"] },
      { id: 2, tags: ["b"] },
    ],
  });

  it("is the other one where all is the same", () => {
    const one = copyOf(page());
    expect(copyOf(page(), one).value).toBe(one.value);
  });

  it("shares what is the same, and only that", () => {
    const one = copyOf(page());
    const differs = page();
    differs.rows[1]!.id = 3;
    const { value } = copyOf(differs, one) as { value: ReturnType<typeof page> };
    const twin = one.value as ReturnType<typeof page>;
    expect(value).toEqual(differs);
    expect(value.rows[0]).toBe(twin.rows[0]);
    expect(value.rows[1]!.tags).toBe(twin.rows[1]!.tags);
    expect(value.rows[1]).not.toBe(twin.rows[1]);
    expect(twin).toEqual(page());
  });

  it("is detached from its original", () => {
    const original = page();
    const { value } = copyOf(original, copyOf({ ...page(), total: 3 }));
    original.rows[0]!.tags.push("late");
    original.rows.pop();
    expect(value).toEqual(page());
  });

  it.each<[string, () => unknown, () => unknown]>([
    ["another order of keys", () => ({ a: 1, b: 2 }), () => ({ b: 2, a: 1 })],
    ["a key more", () => ({ a: 1 }), () => ({ a: 1, b: undefined })],
    ["a key less", () => ({ a: 1, b: undefined }), () => ({ a: 1 })],
    ["a key that every object inherits", () => ({ a: {} }), () => ({ a: {}, constructor: {} })],
    ["`__proto__` as a key", () => ({ a: {} }), () => JSON.parse('{"a":{},"__proto__":{}}') as unknown],
    ["minus zero", () => [0], () => [-0]],
    ["a hole", () => [undefined, 1], () => [, 1]],
    ["no hole", () => [, 1], () => [undefined, 1]],
    ["a symbol", () => ({ a: 1 }), () => ({ a: 1, [Symbol.for("s")]: 1 })],
    ["no symbol", () => ({ a: 1, [Symbol.for("s")]: 1 }), () => ({ a: 1 })],
    ["another class", () => ({ a: 1 }), () => Object.create(null, { a: { value: 1, enumerable: true } }) as unknown],
    ["a date", () => ({ at: new Date(1) }), () => ({ at: new Date(2) })],
  ])("keeps %s", (_, one, other) => {
    const { value } = copyOf(other(), copyOf(one()));
    expect(isDeepStrictEqual(value, other())).toBe(true);
    expect(Reflect.ownKeys(value as object)).toEqual(Reflect.ownKeys(other() as object));
  });

  it("keeps parts that lead back to themselves", () => {
    const circle = (name: string): object => {
      const made: { name: string; self?: object } = { name };
      made.self = made;
      return made;
    };
    const one = copyOf(circle("a"));
    for (const name of ["a", "b"]) {
      const { value } = copyOf(circle(name), one) as { value: { name: string; self: unknown } };
      expect(value.name).toBe(name);
      expect(value.self).toBe(value);
    }
  });

  describe("after a look at both", () => {
    const rows = (count: number, last: unknown) => [...Array.from({ length: count }, (_, id) => ({ id })), last];

    it("shares the beginning of a list that was seen to be equal, and keeps what follows", () => {
      const [one, other] = [{ rows: rows(20, { at: 1 }) }, { rows: rows(20, { at: 2, [Symbol.for("s")]: { in: 1 } }) }];
      expect(surelyEqual(one, other)).toBe(false);
      const kept = copyOf(one);
      const { value } = copyOf(other, kept) as { value: typeof one };
      expect(value).toStrictEqual(other);
      expect(value.rows[20]).not.toBe(other.rows[20]);
      for (let row = 0; row < 20; row++) expect(value.rows[row]).toBe((kept.value as typeof one).rows[row]);
    });

    it("knows which list was seen beside which", () => {
      const list = rows(20, 1);
      const one = { first: rows(20, 2), second: list.map((_, id) => ({ id: -id })) };
      const other = { second: list, first: list };
      expect(surelyEqual(one, other)).toBe(false);
      expect(copyOf(other, copyOf(one)).value).toStrictEqual({ first: list, second: list });
    });

    it("finds symbols behind what was seen", () => {
      const one = rows(20, { [Symbol.for("s")]: { in: 1 } });
      expect(surelyEqual(one, rows(20, 1))).toBe(false);
      const { value, symbols } = copyOf(one) as { value: Record<symbol, unknown>[]; symbols: boolean };
      expect(symbols).toBe(true);
      expect(value[20]![Symbol.for("s")]).toStrictEqual({ in: 1 });
      expect(value[20]![Symbol.for("s")]).not.toBe((one[20] as Record<symbol, unknown>)[Symbol.for("s")]);
    });

    it("holds nothing on once the values are let go", () => {
      expect(surelyEqual(rows(20, 1), rows(20, 2))).toBe(false);
      expect(longestAlike()?.count).toBe(20);
      forgetAlike();
      expect(longestAlike()).toBeUndefined();
      expect(surelyEqual(rows(7, 1), rows(7, 2))).toBe(false);
      expect(longestAlike()).toBeUndefined();
    });
  });

  it("is not made for functions of the user's, which may change what they get", () => {
    const one = copyOf(page());
    const kept = capture(page(), undefined, true, Infinity, one) as Captured;
    expect(kept.value).toEqual(one.value);
    expect(kept.value).not.toBe(one.value);
  });

  it("holds no more than a copy of its own, and less where something is shared", () => {
    const rows = (last: number) => Array.from({ length: 100 }, (_, id) => ({ id, text: "x".repeat(50), last }));
    const one = copyOf([...rows(1), { id: 0 }]);
    expect(copyOf([...rows(1), { id: 1 }], one).bytes).toBeLessThan(one.bytes);
  });

  it("compares as a copy of its own does, whatever the two are", () => {
    const anything = fc.anything({ withDate: true, withMap: true, withSet: true, withSparseArray: true, withNullPrototype: true }); // prettier-ignore
    const alike = fc.tuple(anything, anything, anything).map(([a, b, c]) => [{ a, b: [b, c] }, { a, b: [b, a] }] as const); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(fc.tuple(anything, anything), alike), ([left, right]) => {
        const control = capture(left);
        const alone = capture(right);
        if (control.kind !== "captured" || alone.kind !== "captured") return;
        const { value } = copyOf(right, control);
        expect(value).toStrictEqual(alone.value);
        const compared = compareValues(control.value, value, noRules);
        expect(compared).toEqual(compareValues(control.value, alone.value, noRules));
      }),
      { numRuns: cases(300) },
    );
  });
});
