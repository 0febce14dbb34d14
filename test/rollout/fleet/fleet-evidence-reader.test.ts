import { describe, expect, it } from "vitest";
import { FleetEvidenceReader, type ReadEvidence } from "../../../src/rollout/fleet/fleet-evidence-reader.ts";
import { ProcessRun } from "../../../src/rollout/fleet/process-run.ts";
import type { Evidence, ProcessReport, ReportedUnits } from "../../../src/rollout/stores/store.ts";
import type { EvidenceTotals } from "../../../src/stats/evidence-totals.ts";
import { table } from "../../../src/testing/store-questions.ts";
import { standing } from "../../../src/testing/store-writes.ts";

const second = 1_000;
const minute = 60 * second;
const now = 100 * minute;

function totals(units: number): EvidenceTotals {
  const gate = { units, bad: 0, calls: units, badCalls: 0 };
  return { comparisons: units, units, keys: units, gates: { mismatch: gate } };
}

function row(process: string, more: Partial<ProcessReport> & { units?: number } = {}): ProcessReport {
  const { units = 10, ...own } = more;
  return { process, epoch: 3, evidenceEpoch: 2, version: "v2", at: now, candidates: { v2: totals(units) }, ...own };
}

function judging() {
  const faults: string[] = [];
  const run = new ProcessRun("judge");
  const reader = new FleetEvidenceReader(run, (error) => faults.push(String(error)));
  const read = (of: Partial<Evidence>, epoch = 2, version: string | null = "v2", candidate = "v2"): ReadEvidence =>
    reader.read({ now, reports: [], units: [], ...of }, epoch, version ?? undefined, candidate);
  return { faults, run, read };
}

/** What was folded, as the next judge gets it. */
const folded = (read: ReadEvidence, of = { all: undefined, served: undefined }): unknown =>
  JSON.parse(JSON.stringify(read.retired(of).kept));
const unitsOf = ({ others }: ReadEvidence, name = "v2"): number =>
  others.reduce((sum, { candidates }) => sum + (candidates[name]?.units ?? 0), 0);

describe("what a judge counts of all reports", () => {
  it("is that of other processes of this version and this evidence", () => {
    const { read, run } = judging();
    const found = read({
      reports: [
        row("one"),
        row("other", { units: 5 }),
        row(run.id, { units: 100 }),
        row("older", { evidenceEpoch: 1, units: 1_000 }),
        row("newer", { version: "v3", units: 1_000 }),
      ],
    });
    expect(unitsOf(found)).toBe(15);
    expect(found.isAlone).toBe(false);
    expect(found.silent).toEqual([]);
  });

  it("is nobody's where nobody else has seen anything, though others are there", () => {
    const { read, run } = judging();
    expect(read({ reports: [row(run.id)] }).isAlone).toBe(true);
    expect(read({ reports: [row("one", { candidates: {} })] }).isAlone).toBe(true);
    expect(read({ reports: [row("one", { candidates: {} }), row("other")] }).isAlone).toBe(false);
  });

  it("is of versions without a name, too", () => {
    const { read } = judging();
    const { version: _, ...unversioned } = row("one");
    const tables = [table(1, [5])];
    const found = read({ reports: [unversioned, row("two")], units: [{ units: tables }] }, 2, null, "candidate");
    expect(unitsOf(found)).toBe(10);
    expect(found.others.at(-1)!.candidates["v2"]!.mergeable!.windows).toEqual(tables);
    expect(found.retired({ all: undefined, served: undefined }).kept).not.toHaveProperty("version");
  });

  it("has the tables of this version, those of served calls apart", () => {
    const { read } = judging();
    const [all, served] = [table(1, [5]), { ...table(1, [6]), served: true as const }];
    const { others } = read({
      units: [
        { version: "v2", units: [all, served] },
        { version: "v3", units: [table(1, [7])] },
      ],
    });
    const { v2 } = others.at(-1)!.candidates;
    expect(v2).toMatchObject({ comparisons: 0, units: 0, mergeable: { unkeyed: { units: 0 }, windows: [all] } });
    expect(v2!.served!.mergeable!.windows).toEqual([served]);
    expect(v2!.mergeable).not.toHaveProperty("folded");
  });

  it("goes by the candidate's name that others know where this process knows none", () => {
    const { read } = judging();
    const found = read({ reports: [row("empty", { candidates: {} }), row("one")] }, 2, "v2", "candidate");
    expect(found.others.at(-1)!.candidates).toHaveProperty("v2");
    expect(read({ reports: [row("one")] }, 2, "v2", "mine").others.at(-1)!.candidates).toHaveProperty("mine");
    const kept = folded(judging().read({ reports: [row("gone", { at: 0 })] }));
    expect(read({ kept }, 2, "v2", "candidate").others.at(-1)!.candidates).toHaveProperty("v2");
  });

  it("is the same list while the same is read", () => {
    const { read } = judging();
    const [reports, more] = [[row("one")], row("other")];
    const units = [{ version: "v2", units: [table(1, [5])] }];
    const first = read({ reports, units });
    expect(read({ reports: [...reports], units: [...units], now: now + 1 }).others).toBe(first.others);
    expect(read({ reports: [...reports, more], units }).others).not.toBe(first.others);
    const again = read({ reports, units });
    expect(read({ reports, units: [{ version: "v2", units: [table(1, [5])] }] }).others).not.toBe(again.others);
    expect(read({ reports, units }, 3).others).not.toBe(read({ reports, units }).others);
  });
});

