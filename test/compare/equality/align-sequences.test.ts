import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, type CompareRules } from "../../../src/compare/index.ts";
import { listed, listedPairs } from "../listed.ts";

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

const rows = (...ids: number[]): object[] => ids.map((id) => ({ id, v: id }));
// A hole in the middle.
const holed = (): unknown[] => [1, , 3];

const byIdentity = listedPairs(
  ["rows less, more and changed", () => [rows(1, 2, 3, 4), [{ id: 9, v: 9 }, { id: 1, v: 1 }, { id: 2, v: 0 }, { id: 4, v: 4 }]], "$[1].v value, $[2] removed, $[0] added"], // prettier-ignore
  ["another order", () => [rows(1, 2, 3), rows(3, 1, 2)], "$ order"],
  ["another order, and a change", () => [rows(1, 2, 3), [{ id: 3, v: 9 }, { id: 1, v: 1 }, { id: 2, v: 2 }]], "$ order, $[2].v value"], // prettier-ignore
  ["an id that comes twice is none", () => [[{ id: 1, v: 1 }, { id: 1, v: 2 }, { id: 2, v: 3 }], [{ id: 1, v: 2 }, { id: 2, v: 3 }, { id: 1, v: 1 }]], "$ order"], // prettier-ignore
  ["other ids throughout", () => [rows(1, 2), rows(4, 5)], "$[0].id value, $[0].v value, $[1].id value, $[1].v value"],
  ["1 and its text are two ids", () => [[{ id: 1 }, { id: "1" }, { id: 2 }], [{ id: "1" }, { id: 1 }, { id: 2 }]], "$ order"], // prettier-ignore
  ["an id that is not looked at", () => [rows(1, 2), [{ id: 4, v: 1 }, { id: 5, v: 2 }]], "match", { ignore: ["$.*.id"] }], // prettier-ignore
  ["rows that are not looked at, one less", () => [rows(1, 2, 3), rows(1, 3)], "$[2] removed", { ignore: ["$.*"] }],
  ["one row without an id", () => [[{ id: 1 }, { n: 1 }], [{ n: 1 }, { id: 1 }]], "$ order"], // prettier-ignore
);

const bySubsequence = listedPairs(
  ["another order", () => [["a", "b", "c"], ["c", "a", "b"]], "$ order"], // prettier-ignore
  ["another order, one twice", () => [["a", "a", "b", "c"], ["a", "b", "a", "c"]], "$ order"], // prettier-ignore
  ["other ones twice", () => [["a", "a", "b"], ["a", "b", "b"]], "$[1] value"], // prettier-ignore
  ["one put in", () => [["a", "b", "c"], ["a", "x", "b", "c"]], "$[1] added"], // prettier-ignore
  ["two taken out", () => [["a", "b", "c", "d"], ["a", "d"]], "$[1] removed, $[2] removed"], // prettier-ignore
  ["two changed", () => [["a", "b", "c", "d"], ["a", "x", "y", "d"]], "$[1] value, $[2] value"], // prettier-ignore
  ["two changed, one put in", () => [["a", "b", "c", "d"], ["a", "x", "y", "z", "d"]], "$[1] value, $[2] value, $[3] added"], // prettier-ignore
  ["one changed, two taken out", () => [["a", "b", "c", "d", "e"], ["a", "x", "e"]], "$[1] value, $[2] removed, $[3] removed"], // prettier-ignore
  ["more at the end", () => [["a", "b"], ["a", "b", "c", "d"]], "$[2] added, $[3] added"], // prettier-ignore
  ["more at the start", () => [["c", "d"], ["a", "b", "c", "d"]], "$[0] added, $[1] added"], // prettier-ignore
  ["here and there", () => [["a", "b", "c", "d", "e", "f"], ["b", "x", "c", "e", "y", "f"]], "$[0] removed, $[1] added, $[3] removed, $[4] added"], // prettier-ignore
  ["one, and another", () => [["a"], ["b"]], "$[0] value"], // prettier-ignore
  ["lists in lists", () => [[[[["a"]]]], [[[["b"]]]]], "$[0][0][0][0] value"],
  ["one, and two", () => [["a"], ["b", "a"]], "$[0] added"], // prettier-ignore
  ["two, and another", () => [["a", "b"], ["c"]], "$[0] value, $[1] removed"], // prettier-ignore
  ["a rule for one position", () => [["a", "b", "c"], ["x", "a", "b", "c"]], "$[1] value, $[2] value, $ length", { ignore: ["$[0]"] }], // prettier-ignore
  ["the same, of one length", () => [["a", "b", "c"], ["x", "b", "d"]], "$[2] value", { ignore: ["$[0]"] }], // prettier-ignore
  ["near numbers", () => [[1, 2, 3], [1.01, 2.5, 3.01]], "$[1] value", { tolerance: 0.1 }], // prettier-ignore
);

const holes = listedPairs(
  ["a hole, and a value", () => [holed(), [1, 2, 3]], "$[1] added"],
  ["a value, and a hole", () => [[1, 2, 3], holed()], "$[1] removed"],
  ["a hole, and undefined", () => [holed(), [1, undefined, 3]], "$[1] undefined"],
  ["the same where that is nothing", () => [holed(), [1, undefined, 3]], "match", { undefinedIsMissing: true }],
  ["one that is not looked at", () => [holed(), [1, 5, 4]], "$[2] value", { ignore: ["$[1]"] }],
  ["elements that are not looked at, one more", () => [[1, 2], [1, 3, 4]], "$[2] added", { ignore: ["$.*"] }], // prettier-ignore
);

describe("two lists in order are listed", () => {
  it.each(byIdentity)("by an id: $about", ({ pair, expected, rules }) => {
    expect(listed(...pair(), rules)).toBe(expected);
  });

  it.each(["_id", "key", "uuid", "name"])("by `%s`, which is an id as well", (id) => {
    const changed = (key: string): string =>
      listed([{ [key]: "a", v: 1 }, { [key]: "b", v: 2 }], [{ [key]: "b", v: 3 }, { [key]: "c", v: 4 }]); // prettier-ignore
    expect(changed(id)).toBe("$[0] removed, $[1].v value, $[1] added");
    expect(changed("other")).toBe("$[0].other value, $[0].v value, $[1].other value, $[1].v value");
  });

  it.each(bySubsequence)("by what they share: $about", ({ pair, expected, rules }) => {
    expect(listed(...pair(), rules)).toBe(expected);
  });

  it.each(holes)("with holes: $about", ({ pair, expected, rules }) => {
    expect(listed(...pair(), rules)).toBe(expected);
  });

  it.each([...bySubsequence, ...holes].filter(({ rules }) => rules === undefined))(
    "as elements of a list without order: $about",
    ({ pair, expected }) => {
      const [control, candidate] = pair();
      const rest = { unordered: ["$"], limits: { timeMs: 10_000 } };
      expect(listed(["rest", control], [candidate, "rest"], rest)).toBe(expected.replaceAll("$", "$[1]"));
    },
  );
});
