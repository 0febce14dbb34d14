import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { called } from "../cli/called.ts";
import { migrations, sqlPublisher } from "../../src/publishers/sql/index.ts";
import { sqlEngine, type ReportModel } from "../../src/report/index.ts";
import { testEngine } from "../../src/testing/test-engine.ts";
import { writeCorpus } from "../../src/testing/engine-corpus.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const size = { experiments: 5, processes: 6, minutes: 5, calls: 12 };

describe.skipIf(withoutPostgresql !== undefined)(`a report from PostgreSQL (${withoutPostgresql ?? "real"})`, () => {
  let server: RealPostgresql;
  let made = 0;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server?.stop(), 30_000);

  testEngine(
    "PostgreSQL, with a column that was added",
    async () => {
      const pool = poolOf(server.port);
      const prefix = `e${(made += 1)}_`;
      for (const { statements } of migrations("postgresql", prefix)) {
        for (const statement of statements) await pool.query(statement);
      }
      await pool.query(`ALTER TABLE ${prefix}minutes ADD COLUMN team text DEFAULT 'checkout'`);
      return {
        publisher: () => sqlPublisher({ dialect: "postgresql", prefix, execute: (...given) => pool.query(...given) }),
        engine: () =>
          sqlEngine({
            dialect: "postgresql",
            prefix,
            query: async (...given) => (await pool.query<Record<string, unknown>>(...given)).rows,
          }),
        cleanUp: () => pool.end(),
      };
    },
    { describe, it },
    { size },
  );

  it("is what the command line prints", async () => {
    const pool = poolOf(server.port);
    for (const { statements } of migrations("postgresql")) {
      for (const statement of statements) await pool.query(statement);
    }
    const execute = (sql: string, parameters: string[]): Promise<unknown> => pool.query(sql, parameters);
    await writeCorpus([() => sqlPublisher({ dialect: "postgresql", execute })], { ...size, minutes: 2 });
    const url = `postgres://sidelane@127.0.0.1:${server.port}/postgres`;
    const { out } = await called(["report", "--engine", "postgresql", "--url", url, "--json"]);
    expect(Object.keys((JSON.parse(out) as ReportModel).experiments)).toHaveLength(size.experiments + 1);
    const missing = await called(["report", "--engine", "postgresql", "--url", `${url}?prefix=none_`]);
    expect(missing).toMatchObject({ code: 2, out: "" });
    expect(missing.err).toContain('postgresql cannot be read: relation "none_minutes" does not exist');
    await pool.end();
  });
});
