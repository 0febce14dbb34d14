import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../src/compare/index.ts";

// As many as no call takes as its arguments.
const length = 150_000;
const limits = { timeMs: 60_000, nodes: 1e9 };
const rows = (sign: 1 | -1): object[] => Array.from({ length }, (_, at) => ({ at: sign * (at + 1) }));

describe("a list of 150 000 elements", () => {
  it("has two differences where two of those that repeat are new", () => {
    const control = Array.from({ length }, (_, at) => at % 7);
    const candidate = [3, ...control.slice(0, -1), 99];
    expect(compare(control, candidate, { limits })).toMatchObject({
      kind: "mismatch",
      differences: [
        { path: "$[0]", kind: "added", candidate: 3 },
        { path: `$[${length - 1}]`, kind: "value", candidate: 99 },
      ],
    });
  });

  it.each<readonly [name: string, rules: CompareRules]>([
    ["exact", {}],
    ["under a tolerance", { tolerance: 0.1 }],
  ])("and no order, in which nothing is the same, has as many, %s", (_, rules) => {
    const comparison = compare(rows(1), rows(-1), { unordered: ["$"], limits, ...rules });
    expect(comparison).toMatchObject({ kind: "mismatch", moreDifferences: 950 });
  });
});
