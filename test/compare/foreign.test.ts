import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../src/compare/index.ts";
import { surelyEqual } from "../../src/compare/equality/surely-equal.ts";
import { table } from "./equality-table.ts";
import { hostile } from "./hostile.ts";

const rules: readonly (CompareRules | undefined)[] = [
  undefined,
  { unordered: ["**"], ignore: ["$.nothing"] },
  { tolerance: 0.1, ignorePrototype: true, undefinedIsMissing: true },
];

describe("foreign values", () => {
  it.each(hostile)("$about never throws and never matches what it is not", ({ make }) => {
    for (const given of rules) {
      for (const wrap of [
        (value: unknown) => value,
        (value: unknown) => [value, value],
        (value: unknown) => new Set([value]),
        (value: unknown) => new Map([[value, value]]),
      ]) {
        expect(["match", "mismatch", "inconclusive"]).toContain(compare(wrap(make()), wrap(make()), given).kind);
        expect(compare(wrap(make()), wrap({ other: 1 }), given).kind).not.toBe("match");
        expect(compare(wrap({ other: 1 }), wrap(make()), given).kind).not.toBe("match");
      }
    }
  });

  it.each(rules.map((given) => ({ given })))("runs an own getter at most twice a side under $given", ({ given }) => {
    const runs = { control: 0, candidate: 0 };
    const watched = (side: "control" | "candidate", value: unknown): object => ({
      name: "x",
      get made() {
        runs[side]++;
        return value;
      },
    });
    const element = (side: "control" | "candidate", value: unknown, length: number): unknown[] =>
      Object.defineProperty(
        Array.from({ length }, (_, index) => index),
        1,
        { enumerable: true, get: () => (watched(side, value) as { made: unknown }).made },
      );
    const pairs = [
      (value: unknown) => [element("control", 1, 3), element("candidate", value, 3)],
      (value: unknown) => [element("control", 1, 30), element("candidate", value, 31)],
      (value: unknown) => [
        [element("control", 1, 3), [], 2],
        [0, element("candidate", value, 3), 3],
      ],
      (value: unknown) => [{ a: [[element("control", 1, 20)]] }, { a: [[element("candidate", value, 20)], 5] }],
      (value: unknown) => [new Set([[], element("control", 1, 20)]), new Set([element("candidate", value, 20), []])],
      (value: unknown) => [watched("control", 1), watched("candidate", value)],
      (value: unknown) => [
        [0, watched("control", 1), 2, 3],
        [watched("candidate", value), 5, 6, 7],
      ],
      (value: unknown) => [new Set([{}, watched("control", 1)]), new Set([watched("candidate", value), {}])],
      (value: unknown) => [new Map([[watched("control", 1), 1]]), new Map([[watched("candidate", value), 2]])],
      (value: unknown) => [
        { a: [watched("control", 1)], b: 1 },
        { a: [watched("candidate", value)], b: 2 },
      ],
    ];
    for (const pair of pairs) {
      for (const value of [1, 2]) {
        runs.control = runs.candidate = 0;
        const [control, candidate] = pair(value);
        compare(control, candidate, given);
        expect(runs.control).toBeLessThanOrEqual(2);
        expect(runs.candidate).toBeLessThanOrEqual(2);
        expect(runs.control + runs.candidate).toBeGreaterThan(0);
      }
    }
  });

  it("changes nothing: frozen values all the way down compare as ever", () => {
    for (const { pair, answer, about } of table) {
      const [control, candidate] = pair();
      frozen(control);
      frozen(candidate);
      const expected = { equal: "match", different: "mismatch", "cannot tell": "inconclusive" }[answer];
      expect(compare(control, candidate).kind, about).toBe(expected);
      expect(compare(control, candidate, { unordered: ["$.none"] }).kind, about).toBe(expected);
    }
  });

  it("leaves a body unread", async () => {
    const control = new Response("a");
    compare({ control }, { control: new Response("a") });
    expect(control.bodyUsed).toBe(false);
    await expect(control.text()).resolves.toBe("a");
  });

  it("leaves iterators where they are", () => {
    const control = [1, 2].values();
    compare(control, [1, 2].values());
    expect([...control]).toEqual([1, 2]);
  });

  it("survives a prototype with enumerable keys", () => {
    Object.defineProperty(Object.prototype, "polluted", { value: 1, enumerable: true, configurable: true });
    const kinds: string[] = [];
    try {
      kinds.push(compare({ a: 1 }, { a: 1 }).kind, compare({ a: 1 }, { a: 2 }).kind);
    } finally {
      Reflect.deleteProperty(Object.prototype, "polluted");
    }
    expect(kinds).toEqual(["match", "mismatch"]);
  });

  it("is not fooled by replaced methods", () => {
    const lying = (entries: [string, number][]): Map<string, number> =>
      Object.defineProperties(new Map(entries), {
        get: { value: () => 0 },
        has: { value: () => true },
        size: { value: 0 },
      });
    expect(surelyEqual(lying([["a", 1]]), lying([["a", 2]]))).toBe(false);
    expect(compare(lying([["a", 1]]), lying([["a", 2]])).kind).toBe("mismatch");
  });
});

function frozen(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== "object" || value === null || seen.has(value) || ArrayBuffer.isView(value)) return;
  seen.add(value);
  try {
    // Not behind symbols: platform objects keep the state there that they go on writing.
    for (const key of Object.getOwnPropertyNames(value))
      frozen(Object.getOwnPropertyDescriptor(value, key)?.value, seen);
    Object.freeze(value);
  } catch {
    // Hostile ones refuse.
  }
}
