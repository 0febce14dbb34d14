import { describe, expect, it } from "vitest";
import { bucketsHeld, readWritesStanding, type WritesStanding } from "../../src/model/writes-standing.ts";

const behind = { rows: 3, oldestMs: 40, dead: 1, blocked: 2, skipped: 0 };
const standing: WritesStanding = {
  ...{ at: 1_000, stage: "ramp", share: 0.5, lag: { control: behind, candidate: behind } },
  holders: [
    ["candidate", 31],
    ["moving", 1],
    ["control", 32],
  ],
  lastReconciliation: { at: 900, clean: false, keys: 10, findings: 2, inconclusive: 0, invariants: 1 },
};

const spoiled: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a list", [standing]],
  ["a stage that is none", { ...standing, stage: "s3cr3t" }],
  ["a share over 1", { ...standing, share: 1.5 }],
  ["a time that is text", { ...standing, at: "1000" }],
  ["no lag", { ...standing, lag: undefined }],
  ["a lag that is a list", { ...standing, lag: [behind] }],
  ["rows below 0", { ...standing, lag: { control: { ...behind, rows: -1 } } }],
  ["a count that is missing", { ...standing, lag: { control: { rows: 1 } } }],
  ["no holders", { ...standing, holders: undefined }],
  ["a holder that is none", { ...standing, holders: [["s3cr3t", 64]] }],
  ["a run that is no pair", { ...standing, holders: ["control"] }],
  ["more runs than buckets", { ...standing, holders: Array.from({ length: 65 }, () => ["control", 1]) }],
  ["a count that is no number", { ...standing, holders: [["control", Number.NaN]] }],
];

describe("bucketsHeld", () => {
  it("counts the buckets of each holder", () => {
    expect(bucketsHeld(standing.holders)).toEqual({ control: 32, candidate: 31, moving: 1, unknown: 0 });
  });
});

describe("readWritesStanding", () => {
  it("reads what was told, to the field", () => {
    expect(readWritesStanding(JSON.parse(JSON.stringify(standing)))).toEqual(standing);
    const never = { ...standing, lag: {}, lastReconciliation: undefined };
    expect(readWritesStanding(JSON.parse(JSON.stringify(never)))).toEqual(never);
  });

  it("passes on no field that it does not know", () => {
    const more = {
      ...{ ...standing, key: "s3cr3t", lag: { control: { ...behind, key: "s3cr3t" }, s3cr3t: behind } },
      holders: [["control", 64, "s3cr3t"]],
      lastReconciliation: { at: 900, clean: true, summary: "s3cr3t", keys: "s3cr3t" },
    };
    const read = readWritesStanding(more)!;
    expect(JSON.stringify(read)).not.toContain("s3cr3t");
    expect(read.lastReconciliation).toEqual({ at: 900, clean: true });
    expect(read.holders).toEqual([["control", 64]]);
  });

  it.each(spoiled)("takes %s for none", (_, given) => {
    expect(readWritesStanding(given)).toBeUndefined();
  });

  it.each([
    ["a time", { clean: true }],
    ["a word", { at: 900 }],
    ["an object", 900],
  ])("leaves out a reconciliation without %s", (_, lastReconciliation) => {
    expect(readWritesStanding({ ...standing, lastReconciliation })?.lastReconciliation).toBeUndefined();
  });
});
