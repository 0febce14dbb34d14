import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations } from "../../src/publishers/sql/index.ts";
import { migrations as tablesOf, postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { initialState } from "../../src/rollout/state.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

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

  it.each(['odd "x" ü; $$', "it's", "$sidelane$", "back\\slash'", "x".repeat(63)])(
    "of a rollout's store make its tables in the schema %j",
    async (schema) => {
      const pool = poolOf(server.port);
      const made = Array.from({ length: 10 }, async () => {
        for (const statement of tablesOf(schema)) await pool.query(statement);
      });
      await Promise.all(made);
      const store = postgresqlStore({ query: async (text, values) => pool.query(text, values), schema });
      expect(await store.compareAndSet("price", undefined, initialState([0.1], 0))).toBe(true);
      await pool.end();
    },
  );

  it("of a rollout's store may be run again by a role that may make nothing", async () => {
    for (const statement of tablesOf("owned")) await server.psql(`${statement};`);
    await server.psql(`CREATE ROLE weak LOGIN; GRANT USAGE ON SCHEMA owned TO weak;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA owned TO weak; GRANT USAGE ON ALL SEQUENCES IN SCHEMA owned TO weak;`);
    for (const statement of tablesOf("owned")) await server.psql(`SET ROLE weak; ${statement};`);
    const other = tablesOf("another").map(async (statement) => server.psql(`SET ROLE weak; ${statement};`));
    await expect(Promise.all(other)).rejects.toThrow("permission denied");
  });
});
