import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";

/** The length of the longest common subsequence, by the book. */
function longest(ours: readonly unknown[], theirs: readonly unknown[]): number {
  if (ours.length === 0 || theirs.length === 0) return 0;
  if (ours[0] === theirs[0]) return 1 + longest(ours.slice(1), theirs.slice(1));
  return Math.max(longest(ours.slice(1), theirs), longest(ours, theirs.slice(1)));
}

function told(control: unknown, candidate: unknown, rules: CompareRules = {}): string[] {
  const answer = compare(control, candidate, { limits: { timeMs: Infinity, differences: 1_000 }, ...rules });
  return answer.kind === "mismatch" ? answer.differences.map(({ path, kind }) => `${path} ${kind}`) : [answer.kind];
}

describe("two lists in order", () => {
  it("whose rows all differ are not tried each with each", () => {
    let looks = 0;
    const seen = (row: object): object => new Proxy(row, { ownKeys: (it) => (looks++, Reflect.ownKeys(it)) });
    const rows = (value: number): object[] => Array.from({ length: 60 }, () => seen({ value }));
    expect(told(rows(1), rows(2))).toHaveLength(60);
    expect(looks).toBeLessThan(60 * 2 * 10);
  });

  const elements = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 7 });

  it("keep as many elements as can be, whatever was inserted and removed", () => {
    fc.assert(
      fc.property(elements, elements, (control, candidate) => {
        const lines = told(control, candidate);
        const count = (kind: string): number => lines.filter((line) => line.endsWith(` ${kind}`)).length;
        const sorted = (list: readonly string[]): string => [...list].sort().join();
        if (control.join() === candidate.join()) expect(lines).toEqual(["match"]);
        else if (count("order") === 1) expect([lines.length, sorted(control)]).toEqual([1, sorted(candidate)]);
        else {
          const kept = longest(control, candidate);
          expect(count("removed") + count("value")).toBe(control.length - kept);
          expect(count("added") + count("value")).toBe(candidate.length - kept);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<readonly [control: readonly unknown[], candidate: readonly unknown[], lines: readonly string[]]>([
    [["a", "b", "c", "d"], ["a", "c", "d"], ["$[1] removed"]],
    [["a", "c", "d"], ["a", "b", "c", "d"], ["$[1] added"]],
    [
      ["a", "b", "c", "d"],
      ["x", "a", "b", "d"],
      ["$[0] added", "$[2] removed"],
    ],
    [["a", "b", "c"], ["c", "a", "b"], ["$ order"]],
    [["a", "a", "b"], ["b", "a", "b"], ["$[0] value"]],
    [["a"], ["b"], ["$[0] value"]],
    [["a"], ["b", "c"], ["$[0] value", "$[1] added"]],
    [[], ["a"], ["$[0] added"]],
  ])("%j and %j differ by %j", (control, candidate, lines) => {
    expect(told(control, candidate)).toEqual(lines);
  });

  it.each<
    readonly [name: string, control: readonly unknown[], candidate: readonly unknown[], lines: readonly string[]]
  >([
    [
      "by ids",
      [
        { id: 1, v: 1 },
        { id: 2, v: 1 },
        { id: 3, v: 1 },
      ],
      [
        { id: 1, v: 2 },
        { id: 3, v: 2 },
        { id: 4, v: 1 },
      ],
      ["$[0].v value", "$[1] removed", "$[2].v value", "$[2] added"],
    ],
    [
      "by names, where they have no ids",
      [
        { name: "a", v: 1 },
        { name: "b", v: 1 },
      ],
      [
        { name: "b", v: 2 },
        { name: "a", v: 2 },
      ],
      ["$ order", "$[0].v value", "$[1].v value"],
    ],
    [
      "not by ids that are all others",
      [
        { id: 1, v: 1 },
        { id: 2, v: 2 },
      ],
      [
        { id: 3, v: 1 },
        { id: 4, v: 2 },
      ],
      ["$[0].id value", "$[1].id value"],
    ],
  ])("are paired %s", (_, control, candidate, lines) => {
    expect(told(control, candidate)).toEqual(lines);
  });

  it("are not paired by ids of which two are the same", () => {
    const [control, candidate] = [
      [
        { id: 1, v: 1 },
        { id: 1, v: 2 },
      ],
      [
        { id: 1, v: 3 },
        { id: 1, v: 4 },
      ],
    ];
    expect(told(control, candidate)).toEqual(["$[0].v value", "$[1].v value"]);
  });

  it("are not paired by ids that a rule is about", () => {
    const [control, candidate] = [
      [
        { id: 1, v: 1 },
        { id: 2, v: 2 },
      ],
      [
        { id: 2, v: 1 },
        { id: 1, v: 3 },
      ],
    ];
    expect(told(control, candidate, { ignore: ["$[*].id"] })).toEqual(["$[1].v value"]);
    expect(told(control, candidate)).toEqual(["$ order", "$[0].v value", "$[1].v value"]);
  });

  it("are compared by their positions where a rule names one", () => {
    expect(told(["a", "b", "c"], ["x", "a", "b"], { ignore: ["$[0]"] })).toEqual(["$[1] value", "$[2] value"]);
    expect(told(["a", "b"], ["x", "b", "c"], { ignore: ["$[0]"] })).toEqual(["$ length"]);
  });
});
