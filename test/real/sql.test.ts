import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import sqlite from "node-sqlite3-wasm";
import type pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { migrations, sqlPublisher, type DialectName } from "../../src/publishers/sql/index.ts";
import type { LineRecord } from "../../src/records/record.ts";
import { sqlEngine, summary } from "../../src/report/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

interface Database {
  run(text: string, parameters?: string[]): unknown;
  rows(text: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

/** Two processes write by the minute, old minutes are removed, and a report of the rows has what both counted. */
async function writesAndPrunes(dialect: DialectName, db: Database): Promise<void> {
  for (const { statements } of migrations(dialect)) for (const statement of statements) await db.run(statement);
  const clock = fixedClock();
  const publishers = [1, 2].map(() => sqlPublisher({ dialect, clock, execute: (text, given) => db.run(text, given) }));
  const labs = publishers.map(
    (publisher) =>
      new Laboratory({
        publishers: [publisher],
        clock,
        labels: { build: "a1" },
        pseudonymKey: "a secret that only tests have",
      }),
  );
  const calls = labs.map((lab) =>
    lab.experiment("price", {
      control: (n: number) => n,
      candidate: (n: number) => (n % 10 === 0 ? -1 : n),
      key: String,
    }),
  );
  const minute = async (): Promise<void> => {
    for (const call of calls) for (let n = 1; n <= 50; n++) call(n);
    for (const lab of labs) await lab.settled();
    for (const lab of labs) await lab.flush();
    clock.advance(60_000);
    for (const lab of labs) await lab.flush();
  };
  await minute();
  clock.advance(30 * 60_000);
  await minute();
  for (const lab of labs) await lab.close();
  const model = async (): Promise<number | undefined> => {
    const rows = await db.rows("SELECT record FROM sidelane_minutes ORDER BY process, n");
    const { experiments } = await summary(rows.map(({ record }) => JSON.parse(record as string) as LineRecord));
    return experiments["price"]?.calls;
  };
  expect(await model()).toBe(200);
  await publishers[0]!.prune({ olderThanDays: 0.01 });
  expect(await model()).toBe(100);
  const engine = sqlEngine({ dialect, query: async (text, given) => db.rows(text, given) });
  expect((await engine.summary()).experiments["price"]?.calls).toBe(100);
  const [total] = await db.rows("SELECT sum(calls) AS calls FROM sidelane_counts");
  expect(Number(total!["calls"])).toBe(200);
  const [results] = await db.rows("SELECT count(*) AS n FROM sidelane_results");
  expect(Number(results!["n"])).toBe(100);
}

const skipped = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;

describe.skipIf(withoutPostgresql !== undefined)(`on a real PostgreSQL${skipped}`, () => {
  let server: RealPostgresql;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgresql();
    pool = poolOf(server.port, "postgres", 4);
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  const what = "counts by the minute, and removes what is old, with ";
  it(`${what}pg`, { timeout: 60_000 }, () =>
    writesAndPrunes("postgresql", {
      run: (text, parameters) => pool.query(text, parameters),
      rows: async (text, parameters = []) => (await pool.query<Record<string, unknown>>(text, [...parameters])).rows,
    }),
  );

  // It writes a parameter as the type that the server names: a text of JSON for `jsonb` would be written as JSON again.
  it(`${what}postgres.js`, { timeout: 60_000 }, async () => {
    await pool.query("CREATE DATABASE by_postgres_js");
    const to = { host: "127.0.0.1", port: server.port, user: "sidelane", database: "by_postgres_js" };
    const sql = postgres({ ...to, onnotice: () => undefined });
    await writesAndPrunes("postgresql", {
      run: async (text, parameters) => sql.unsafe(text, parameters),
      rows: async (text, parameters = []) => [...(await sql.unsafe(text, parameters as never[]))],
    });
    await sql.end();
  });
});

describe("on pglite", () => {
  it("counts by the minute, and removes what is old", { timeout: 60_000 }, async () => {
    const database = await PGlite.create();
    await writesAndPrunes("postgresql", {
      run: async (text, parameters) => database.query(text, parameters),
      rows: async (text, parameters = []) =>
        (await database.query<Record<string, unknown>>(text, [...parameters])).rows,
    });
    await database.close();
  });
});

describe("on a file of SQLite", () => {
  it("counts by the minute, and removes what is old", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-sqlite-"));
    const db = new sqlite.Database(join(folder, "results.db"));
    await writesAndPrunes("sqlite", {
      run: (text, parameters) => db.run(text, parameters),
      rows: async (text, parameters = []) => db.all(text, parameters as string[]),
    });
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
