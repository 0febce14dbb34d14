import { PGlite } from "@electric-sql/pglite";
import fc from "fast-check";
import initSqlite from "sql.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Result } from "../../src/model/result.ts";
import {
  migrations,
  sqlPublisher,
  type DialectName,
  type SqlPublisherOptions,
} from "../../src/publishers/sql/index.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { summary } from "../../src/report/index.ts";
import type { LineRecord } from "../../src/records/record.ts";
import { Laboratory } from "../../src/index.ts";
import type { TallyRecord } from "../../src/model/tally-record.ts";
import type { Fault } from "../../src/model/fault.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

interface Database {
  run(sql: string, parameters?: string[]): Promise<unknown>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

const databases: Readonly<Record<DialectName, () => Promise<Database>>> = {
  async sqlite() {
    const db = new (await initSqlite()).Database();
    return {
      run: async (sql, parameters) => db.run(sql, parameters),
      async rows(sql) {
        const [table] = db.exec(sql);
        return (table?.values ?? []).map((row) =>
          Object.fromEntries(table!.columns.map((column, index) => [column, row[index]])),
        );
      },
      close: async () => db.close(),
    };
  },
  async postgresql() {
    const db = await PGlite.create();
    return {
      run: (sql, parameters) => db.query(sql, parameters),
      rows: async (sql) => (await db.query<Record<string, unknown>>(sql)).rows,
      close: () => db.close(),
    };
  },
};

const tables = ["results", "groups", "tallies", "skips", "counts", "verdicts", "minutes", "events"];

describe.each(Object.keys(databases) as DialectName[])("sqlPublisher on %s", (dialect) => {
  let db: Database;

  async function migrate(prefix?: string): Promise<void> {
    for (const { statements } of migrations(dialect, prefix))
      for (const statement of statements) await db.run(statement);
  }

  it("stores names of any length beside others, and keeps them apart", async () => {
    const long = (end: string): Result => {
      const name = "ü".repeat(5_000) + end;
      return aResult({ experiment: name, kind: "mismatch", candidates: [{ name: `😀${name}` }] });
    };
    await open().publishBatch!([aResult(), long("a"), long("b"), aResult()]);
    expect(await db.rows(`SELECT DISTINCT experiment FROM sidelane_results`)).toHaveLength(3);
    const [{ count } = {}] = await db.rows(`SELECT count(*) AS count FROM sidelane_results`);
    expect(Number(count)).toBe(4);
  });

  it("loses what the database cannot take alone, and says so", async () => {
    const faults: Fault[] = [];
    const stored: string[] = [];
    const publisher = open({
      execute(_, [rows]) {
        if (rows!.includes("poison")) throw Object.assign(new Error("no such encoding"), { code: "22021" });
        stored.push(...(JSON.parse(rows!) as { experiment: string }[]).map(({ experiment }) => experiment));
      },
    });
    publisher.attach!({ onFault: (fault) => void faults.push(fault) });
    const results = Array.from({ length: 50 }, (_, index) =>
      aResult({ experiment: index === 17 ? "poison" : `e${index}` }),
    );
    await publisher.publishBatch!(results);
    await publisher.close!();
    expect(stored).toHaveLength(49);
    expect(faults).toHaveLength(1);
  });

  it.each([
    ["that a client wraps", () => new Error("query failed", { cause: Object.assign(new Error(), { code: "22P05" }) })],
    ["of node:sqlite", () => Object.assign(new Error("no"), { code: "ERR_SQLITE_ERROR", errcode: 2_067 })],
  ])("knows a refusal %s, also of what the process is", async (_, refusal) => {
    const faults: Fault[] = [];
    const stored: string[] = [];
    const publisher = open({
      execute(_sql, [rows]) {
        if (rows!.includes("poison")) throw refusal();
        stored.push(...(JSON.parse(rows!) as { experiment?: string }[]).map(({ experiment = "none" }) => experiment));
      },
    });
    const lab = new Laboratory({ publishers: [publisher], onFault: (fault) => faults.push(fault) });
    for (const name of ["poison", "price"]) lab.experiment(name, { control: () => 1, candidate: () => 2 })();
    await lab.settled();
    await lab.flush();
    expect(stored).toEqual(["price"]);
    await lab.close();
    expect(faults.filter(({ operation }) => operation === "publish").length).toBeGreaterThanOrEqual(2);
  });

  const open = (options: Partial<SqlPublisherOptions> = {}) =>
    sqlPublisher({ dialect, execute: (sql, parameters) => db.run(sql, parameters), ...options });

  beforeAll(async () => {
    db = await databases[dialect]();
    await migrate();
  }, 60_000);
  beforeEach(async () => {
    for (const table of tables) await db.run(`DELETE FROM sidelane_${table}`);
  });
  afterAll(() => db.close());

  it("writes a row a candidate, its group, and its tally", async () => {
    const result = aResult({
      startedAt: 1_000,
      candidates: [{ name: "rules" }, { name: "sql", comparison: { kind: "match" } }],
    });
    const { signature } = result.candidates[0].comparison as { signature: string };
    await open().publish(result);
    const rows = await db.rows("SELECT * FROM sidelane_results ORDER BY candidate");
    expect(rows.map((row) => ({ ...row, detail: undefined }))).toEqual([
      {
        result_id: result.id,
        candidate: "rules",
        experiment: "find-user",
        started_at_ms: 1_000,
        kind: "mismatch",
        signature,
        served: "control",
        stage: null,
        control_outcome: "returned",
        control_ms: 12,
        candidate_outcome: "returned",
        candidate_ms: 8,
        process: "test",
        weight: 1,
      },
      expect.objectContaining({ candidate: "sql", kind: "match", signature: null }),
    ]);
    expect(await db.rows("SELECT * FROM sidelane_groups")).toEqual([
      {
        experiment: "find-user",
        candidate: "rules",
        signature,
        mismatches: 1,
        first_at_ms: 1_000,
        last_at_ms: 1_000,
        example_id: result.id,
      },
    ]);
    expect(await db.rows("SELECT * FROM sidelane_tallies ORDER BY candidate")).toEqual([
      {
        experiment: "find-user",
        candidate: "rules",
        kind: "mismatch",
        results: 1,
        control_ms_sum: 12,
        candidate_ms_sum: 8,
        first_at_ms: 1_000,
        last_at_ms: 1_000,
      },
      expect.objectContaining({ candidate: "sql", kind: "match", results: 1 }),
    ]);
  });

  it("counts a result once, however often it is written, within a batch or after it", async () => {
    const results = [aResult({ startedAt: 5 }), aResult({ startedAt: 9 }), aResult({ startedAt: 7 })];
    const publisher = open();
    expect(publisher.idempotent).toBe(true);
    await publisher.publishBatch!([...results, results[0]!]);
    await publisher.publishBatch!(results);
    await publisher.publish(results[1]!);
    const counts = "SELECT mismatches AS count, first_at_ms, last_at_ms, example_id FROM sidelane_groups";
    expect(await db.rows(counts)).toEqual([{ count: 3, first_at_ms: 5, last_at_ms: 9, example_id: results[0]!.id }]);
    expect(await db.rows("SELECT results, control_ms_sum FROM sidelane_tallies")).toEqual([
      { results: 3, control_ms_sum: 36 },
    ]);
    expect(await db.rows("SELECT count(*) AS n FROM sidelane_results")).toEqual([{ n: 3 }]);
  });

  it("keeps the same counts as adding up by hand, however results come in batches", async () => {
    const kinds = ["match", "mismatch", "ignored", "inconclusive", "timed-out"] as const;
    const made = fc.record({ kind: fc.constantFrom(...kinds), experiment: fc.constantFrom("a", "b") });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(made, { maxLength: 6 }), { maxLength: 5 }), async (batches) => {
        for (const table of tables) await db.run(`DELETE FROM sidelane_${table}`);
        const results: Result[][] = batches.map((batch) => batch.map((parts) => aResult(parts)));
        const publisher = open();
        for (const batch of results) {
          await publisher.publishBatch!(batch);
          await publisher.publishBatch!(batch);
        }
        const expected: Record<string, number> = {};
        for (const { experiment, kind } of results.flat()) {
          expected[`${experiment} ${kind}`] = (expected[`${experiment} ${kind}`] ?? 0) + 1;
        }
        const rows = await db.rows("SELECT experiment, kind, results FROM sidelane_tallies");
        expect(
          Object.fromEntries(rows.map(({ experiment, kind, results }) => [`${experiment} ${kind}`, results])),
        ).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it("carries paths and types in `detail`, and values only when they are shown", async () => {
    await open().publish(aResult());
    const read = async (): Promise<string> => {
      const [row] = await db.rows("SELECT detail FROM sidelane_results");
      return typeof row!["detail"] === "string" ? row!["detail"] : JSON.stringify(row!["detail"]);
    };
    expect(JSON.parse(await read())).toMatchObject({
      control: { outcome: { kind: "returned" } },
      candidate: { comparison: { differences: [{ path: "$.total", kind: "value" }] } },
    });
    expect(await read()).not.toContain("Ada");
    await db.run("DELETE FROM sidelane_results");
    await open({ values: "shown" }).publish(aResult({ context: { cart: "c-1" } }));
    expect(await read()).toContain("Ada");
    expect(await read()).toContain("c-1");
  });

  it("stores quotes, NUL and half characters without a refusal", async () => {
    const experiment = `'); DROP TABLE sidelane_results; -- \0 \ud800 "$1" ?`;
    const outcome = { kind: "returned", value: { "\0key": "\0 \udfff" } } as const;
    await open({ values: "shown" }).publish(aResult({ experiment, control: { outcome } }));
    expect(await db.rows("SELECT experiment FROM sidelane_results")).toEqual([
      { experiment: `'); DROP TABLE sidelane_results; -- \ufffd \ufffd "$1" ?` },
    ]);
  });

  it("can be migrated twice, and beside itself under another prefix", async () => {
    await migrate();
    await migrate("other_");
    await open({ prefix: "other_" }).publish(aResult());
    expect(await db.rows("SELECT count(*) AS n FROM other_results")).toEqual([{ n: 1 }]);
    expect(await db.rows("SELECT count(*) AS n FROM other_tallies")).toEqual([{ n: 1 }]);
    expect(await db.rows("SELECT count(*) AS n FROM sidelane_results")).toEqual([{ n: 0 }]);
  });

  it("keeps counts when old results are deleted", async () => {
    await open().publish(aResult());
    await db.run("DELETE FROM sidelane_results");
    expect(await db.rows("SELECT results FROM sidelane_tallies")).toEqual([{ results: 1 }]);
  });

  it("adds up skips by reason, across publishers, and writes them at a flush and at the end", async () => {
    const clock = fixedClock(1_000);
    const [first, second] = [open({ clock }), open({ clock })];
    for (let call = 0; call < 3; call++) first.onSkip!("price \0", "sampled-out");
    first.onSkip!("price \0", "in-flight");
    first.onSkip!("price \ufffd", "in-flight");
    await first.flush!();
    await first.flush!();
    clock.advance(500);
    second.onSkip!("price \0", "sampled-out");
    await second.close!();
    expect(await db.rows("SELECT * FROM sidelane_skips ORDER BY reason")).toEqual([
      { experiment: "price \ufffd", reason: "in-flight", calls: 2, first_at_ms: 1_000, last_at_ms: 1_000 },
      { experiment: "price \ufffd", reason: "sampled-out", calls: 4, first_at_ms: 1_000, last_at_ms: 1_500 },
    ]);
  });

  it("counts what a laboratory skips, every one of its calls", async () => {
    const lab = new Laboratory({ publishers: [open()] });
    const price = lab.experiment("price", { control: () => 1, candidate: () => 1, sample: 0.5 });
    for (let call = 0; call < 100; call++) price();
    await lab.close();
    const [skipped] = await db.rows("SELECT reason, calls FROM sidelane_skips");
    const [compared] = await db.rows("SELECT kind, results FROM sidelane_tallies");
    expect([skipped!["reason"], compared!["kind"]]).toEqual(["sampled-out", "match"]);
    expect(Number(skipped!["calls"]) + Number(compared!["results"])).toBe(100);
  });

  it("keeps exact counts and the verdict of each process, also of results that were dropped, once a record", async () => {
    const clock = fixedClock(1_000);
    const publisher = open({ clock });
    const records: TallyRecord[] = [];
    const spy = {
      name: "spy",
      publish: () => undefined,
      publishTally: (record: TallyRecord) => void records.push(record),
    };
    const lab = new Laboratory({ publishers: [spy], clock, random: () => 0.7 });
    const price = lab.experiment("price", { control: () => 1, candidate: () => 2, sample: 0.9, rollout: "shadow" });
    for (let call = 0; call < 100; call++) price();
    await lab.settled();
    clock.advance(60_000);
    price();
    await lab.settled();
    await lab.close();
    expect(records.length).toBeGreaterThanOrEqual(2);
    for (const record of records) await publisher.publishTally!(record);
    await publisher.publishTally!(records.at(-1)!);
    const sum = { calls: 101, started: 101, skipped: 0, served: 0, fell_back: 0, new_groups: 1 };
    const numbers = (row: Record<string, unknown>, names: string[]): unknown =>
      Object.fromEntries(names.map((name) => [name, Number(row[name])]));
    const [counts] = await db.rows("SELECT * FROM sidelane_counts");
    expect(numbers(counts!, Object.keys(sum))).toEqual(sum);
    expect(counts).toMatchObject({ experiment: "price", stage: "shadow", share: 0, process: records[0]!.process });
    const [verdict] = await db.rows("SELECT * FROM sidelane_verdicts");
    expect(numbers(verdict!, ["matched", "mismatched"])).toEqual({ matched: 0, mismatched: 101 });
    expect(verdict).toMatchObject({
      candidate: "candidate",
      verdict: records.findLast((record) => "experiment" in record)!.verdict,
    });
  });

  it("keeps each tally by its minute, once, of which a report says what the file's says", async () => {
    const clock = fixedClock();
    const folder = mkdtempSync(join(tmpdir(), "sidelane-sql-"));
    const path = join(folder, "records.ndjson");
    const publisher = open({ clock });
    const lab = new Laboratory({
      publishers: [publisher, ndjsonPublisher({ path })],
      ...{ clock, labels: { build: "a1" }, random: () => 0.5 },
    });
    const price = lab.experiment("price \0", {
      control: (n: number): unknown => n,
      candidate: (n: number): unknown => (n % 10 === 0 ? null : n),
      enabled: (n: number) => n % 4 !== 1,
      about: { owner: "pricing" },
    });
    for (let minute = 0; minute < 3; minute++) {
      for (let n = 0; n < 40; n++) price(n);
      await lab.settled();
      await lab.flush();
      await clock.advanceAsync(60_000);
    }
    await lab.close();
    const minutes = await db.rows(
      "SELECT calls, skipped, matched, mismatched, experiment FROM sidelane_minutes WHERE candidate IS NOT NULL ORDER BY to_ms",
    );
    expect(
      minutes.map((row) => Object.values(row).map((each) => (typeof each === "string" ? each : Number(each)))),
    ).toEqual(Array.from({ length: 3 }, () => [40, 10, 26, 4, "price \ufffd"]));
    const rows = await db.rows("SELECT record FROM sidelane_minutes ORDER BY process, n");
    const records = rows.map(({ record }) => JSON.parse(record as string) as LineRecord);
    const [fromSql, fromFile] = [await summary(records), await summary(path)];
    for (const model of [fromSql, fromFile]) {
      for (const { candidates } of Object.values(model.experiments)) {
        // Results stand in another table, and say where a group differs.
        for (const { groups } of Object.values(candidates)) {
          for (const group of groups) Object.assign(group, { examples: [], differences: [] });
        }
      }
    }
    expect(fromSql.experiments).toEqual(fromFile.experiments);
    expect(fromSql.experiments["price \0"]).toMatchObject({ owner: "pricing", calls: 120 });
    const before = await db.rows("SELECT count(*) AS n FROM sidelane_minutes");
    for (const record of records) if (record.type === "tally") await publisher.publishTally!(record);
    expect(await db.rows("SELECT count(*) AS n FROM sidelane_minutes")).toEqual(before);
    rmSync(folder, { recursive: true, force: true });
  });

  it("removes what is older than so many days, and keeps the totals", async () => {
    const dayMs = 86_400_000;
    const clock = fixedClock(100 * dayMs);
    const publisher = open({ clock });
    const at = { stage: "shadow", share: 0, epoch: 1 } as const;
    for (const startedAt of [60 * dayMs, 70 * dayMs - 1, 70 * dayMs, 99 * dayMs]) {
      await publisher.publish(aResult({ startedAt }));
      const event = { kind: "paused", experiment: "price", from: at, to: at, by: "ada", reason: "why" } as const;
      await publisher.publishEvent!({ ...event, at: startedAt });
      const origin = { v: 2, type: "tally", process: "p", n: startedAt, from: startedAt, to: startedAt } as const;
      await publisher.publishTally!({ ...origin, publishers: {}, faults: {} });
    }
    await publisher.prune({ olderThanDays: 30 });
    for (const table of ["results", "minutes", "events"]) {
      expect(await db.rows(`SELECT count(*) AS n FROM sidelane_${table}`), table).toEqual([{ n: 2 }]);
    }
    const sums = await db.rows("SELECT results FROM sidelane_tallies");
    expect(sums.map(({ results }) => Number(results))).toEqual([4]);
    await publisher.prune({ olderThanDays: 0 });
    expect(await db.rows("SELECT count(*) AS n FROM sidelane_results")).toEqual([{ n: 0 }]);
    await expect(publisher.prune({ olderThanDays: -1 })).rejects.toThrow(/expected `olderThanDays`/);
    await expect(publisher.prune({} as never)).rejects.toThrow(/expected `olderThanDays`/);
  });

  it("keeps what happens to a rollout, once", async () => {
    const at = { stage: "ramp", share: 0.1, compare: 1, epoch: 3 } as const;
    const event = {
      ...({ kind: "rolled-back", experiment: "price", from: at, at: 1_700_000_000_000, by: "Ada \0" } as const),
      to: { ...at, stage: "shadow", share: 0, epoch: 4 },
      reason: "too many errors",
    } as const;
    await open().publishEvent!(event);
    await open().publishEvent!(event);
    expect(await db.rows("SELECT kind, from_stage, to_stage, to_share, asked_by, reason FROM sidelane_events")).toEqual(
      [
        {
          ...{ kind: "rolled-back", from_stage: "ramp", to_stage: "shadow", to_share: 0 },
          ...{ asked_by: "Ada \ufffd", reason: "too many errors" },
        },
      ],
    );
  });

  it("rejects when the database refuses, so that the batch is tried again", async () => {
    await expect(open({ prefix: "nowhere_" }).publish(aResult())).rejects.toThrow(/nowhere_results/);
  });
});

describe("sqlPublisher", () => {
  it("sends nothing for an empty batch, and one statement with one parameter for any other", async () => {
    const calls: unknown[][] = [];
    const publisher = sqlPublisher({ dialect: "sqlite", execute: (...call) => calls.push(call) });
    await publisher.publishBatch!([]);
    expect(calls).toEqual([]);
    await publisher.publishBatch!(Array.from({ length: 100 }, () => aResult()));
    expect(calls).toHaveLength(1);
    expect(JSON.parse((calls[0]![1] as string[])[0]!)).toHaveLength(100);
  });

  it("writes skips every 10 s while there are any, keeps what failed, and lets go at the end", async () => {
    const clock = fixedClock();
    const written: unknown[] = [];
    let refusing = true;
    const publisher = sqlPublisher({
      dialect: "postgresql",
      clock,
      execute(_, [rows]) {
        if (refusing) throw new Error("no");
        written.push(...(JSON.parse(rows!) as { reason: string; calls: number }[]).map(({ calls }) => calls));
      },
    });
    const faults: Fault[] = [];
    publisher.attach!({ onFault: (fault) => void faults.push(fault) });
    publisher.onSkip!("price", "sampled-out");
    await clock.advanceAsync(10_000);
    expect(faults).toMatchObject([{ operation: "publish", error: { message: "no" } }]);
    refusing = false;
    publisher.onSkip!("price", "sampled-out");
    await clock.advanceAsync(10_000);
    expect(written).toEqual([2]);
    await clock.advanceAsync(60_000);
    publisher.onSkip!("price", "sampled-out");
    await publisher.close!();
    await clock.advanceAsync(60_000);
    expect(written).toEqual([2, 1]);
    expect(faults).toHaveLength(1);
  });

  it("ships migrations in versions that rise", () => {
    for (const dialect of ["sqlite", "postgresql"] as const) {
      expect(migrations(dialect).map(({ version }) => version)).toEqual(
        migrations(dialect).map((_, index) => index + 1),
      );
    }
  });

  it.each([
    [{}, /expected `execute` to be a function/],
    [{ execute() {} }, /expected `dialect` to be one of "sqlite", "postgresql"/],
    [{ execute() {}, dialect: "mysql" }, /expected `dialect`/],
    [{ execute() {}, dialect: "sqlite", prefix: "x; DROP TABLE y" }, /expected `prefix`/],
    [{ execute() {}, dialect: "sqlite", prefx: "x" }, /did you mean `prefix`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => sqlPublisher(options as never)).toThrow(message);
  });

  it("refuses a prefix that is no name for migrations, too", () => {
    expect(() => migrations("sqlite", 'x" y')).toThrow(/migrations: expected `prefix`/);
  });
});
