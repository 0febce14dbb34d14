import { describe, expect, it } from "vitest";
import { generalise } from "../../src/compare/signature.ts";
import { compileRules } from "../../src/compare/rules/rules.ts";
import { wilson } from "../../src/stats/interval.ts";
import { netMismatches, NoiseLedger, noiseRate } from "../../src/stats/noise.ts";

describe("Wilson's interval", () => {
  // Published: Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is %f to %f", (hits, n, low, high) => {
    expect(wilson(hits, n).low).toBeCloseTo(low, 4);
    expect(wilson(hits, n).high).toBeCloseTo(high, 4);
  });

  it("knows nothing from nothing, and refuses the impossible", () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(wilson(5, 5).high).toBe(1);
    expect(() => wilson(6, 5)).toThrow(RangeError);
    expect(() => wilson(-1, 5)).toThrow(RangeError);
    expect(() => wilson(NaN, 5)).toThrow(RangeError);
  });
});

describe("noise", () => {
  it.each([
    [0, 0, "undecided"],
    [0, 7, "undecided"],
    [0, 8, "real"],
    [50, 100, "noise"],
    [30, 100, "undecided"],
    [20, 100, "real"],
  ] as const)("control that differed in %i of %i re-runs is %s", (differed, reruns, verdict) => {
    expect(noiseRate("$.a", differed, reruns).verdict).toBe(verdict);
  });

  it("is told apart by path and by kind", () => {
    const ledger = new NoiseLedger();
    for (let run = 0; run < 40; run++) {
      ledger.record("v2-noise", ["$.at"], run % 2 ? ["$.at"] : []);
      ledger.record("v2-both", ["$.at", "$.price"], ["$.at"]);
    }
    expect(ledger.verdictOf("v2-noise")).toBe("noise");
    expect(ledger.verdictOf("v2-both")).toBe("real");
    expect(ledger.verdictOf("v2-unknown")).toBe("undecided");
    expect(ledger.paths().map(({ name, reruns, differed, verdict }) => [name, reruns, differed, verdict])).toEqual([
      ["$.at", 80, 60, "noise"],
      ["$.price", 40, 0, "real"],
    ]);
    expect(ledger.groups().map(({ name, rate }) => [name, rate])).toEqual([
      ["v2-noise", 0.5],
      ["v2-both", 0],
    ]);
    expect(ledger.proposals()).toEqual(["$.at"]);
  });

  it("at a whole is noise at its parts, and not at its namesakes", () => {
    const ledger = new NoiseLedger();
    ledger.record("a", ["$.a.b", "$.ab", "$.a[*]"], ["$.a"]);
    expect(ledger.paths().map(({ differed }) => differed)).toEqual([1, 0, 1]);
  });

  it("proposes patterns that a rule takes", () => {
    const ledger = new NoiseLedger();
    const paths = [
      "$.items[3].at",
      '$.users["1042"].seen',
      "$.tree.kids[0].kids[1].at",
      '$.headers["x-(id)+"]',
      "$.next.next",
    ];
    for (let run = 0; run < 20; run++) ledger.record("a", paths.map(generalise), paths.map(generalise));
    expect(ledger.proposals()).toEqual([
      '$.headers["x-(id)+"]',
      "$.items[*].at",
      "$.next.**",
      "$.tree.kids[*].**.at",
      "$.users.*.seen",
    ]);
    expect(() => compileRules({ ignore: ledger.proposals() }, "test")).not.toThrow();
  });

  it("is taken off the count of mismatches only where it is sure", () => {
    const groups = [
      { signature: "n", count: 5 },
      { signature: "r", count: 3 },
      { signature: "u", count: 2 },
    ];
    const verdicts = { n: "noise", r: "real", u: "undecided" } as const;
    expect(netMismatches(groups, (signature) => verdicts[signature as "n"])).toEqual({ raw: 10, net: 5 });
  });

  it("keeps a bounded ledger and counts what it did not keep", () => {
    const ledger = new NoiseLedger();
    for (let kind = 0; kind < 2_000; kind++) ledger.record(`s${kind}`, [], []);
    expect(ledger.groups()).toHaveLength(1_024);
    expect(ledger.dropped).toBe(976);
  });
});
