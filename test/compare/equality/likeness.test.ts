import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare } from "../../../src/compare/compare.ts";

const kinds = [
  { kind: "card", limit: 1, network: "visa" },
  { kind: "bank", fee: 1, iban: "DE" },
  { kind: "cash", till: 1 },
  { kind: "voucher", code: 1, until: null },
];
const changed = [
  { ...kinds[0], limit: 2 },
  { ...kinds[1], fee: 2 },
  { ...kinds[2], till: 2 },
  { ...kinds[3], code: 2 },
];
// Time is no part of these claims.
const rules = { unordered: ["$"], limits: { timeMs: Infinity } };
const orders = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });

describe("elements without an equal", () => {
  it("read as the same kinds of mismatch, in whatever order they come", () => {
    const signatures = new Set<string>();
    fc.assert(
      fc.property(orders, orders, (ours, theirs) => {
        for (const [control, candidate] of [
          [ours.map((at) => kinds[at]), theirs.map((at) => changed[at])],
          [new Set(ours.map((at) => kinds[at])), new Set(theirs.map((at) => changed[at]))],
        ]) {
          const comparison = compare(control, candidate, rules);
          const differences = "differences" in comparison ? comparison.differences : [];
          expect(
            differences.map(({ path, kind }) => `${path.slice(path.lastIndexOf(".") + 1)} ${kind}`).sort(),
          ).toEqual(["code value", "fee value", "limit value", "till value"]);
          if (comparison.kind === "mismatch") signatures.add(comparison.signature);
        }
      }),
    );
    expect(signatures.size).toBe(1);
  });

  it("are added or removed where only one side has some that are like nothing", () => {
    const comparison = compare(kinds, [changed[2], changed[0]], rules);
    expect("differences" in comparison && comparison.differences.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "$[0].limit value",
      "$[2].till value",
      "$[1] removed",
      "$[3] removed",
    ]);
  });

  const listed = (control: unknown, candidate: unknown): string[] => {
    const comparison = compare(control, candidate, rules);
    return "differences" in comparison ?
        comparison.differences.map((each) => `${each.path} ${each.kind} ${JSON.stringify(each.candidate)}`)
      : [];
  };
  class Card {
    readonly limit: number;

    constructor(limit: number) {
      this.limit = limit;
    }
  }
  class Cash {
    readonly till: number;

    constructor(till: number) {
      this.till = till;
    }
  }

  it.each([
    ["are of the same type", [1, "a", true], [false, "b", 2], ["$[0] value 2", '$[1] value "b"', "$[2] value false"]],
    [
      "are of the same kind",
      [new Date(1), /a/, [1]],
      [[2], new Date(0), /b/],
      ['$[0] value "1970-01-01T00:00:00.000Z"', "$[1] value {}", "$[2][0] value 2"],
    ],
    [
      "are instances with the same keys",
      [new Card(1), new Cash(1)],
      [new Cash(2), new Card(2)],
      ["$[0].limit value 2", "$[1].till value 2"],
    ],
    [
      "have more values in common, though fewer keys",
      [{ id: 1, x: 1, y: 1 }],
      [
        { id: 9, x: 9, y: 9 },
        { id: 1, x: 1 },
      ],
      ["$[0].y removed undefined", '$[0] added {"id":9,"x":9,"y":9}'],
    ],
    [
      "have no keys beyond those in common",
      [{ a: 1, b: 2 }],
      [
        { a: 1, c: 1, d: 1, e: 1, f: 1, g: 1 },
        { a: 9, b: 9 },
      ],
      ["$[0].a value 9", "$[0].b value 9", '$[0] added {"a":1,"c":1,"d":1,"e":1,"f":1,"g":1}'],
    ],
    [
      "have a key in common, and not a value under another one",
      [{ a: 1, b: undefined }],
      [{ c: 1, d: 1 }, { a: 9 }],
      ["$[0].a value 9", "$[0].b undefined undefined", '$[0] added {"c":1,"d":1}'],
    ],
    [
      "come first, where several are as much alike",
      [{ k: 1 }, { k: 2 }, { k: 3 }],
      [{ k: 4 }, { k: 5 }, { k: 6 }],
      ["$[0].k value 4", "$[1].k value 5", "$[2].k value 6"],
    ],
  ])("stand beside those that %s", (_, control, candidate, differences) => {
    expect(listed(control, candidate)).toEqual(differences);
  });

  it("are listed as control has them, whichever are most alike", () => {
    const control = [
      { a: 1, b: 1 },
      { c: 1, d: 1, e: 1 },
    ];
    const candidate = [
      { c: 1, d: 1, e: 2 },
      { a: 2, b: 2 },
    ];
    expect(listed(control, candidate)).toEqual(["$[0].a value 2", "$[0].b value 2", "$[1].e value 2"]);
  });

  it("are paired as they come, of many", () => {
    const rows = (count: number, more: number): object[] =>
      Array.from({ length: count }, (_, at) => ({ [`only${at}`]: 1, changed: more }));
    const paths = (count: number): string[] =>
      listed(rows(count, 0), rows(count, 1).reverse()).map((each) => each.replace(/^\$\[\d+\]\./, ""));
    expect(new Set(paths(50))).toEqual(new Set(["changed value 1"]));
    expect(paths(51)).toContain("only0 removed undefined");
  });
});
