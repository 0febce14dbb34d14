import { describe, expect, it } from "vitest";
import { readReport, readTotals, sumOfTotals, withoutTotals } from "../../../src/rollout/fleet/read-evidence.ts";

const gate = { units: 3, bad: 1, calls: 4, badCalls: 2 };
const totals = { comparisons: 5, units: 3, keys: 2, gates: { mismatch: gate } };
const unkeyed = { units: 2, gates: { mismatch: { units: 2, bad: 1 } } };
const full = { ...totals, mergeable: { unkeyed, windows: [] }, served: { ...totals, comparisons: 1 } };
const report = { process: "p", epoch: 2, evidenceEpoch: 1, at: 1_000, candidates: { v2: full } };
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const long = "n".repeat(1_001);

describe("a process's report", () => {
  it("is read, and nothing else in it", () => {
    expect(readReport({ ...report, more: 1 })).toEqual(report);
    expect(readReport({ ...report, version: "2.0", leaves: true })).toEqual({
      ...report,
      version: "2.0",
      leaves: true,
    });
    expect(readReport({ ...report, leaves: 1, writes: 1 })).toEqual(report);
    expect(readReport({ ...report, process: "n".repeat(1_000) })).toBeDefined();
  });

  it.each<unknown>([
    undefined,
    null,
    [],
    "text",
    { ...report, process: "" },
    { ...report, process: 1 },
    { ...report, process: long },
    { ...report, epoch: -1 },
    { ...report, evidenceEpoch: "1" },
    { ...report, at: NaN },
    { ...report, at: Infinity },
    { ...report, version: 2 },
    { ...report, candidates: undefined },
    { ...report, candidates: [] },
    { ...report, candidates: { v2: null } },
  ])("is none that is %o", (given) => {
    expect(readReport(given)).toBeUndefined();
  });
});

describe("totals", () => {
  const read = (given: unknown): unknown => readTotals({ v2: given });

  it("are read without windows, which are kept apart", () => {
    expect(read({ ...full, mergeable: { unkeyed, windows: [1] } })).toEqual({ v2: full });
    expect(read(totals)).toEqual({ v2: totals });
    // What is served has none in it.
    expect(read({ ...totals, served: { ...totals, served: totals } })).toBeUndefined();
  });

  it.each<unknown>([
    { ...totals, comparisons: -1 },
    { ...totals, units: "3" },
    { ...totals, keys: undefined },
    { ...totals, comparisons: 2 ** 53 },
    { ...totals, gates: undefined },
    { ...totals, gates: { mismatch: 1 } },
    ...Object.keys(gate).map((name) => ({ ...totals, gates: { mismatch: { ...gate, [name]: -1 } } })),
    { ...totals, gates: { [long]: gate } },
    { ...totals, gates: Object.fromEntries(names(101).map((name) => [name, gate])) },
    { ...totals, mergeable: 1 },
    { ...totals, mergeable: {} },
    { ...totals, mergeable: { unkeyed: { ...unkeyed, units: -1 } } },
    { ...totals, mergeable: { unkeyed: { units: 1, gates: { mismatch: { units: 1 } } } } },
    { ...totals, served: 1 },
    { ...totals, served: { ...totals, keys: -1 } },
  ])("are none that are %o", (given) => {
    expect(read(given)).toBeUndefined();
  });

  it("are of a hundred candidates and gates at most, with names of a thousand characters", () => {
    const of = (count: number): object => Object.fromEntries(names(count).map((name) => [name, gate]));
    expect(read({ ...totals, gates: of(100) })).toBeDefined();
    expect(read({ ...totals, gates: { ["n".repeat(1_000)]: gate } })).toBeDefined();
    const candidates = (count: number): Record<string, unknown> =>
      Object.fromEntries(names(count).map((name) => [name, totals]));
    expect(readTotals(candidates(100))).toBeDefined();
    expect(readTotals(candidates(101))).toBeUndefined();
    expect(readTotals({ ["n".repeat(1_000)]: totals })).toBeDefined();
    expect(readTotals({ [long]: totals })).toBeUndefined();
  });

  it("add up, but for keys, of which none can be told from another's", () => {
    const one = { ...full, keys: 7 };
    const other = { ...totals, gates: { mismatch: gate, own: { units: 1, bad: 0, calls: 1, badCalls: 0 } } };
    expect(sumOfTotals({ v2: one }, { v2: other, v3: totals })).toEqual({
      v2: {
        ...{ comparisons: 10, units: 6, keys: 7 },
        gates: {
          mismatch: { units: 6, bad: 2, calls: 8, badCalls: 4 },
          own: { units: 1, bad: 0, calls: 1, badCalls: 0 },
        },
        mergeable: { unkeyed, windows: [] },
        served: one.served,
      },
      v3: totals,
    });
    const twice = sumOfTotals({ v2: full }, { v2: full });
    expect(twice).toMatchObject({ v2: { mergeable: { unkeyed: { units: 4 } }, served: { comparisons: 2 } } });
    const nothing = { unkeyed: { units: 0, gates: {} }, windows: [] };
    expect(withoutTotals(twice, { v2: full, v9: full })).toEqual({
      v2: { ...full, served: { ...full.served, mergeable: nothing } },
    });
    expect(withoutTotals({ v2: full }, twice)).toMatchObject({ v2: { comparisons: 0, units: 0 } });
  });
});
