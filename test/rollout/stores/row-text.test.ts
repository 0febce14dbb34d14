import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readReport } from "../../../src/rollout/fleet/read-evidence.ts";
import { packedTables, rowIn, rowText, unpackedTables } from "../../../src/rollout/stores/row-text.ts";
import { rowOf } from "../../../src/rollout/stores/shared.ts";
import type { Report, ReportedUnits } from "../../../src/rollout/stores/store.ts";

const count = fc.nat(1e9);
const name = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom("mismatch", "__proto__", "a b"));
const unkeyed = fc.record({ units: count, gates: fc.dictionary(name, fc.record({ units: count, bad: count })) });
const totals = fc.record(
  {
    ...{ comparisons: count, units: count, keys: count },
    gates: fc.dictionary(name, fc.record({ units: count, bad: count, calls: count, badCalls: count })),
    mergeable: fc.record({ unkeyed, windows: fc.constant([]) }),
  },
  { requiredKeys: ["comparisons", "units", "keys", "gates"] },
);
const withServed = fc
  .tuple(totals, fc.option(totals, { nil: undefined }))
  .map(([all, served]) => ({ ...all, ...(served && { served }) }));
const report = fc.record(
  {
    ...{ experiment: name, process: name, epoch: count, evidenceEpoch: count, at: count },
    candidates: fc.dictionary(name, withServed, { maxKeys: 3 }),
    units: fc.constant([]),
    version: fc.string(),
    leaves: fc.constant(true as const),
  },
  { requiredKeys: ["experiment", "process", "epoch", "evidenceEpoch", "at", "candidates", "units"] },
) as fc.Arbitrary<Report>;

const text = fc.string({ maxLength: 8 });
const table = fc.record(
  {
    ...{ window: fc.nat(), level: fc.nat(24), fingerprint: text, seen: text, served: fc.constant(true as const) },
    gates: fc.dictionary(name, fc.record({ bad: text, seen: text }, { requiredKeys: ["bad"] })),
  },
  { requiredKeys: ["window", "level", "fingerprint", "seen", "gates"] },
) as fc.Arbitrary<ReportedUnits>;

const throughText = (given: unknown): unknown => JSON.parse(JSON.stringify(given));

describe("a row as text", () => {
  it("is the report that it was made of, with the time at which it came", () => {
    fc.assert(
      fc.property(report, count, (given, at) => {
        expect(readReport(rowIn(`${at} ${rowText(given)}`))).toEqual(readReport(rowOf(given, at)));
      }),
    );
  });

  it("takes less than half of what it is with all names", () => {
    const gates = { mismatch: { units: 4_047, bad: 0, calls: 4_964, badCalls: 0 } };
    const mergeable = { unkeyed: { units: 0, gates: {} }, windows: [] };
    const candidate = { comparisons: 4_964, units: 4_927, keys: 4_789, gates, mergeable };
    const given: Report = {
      ...{ experiment: "price", process: "mx37u64u-ic4rf0lxs3", epoch: 1, evidenceEpoch: 1, at: 0, version: "v1" },
      ...{ candidates: { candidate }, units: [] },
    };
    expect(rowText(given).length).toBeLessThan(JSON.stringify(rowOf(given, 0)).length / 2);
  });

  it("that is none is no report either, whatever it is", () => {
    const odd = [null, 1, "x", [], {}, ["p"], ["p", 1, 1, null, { candidate: [1, 2, 3, null] }]];
    for (const given of odd) expect(readReport(rowIn(`5 ${JSON.stringify(given)}`))).toBeUndefined();
    expect(readReport(rowIn("5 no JSON"))).toBeUndefined();
    fc.assert(fc.property(fc.jsonValue(), (given) => void rowIn(`5 ${JSON.stringify(given)}`)));
    const poisoned = { process: "p", epoch: -1, evidenceEpoch: "?", candidates: { candidate: null } };
    expect(rowIn(`5 ${rowText(poisoned as unknown as Report)}`)).toEqual({ ...poisoned, at: 5 });
  });
});

describe("tables as text", () => {
  it("are the tables that they were made of", () => {
    fc.assert(
      fc.property(fc.array(table, { maxLength: 5 }), (tables) => {
        expect(unpackedTables(throughText(packedTables(tables)) as unknown[])).toEqual(tables);
      }),
    );
  });

  it("that are none stay so", () => {
    const odd = [{ window: "x" }, null, 7] as unknown as ReportedUnits[];
    expect(unpackedTables(throughText(packedTables(odd)) as unknown[])).toEqual(odd);
    fc.assert(fc.property(fc.array(fc.jsonValue()), (given) => void unpackedTables(given)));
  });
});
