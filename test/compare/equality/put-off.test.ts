import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";
import { wholePath, type Base } from "../../../src/compare/equality/put-off.ts";

describe("the path of what lies below pairs that were put off", () => {
  const above: Base = { above: undefined, path: ["rows", 0] };
  const below: Base = { above, path: ["price", "net"] };

  it("is its own where none was put off", () => {
    expect(wholePath(undefined, ["id"])).toEqual(["id"]);
  });

  it("begins with those above it, the outermost first", () => {
    expect(wholePath(above, ["id"])).toEqual(["rows", 0, "id"]);
    expect(wholePath(below, ["cents", 1])).toEqual(["rows", 0, "price", "net", "cents", 1]);
    expect(wholePath(below, [])).toEqual(["rows", 0, "price", "net"]);
  });
});

describe("what lies deeper than a walk goes at once", () => {
  const levels = 450;
  const below = (end: unknown): unknown => {
    let value = end;
    for (let level = 0; level < levels; level++) value = { a: value };
    return value;
  };
  const path = ".a".repeat(levels);
  const listed = (control: unknown, candidate: unknown, rules: CompareRules = {}): readonly string[] => {
    const comparison = compare(control, candidate, { limits: { timeMs: Infinity, depth: 2_000 }, ...rules });
    return "differences" in comparison ?
        comparison.differences.map((each) => `${each.path} ${each.kind}`)
      : [comparison.kind];
  };

  it("is compared, and named by its whole path", () => {
    expect(listed(below(1), below(1))).toEqual(["match"]);
    expect(listed(below({ b: 1, c: [2] }), below({ b: 2, c: [3] }))).toEqual([
      `$${path}.b value`,
      `$${path}.c[0] value`,
    ]);
    expect(listed(below(below(1)), below(below(2)))).toEqual([`$${path}${path} value`]);
  });

  it("keeps nothing beside it from being compared", () => {
    const made = (end: number): object => ({ one: below(end), two: below(end), three: end });
    expect(listed(made(1), made(1))).toEqual(["match"]);
    expect(listed(made(1), made(2)).toSorted()).toEqual([`$.one${path} value`, "$.three value", `$.two${path} value`]);
  });

  it("decides which elements are the same ones", () => {
    const made = (ends: readonly number[]): unknown[] => ends.map(below);
    expect(listed(made([1, 2, 3]), made([3, 1, 2]), { unordered: ["$"], limits: { timeMs: Infinity } })).toEqual([
      "match",
    ]);
    expect(listed(made([1, 2]), made([2, 3]), { unordered: ["$"], limits: { timeMs: Infinity } })).toEqual([
      `$[0]${path} value`,
    ]);
  });
});
