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
});
