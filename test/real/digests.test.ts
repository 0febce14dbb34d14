import { Database } from "node-sqlite3-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestSql, registerDigest, sqlRecords, type DigestColumn } from "../../src/writes/index.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;

const columns: readonly DigestColumn[] = [
  { sql: "name", type: "text" },
  { sql: "cents", type: "integer" },
  { sql: "rate", type: "decimal", scale: 4 },
  { sql: "at", type: "time" },
  { sql: "open", type: "boolean" },
  { sql: "raw", type: "bytes" },
];

type Fields = readonly [string, number | null, string | null, string | null, boolean | null, Uint8Array | null];

const rows: readonly Fields[] = [
  ["B", 1, "1.00005", "2024-02-29T12:00:00.123456Z", true, new Uint8Array([0, 255])],
  ["a", -5, "-0.00001", "1969-12-31T23:59:59.999999Z", false, new Uint8Array()],
  ["größe", null, null, null, null, null],
  ["\uffff", 9_007_199_254_740_991, "123456789012345678.5", "0099-01-01T00:00:00Z", true, new Uint8Array([1])],
  ["😀", 0, "1e3", "2038-01-19T03:14:08+05:30", false, null],
];

describe.skipIf(withoutPostgresql !== undefined)(`digests of a real PostgreSQL and of SQLite${reason}`, () => {
  let server: RealPostgresql;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());

  it("tell dates by UTC, whatever the session's zone is, and keep all digits of what is declared as another type", async () => {
    const pool = poolOf(server.port, "postgres", 1);
    const db = new Database(":memory:");
    registerDigest(db);
    const [day, rate, whole]: DigestColumn[] = [
      { sql: "v", type: "time" },
      { sql: "v", type: "decimal", scale: 9 },
      { sql: "v", type: "integer" },
    ];
    const text = (row: object): string => Object.values(row).join(" ");
    const ours = async (column: DigestColumn, value: string): Promise<string> => {
      const { rows: found } = await pool.query(
        `SELECT ${digestSql([column], "postgresql")} FROM (SELECT ${value} AS v) AS t`,
      );
      return text(found[0] as object);
    };
    const theirs = (column: DigestColumn, value: string): string =>
      text(db.get(`SELECT ${digestSql([column], "sqlite")} FROM (SELECT ${value} AS v) AS t`)!);
    for (const zone of ["UTC", "Asia/Kolkata", "America/St_Johns"]) {
      await pool.query(`SET TIME ZONE '${zone}'`);
      expect(await ours(day!, "date '2024-02-29'"), zone).toBe(theirs(day!, "'2024-02-29'"));
    }
    const alike: readonly (readonly [DigestColumn, string, string])[] = [
      [rate!, "float8 '123456789.123456789'", "123456789.123456789"],
      [rate!, "float4 '1.1'", "1.1"],
      [rate!, "numeric '123456789.123456789'", "'123456789.123456789'"],
      [whole!, "numeric '42.00'", "42.0"],
      [whole!, "numeric '100.4'", "100.4"],
      [whole!, "float8 '100.4'", "100.4"],
      [whole!, "'42'", "'42'"],
      [whole!, "int2 '-42'", "-42"],
      [whole!, "int8 '9223372036854775807'", "9223372036854775807"],
    ];
    for (const [column, one, other] of alike) expect(await ours(column, one), one).toBe(theirs(column, other));
    db.close();
    await pool.end();
  });

  it("are the same for the same records, whatever the range, and differ by any field", async () => {
    const pool = poolOf(server.port, "postgres", 1);
    const db = new Database(":memory:");
    registerDigest(db);
    await pool.query(
      "CREATE TABLE t (name text, cents bigint, rate numeric, at timestamptz, open boolean, raw bytea); SET TIME ZONE 'Asia/Kolkata'",
    );
    db.exec("CREATE TABLE t (name TEXT, cents INTEGER, rate TEXT, at TEXT, open INTEGER, raw BLOB)");
    for (const row of rows) {
      await pool.query("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6)", [...row]);
      db.run(
        "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)",
        row.map((each) => (typeof each === "boolean" ? Number(each) : each)),
      );
    }
    const record = (row: { readonly name: string }): string => row.name;
    const ours = sqlRecords({
      ...{ dialect: "postgresql", table: "t", key: "name", columns, record },
      query: async (sql, parameters) => (await pool.query(sql, parameters)).rows as object[],
    });
    const theirs = sqlRecords({
      ...{ dialect: "sqlite", table: "t", key: "name", columns, record },
      query: (sql, parameters) => db.all(sql, parameters) as object[],
    });
    const both = async (range: { after?: string; to?: string; parts?: number }): Promise<string[][]> => {
      const of = { after: undefined, to: undefined, parts: 1, ...range };
      const all = [await ours.digests!(of), await theirs.digests!(of)];
      return all.map((each) => each.map(({ to, count, sums }) => [to, count, ...sums].join(" ")));
    };
    for (const range of [{}, { parts: 2 }, { parts: 16 }, { after: "a" }, { after: "B", to: "größe" }]) {
      const [one, other] = await both(range);
      expect(one!.length).toBeGreaterThan(0);
      expect(one).toEqual(other);
    }
    const scans = [ours, theirs].map(async (each) => each.scan({ after: "B", to: undefined, limit: 3 }));
    const [one, other] = await Promise.all(scans);
    expect(one).toEqual(other);
    const changes = [
      "cents = 2",
      "rate = 1.0002",
      "at = at + interval '1 microsecond'",
      "open = NULL",
      "raw = '\\x00'",
    ];
    for (const change of changes) {
      await pool.query("BEGIN");
      const { rows: changed } = await pool.query(`UPDATE t SET ${change} WHERE name = 'B' RETURNING name`);
      expect(changed).toHaveLength(1);
      const [mine, same] = await both({ to: "B" });
      expect(mine, change).not.toEqual(same);
      await pool.query("ROLLBACK");
    }
    db.close();
    await pool.end();
  });
});