describe("what a judge says of all processes", () => {
  it("is that a process is behind which was heard of within a minute in another epoch and has not left", () => {
    const isBehind = (more: Partial<ProcessReport>): boolean =>
      judging()
        .read({ reports: [row("one", more)] })
        .isBehind(3);
    expect(isBehind({})).toBe(false);
    expect(isBehind({ epoch: 2 })).toBe(true);
    expect(isBehind({ epoch: 2, at: now - minute })).toBe(true);
    expect(isBehind({ epoch: 2, at: now - minute - 1 })).toBe(false);
    expect(isBehind({ epoch: 2, leaves: true })).toBe(false);
    expect(isBehind({ epoch: 2, version: "v3" })).toBe(true);
  });

  it("is how parallel writes stand as they were read last", () => {
    const writes = (...ats: readonly (number | undefined)[]) =>
      judging().read({
        reports: ats.map((at, index) => row(`p${index}`, at === undefined ? {} : { writes: standing(at) })),
      }).writes?.at;
    expect(writes(undefined)).toBeUndefined();
    expect(writes(5, undefined, 9, 7)).toBe(9);
  });

  it("tells of what is no report once, by its process", () => {
    const { read, faults } = judging();
    const long = "x".repeat(300);
    const reports = [{ process: long } as never, null as never, row("one")];
    for (let look = 0; look < 3; look++) expect(unitsOf(read({ reports }))).toBe(10);
    expect(faults).toEqual([
      `Error: A report of process "${long.slice(0, 100)}" is none: it is left out of the evidence`,
      'Error: A report of process "undefined" is none: it is left out of the evidence',
    ]);
  });

  it("tells of a table that cannot be read once, and leaves it out", () => {
    const { read, faults } = judging();
    const right = table(1, [5]);
    const wrong: readonly unknown[] = [
      { ...right, seen: "?" },
      { ...right, gates: { ...right.gates, error: { bad: "?" } } },
      { ...right, gates: { mismatch: { bad: "", seen: "?" } } },
      { window: 1 },
      null,
    ];
    for (let look = 0; look < 2; look++)
      for (const each of wrong) {
        const { others } = read({ units: [{ version: "v2", units: [each as ReportedUnits, right] }] });
        expect(others.at(-1)!.candidates["v2"]!.mergeable!.windows).toEqual([right]);
      }
    expect(faults).toEqual(["Error: A table of units cannot be read: it is left out of the evidence"]);
  });

  it("stops telling of more after a thousand", () => {
    const { read, faults } = judging();
    read({ reports: Array.from({ length: 1_500 }, (_, index) => ({ process: `p${index}` }) as never) });
    expect(faults).toHaveLength(1_000);
  });

  it("tells of two that run at once under one name, and not of one that was started again", () => {
    const { read, faults } = judging();
    const [one, other] = [new ProcessRun("pod").id, new ProcessRun("pod").id];
    const at = (first: number, second?: number): readonly ProcessReport[] => [
      row(one, { at: first }),
      ...(second === undefined ? [] : [row(other, { at: second })]),
      row("unnamed", { at: first }),
    ];
    read({ reports: at(1) });
    read({ reports: at(1, 2) });
    read({ reports: at(1, 3) });
    expect(faults).toEqual([]);
    read({ reports: at(4, 5) });
    read({ reports: at(6, 7) });
    expect(faults).toEqual([expect.stringMatching(/run at once have the name "pod": they are counted as two/)]);
  });
});

