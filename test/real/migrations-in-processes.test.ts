import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations } from "../../src/publishers/sql/index.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;

describe.skipIf(withoutPostgresql !== undefined)(`migrations on a real PostgreSQL${reason}`, () => {
  let server: RealPostgresql;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());

  it("run in ten processes at once, of which each finds the tables made", async () => {
    for (let round = 0; round < 5; round++) {
      const prefix = `round${round}_`;
      const statements = migrations("postgresql", prefix).flatMap((step) => step.statements);
      const sql = `${statements.join(";\n")};\nSET client_min_messages = error;\nSELECT count(*) FROM ${prefix}events;`;
      const counted = await Promise.all(Array.from({ length: 10 }, () => server.psql(sql)));
      expect(counted).toEqual(new Array(10).fill("0"));
    }
    const tables = await server.psql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'round%'");
    expect(tables).toBe(String(5 * 8));
  }, 60_000);
});
