import { describe, expect, it } from "vitest";
import { compare, type CompareRules, type Difference } from "../../../src/compare/index.ts";
import { table } from "../equality-table.ts";

/** Where a pair lies beside something that differs, so that nothing is settled by a quick look at the whole. */
interface Spot {
  readonly where: string;
  readonly rules?: CompareRules;
  /** One side, with the pair's part of it, and what is another one on each side. */
  readonly around: (part: unknown, other: number, isControl: boolean) => unknown;
  /** All differences where the pair is the same. */
  readonly others: readonly string[];
  /** Where instances do not count. */
  readonly isOfData?: boolean;
}

const spots: readonly Spot[] = [
  {
    where: "under a key",
    around: (part, other) => ({ first: other, part, last: other }),
    others: ["$.first value", "$.last value"],
  },
  {
    where: "in a list",
    around: (part, other) => [other, part, part, other],
    others: ["$[0] value", "$[3] value"],
  },
  {
    where: "in a list in a list",
    around: (part, other) => [[[part, other]]],
    others: ["$[0][0][1] value"],
  },
  {
    where: "as the value of a key in a Map",
    around: (part, other) =>
      new Map<string, unknown>([
        ["part", part],
        ["other", other],
      ]),
    others: ['$[key "other"] value'],
  },
  {
    where: "on an instance",
    around: (part, other) => new Held(part, other),
    others: ["$.other value"],
  },
  {
    where: "on an error",
    around: (part, other) => new Error("no", { cause: { part: { inner: part }, other } }),
    others: ["$.cause.other value"],
    isOfData: true,
  },
  {
    where: "in a list without order",
    rules: { unordered: ["$"] },
    around: (part, other, isControl) => (isControl ? [[part], { other }] : [{ other }, [part]]),
    others: ["$[1].other value"],
  },
  {
    where: "in a list without order, under a tolerance",
    rules: { unordered: ["$"], tolerance: 1e-12 },
    around: (part, other, isControl) => (isControl ? [[part], { other }] : [{ other }, [part]]),
    others: ["$[1].other value"],
  },
  {
    where: "beside what a rule is about",
    rules: { at: { "$.near": Math.trunc }, ignore: ["$.ignored"] },
    around: (part, other) => ({ part, near: other / 1e6, ignored: other, other }),
    others: ["$.other value"],
  },
];

class Held {
  part: unknown;
  other: number;
  constructor(part: unknown, other: number) {
    this.part = part;
    this.other = other;
  }
}

// Time is no part of what is claimed.
const limits = { timeMs: Infinity };
const groups = [...new Set(table.map((row) => row.group))];

describe.each(spots)("pairs of the table, $where", ({ rules, around, others, isOfData = false }) => {
  it.each(groups)("%s", (group) => {
    for (const { about, answer, pair } of table.filter((row) => row.group === group)) {
      if (isOfData && answer !== "equal") continue;
      for (const [one, other] of [
        [7_001, 7_002],
        [7_002, 7_001],
      ] as const) {
        const parts = one < other ? pair() : [...pair()].reverse();
        const [control, candidate] = [around(parts[0], one, true), around(parts[1], other, false)];
        const comparison = compare(control, candidate, { limits, ...rules });
        const all = "differences" in comparison ? comparison.differences : [];
        const own = all.filter(({ path, kind }) => !others.includes(`${path} ${kind}`));
        expect(all.length - own.length, about).toBe(others.length);
        if (answer === "equal") expect(own, about).toEqual([]);
        else if (answer === "different")
          expect(
            own.some(({ kind }) => kind !== "opaque"),
            about,
          ).toBe(true);
        else expect(own.filter(isUnsure), about).toHaveLength(Math.max(1, own.length));
      }
    }
  });
});

function isUnsure({ kind }: Difference): boolean {
  return kind === "opaque" || kind === "unreadable";
}

it("lists of each pair of the table what is written beside it", async () => {
  const lines = table.map(({ group, about, pair }) => {
    const [ours, theirs] = pair();
    const comparison = compare([ours], [theirs], { limits });
    const all = "differences" in comparison ? comparison.differences.map(({ path, kind }) => `${path} ${kind}`) : [];
    return `${group}: ${about}: ${comparison.kind}${all.map((each) => `\n  ${each}`).join("")}\n`;
  });
  await expect(lines.join("")).toMatchFileSnapshot("table-in-a-list.txt");
});