describe("what a judge folds", () => {
  it("are processes that have ended for a minute, or were silent for ten", () => {
    const { read } = judging();
    const silent = (more: Partial<ProcessReport>): number => read({ reports: [row("one", more)] }).silent.length;
    expect(silent({ at: now - 10 * minute })).toBe(0);
    expect(silent({ at: now - 10 * minute - 1 })).toBe(1);
    expect(silent({ at: now - minute, leaves: true })).toBe(0);
    expect(silent({ at: now - minute - 1, leaves: true })).toBe(1);
  });

  it("stays counted once they are gone, of this evidence alone", () => {
    const reports = [
      row("ended", { at: 0, leaves: true, units: 1 }),
      row("silent", { at: 0, units: 2 }),
      row("live", { units: 4 }),
      row("older", { at: 0, evidenceEpoch: 1, units: 100 }),
    ];
    const first = judging().read({ reports });
    expect(first.retired({ all: undefined, served: undefined }).processes).toEqual(["ended", "silent", "older"]);
    const kept = folded(first);
    expect(kept).toMatchObject({ evidenceEpoch: 2, version: "v2", candidates: { v2: { units: 3 } }, folded: {} });
    expect(Object.keys((kept as { gone: object }).gone)).toEqual(["silent"]);
    const next = judging().read({ reports: [row("live", { units: 4 })], kept });
    expect(unitsOf(next)).toBe(7);
    expect(judging().read({ kept }).isAlone).toBe(false);
    // Other evidence, or another version: nothing of it counts, and that is no fault.
    for (const [epoch, version] of [
      [3, "v2"],
      [2, "v3"],
    ] as const) {
      const { read, faults } = judging();
      expect(unitsOf(read({ kept }, epoch, version))).toBe(0);
      expect(faults).toEqual([]);
    }
  });

  it("is not counted twice where a process comes back, and is remembered for an hour", () => {
    const kept = folded(judging().read({ reports: [row("a", { at: 0, units: 2 }), row("b", { at: 0, units: 3 })] }));
    const back = judging().read({ reports: [row("a", { units: 20 })], kept });
    expect(unitsOf(back)).toBe(23);
    expect(Object.keys((folded(back) as { gone: object }).gone)).toEqual(["b"]);
    const later = (ms: number): string[] =>
      Object.keys((folded(judging().read({ kept, now: now + ms })) as { gone: object }).gone);
    expect(later(60 * minute - 1)).toEqual(["a", "b"]);
    expect(later(60 * minute)).toEqual([]);
  });

  it("is what all have come to in windows that are over, up to the earlier of both", () => {
    const sums = (through: number, units: number) => ({ through, units, gates: { mismatch: { units, bad: 0 } } });
    const read = judging().read({});
    const through = (all?: number, served?: number): number | undefined =>
      read.retired({
        all: all === undefined ? undefined : sums(all, 9),
        served: served === undefined ? undefined : sums(served, 4),
      }).through;
    expect([through(), through(5), through(undefined, 6), through(5, 6), through(8, 7)]).toEqual([
      undefined,
      5,
      6,
      5,
      7,
    ]);
    const kept = JSON.parse(JSON.stringify(read.retired({ all: sums(5, 9), served: sums(6, 4) }).kept)) as object;
    expect(kept).toMatchObject({ folded: { all: { through: 5, units: 9 }, served: { through: 6, units: 4 } } });
    const { v2 } = judging().read({ kept }).others.at(-1)!.candidates;
    expect(v2!.mergeable!.folded).toMatchObject({ through: 5, units: 9 });
    expect(v2!.served!.mergeable!.folded).toMatchObject({ through: 6, units: 4 });
  });

  it.each([
    ["no candidates", { candidates: 5 }],
    ["totals that are none", { candidates: { v2: { units: "many" } } }],
    ["no processes", { gone: 5 }],
    ["a process without its time", { gone: { a: { candidates: {} } } }],
    ["a process without candidates", { gone: { a: { at: 5 } } }],
    ["sums that are none", { folded: { all: { through: "5" } } }],
    ["served sums that are none", { folded: { served: 5 } }],
  ])("is left out as a whole, and told once, where it has %s", (_, wrong) => {
    const { read, faults } = judging();
    const right = folded(judging().read({ reports: [row("gone", { at: 0 })] })) as object;
    for (let look = 0; look < 2; look++) expect(unitsOf(read({ kept: { ...right, ...wrong } }))).toBe(0);
    expect(faults).toEqual(["Error: What judges folded cannot be read: it is left out of the evidence"]);
  });

  it("remembers no more than 5 000 that were silent, the latest", () => {
    const reports = Array.from({ length: 5_001 }, (_, index) => row(`p${index}`, { at: 0, units: 1 }));
    const { gone } = folded(judging().read({ reports })) as { gone: object };
    expect([Object.keys(gone).length, Object.keys(gone)[0]]).toEqual([5_000, "p1"]);
  });
});
