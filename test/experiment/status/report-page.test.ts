import { describe, expect, it } from "vitest";
import { CandidateEvidence } from "../../../src/stats/candidate-evidence.ts";
import { gates } from "../../../src/stats/gates.ts";
import { reportPage, type ReportInput } from "../../../src/experiment/status/report-page.ts";
import { Tally } from "../../../src/stats/tally.ts";
import { sample } from "../../stats/sample.ts";

function input(units: number, more: Partial<ReportInput> = {}): ReportInput {
  const evidence = new CandidateEvidence({ gates: [gates.mismatches(0.01)] });
  const tally = new Tally();
  for (let unit = 0; unit < units; unit++) {
    const one = sample({ kind: unit === 7 ? "mismatch" : "match", controlMs: 10, candidateMs: 20, at: unit * 100 });
    evidence.record(one);
    tally.record(one);
  }
  return {
    experiment: "price",
    at: Date.UTC(2027, 1, 3),
    calls: 12_345,
    skips: { sample: 11_000, disabled: 0 },
    candidates: [{ name: "rules", tally, verdict: evidence.verdict("rules", {}) }],
    ...more,
  };
}

describe("the report", () => {
  it("is one page that says where the experiment stands", () => {
    const page = reportPage(
      input(1_000, {
        stage: { stage: "ramp", share: 0.25, epoch: 5 },
        groups: [{ count: 1, signature: "v2-abc", differences: [{ path: "$.total", kind: "value" }] }],
        faults: { publish: 2, clean: 0 },
        cost: { totalPathMs: 123.45 },
        about: { owner: "payments", untilAt: Date.UTC(2027, 0, 31) },
      }),
    );
    expect(page).toBe(`price · ramp at 25 % · owner payments · OVERDUE since 2027-01-31, by 3 d
calls        12 345
not compared 11 000 sample

rules: READY
  mismatch: at most 0.853 % with 99 % confidence after 1 000 units; 1 % tolerated.
  compared   1 000, 99.9 % match; 1 mismatch
  mismatches at most 0.853 %, with 99 % confidence
  errors     0 of the candidate alone, 0 of control
                    p50       p95       p99
  control         10 ms     10 ms     10 ms
  candidate     19.9 ms   19.9 ms   19.9 ms

kinds of mismatch
         1 × $.total value

faults       2 publish
cost         123 ms on the callers' path, 0.01 ms a call
`);
  });

  it("says what is missing, and does not take silence for success", () => {
    const page = reportPage(input(0, { calls: 0, skips: {} }));
    expect(page).toContain(
      "rules: INSUFFICIENT (no-traffic)\n  The candidate has not been compared once.\n  compared   0\n",
    );
    expect(page).not.toMatch(/NaN|match/);
  });

  it("says how long it will take at the present rate", () => {
    expect(reportPage(input(100))).toContain(
      "753 more units without a bad one needed, about 1.3 min at the present rate.",
    );
  });

  it("shows five kinds of mismatch and how many more there are", () => {
    const groups = Array.from({ length: 8 }, (_, index) => ({
      count: 8 - index,
      signature: `v2-${index}`,
      differences: [],
    }));
    expect(reportPage(input(1, { groups }))).toMatch(/ 8 × v2-0\n[^]*4 × v2-4\n +and 3 more\n/);
  });

  it("keeps its columns apart, however short the calls are", () => {
    const tally = new Tally();
    for (const controlMs of [0.000817, 0.00494, 0.0665, 123.4])
      tally.record(sample({ controlMs, candidateMs: 0.00218 }));
    const page = reportPage(input(1, { candidates: [{ ...input(1).candidates[0]!, tally }] }));
    expect(page).toMatch(/\n {2}control( +[\d.]+ ms){3}\n {2}candidate +0\.0022 ms +0\.0022 ms +0\.0022 ms\n/);
  });

  it("writes control characters of names as their codes", () => {
    expect(reportPage(input(1, { experiment: "a\u001b[31m\nb\u202e" }))).toMatch(/^a\\u001b\[31m\\nb⟨U\+202E⟩\n/);
  });
});
