import { Database } from "node-sqlite3-wasm";
import { describe, expect, it } from "vitest";
import { digestSql, registerDigest, sqlRecords, type DigestColumn } from "../../../src/writes/index.ts";
import { BetterSqlite } from "../better-sqlite.ts";
import { decimalText, timeText } from "../../../src/writes/records/register-digest.ts";

const two: readonly DigestColumn[] = [
  { sql: "a", type: "text" },
  { sql: "b", type: "text" },
];

function digestOf(rows: readonly (readonly [unknown, unknown])[], columns = two): unknown {
  const db = new BetterSqlite();
  registerDigest(db);
  db.exec("CREATE TABLE t (a, b)");
  for (const row of rows) db.prepare("INSERT INTO t VALUES (?, ?)").run(...(row as [string, string]));
  const [digest] = db.prepare(`SELECT ${digestSql(columns, "sqlite")} FROM t`).all();
  db.close();
  return JSON.stringify(digest, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

describe("a digest", () => {
  const different: readonly (readonly [
    string,
    readonly (readonly [unknown, unknown])[],
    readonly (readonly [unknown, unknown])[],
  ])[] = [
    ["a NULL and an empty text", [["x", null]], [["x", ""]]],
    ["a NULL in another place", [[null, "x"]], [["x", null]]],
    ["a NULL and the text that marks one", [["x", null]], [["x", ":"]]],
    ["texts that are cut elsewhere", [["ab", "c"]], [["a", "bc"]]],
    [
      "a pair of equal records and none",
      [
        ["x", "y"],
        ["x", "y"],
        ["z", "z"],
      ],
      [["z", "z"]],
    ],
    [
      "two pairs of equal records",
      [
        ["x", "y"],
        ["x", "y"],
      ],
      [
        ["v", "w"],
        ["v", "w"],
      ],
    ],
    ["a text that looks like two fields", [["1:a", "b"]], [["a", "1:b"]]],
  ];
  it.each(different)("tells %s apart", (_, one, other) => {
    expect(digestOf(one)).not.toBe(digestOf(other));
  });

  it("does not depend on the order of the records", () => {
    expect(
      digestOf([
        ["a", "b"],
        ["c", "d"],
      ]),
    ).toBe(
      digestOf([
        ["c", "d"],
        ["a", "b"],
      ]),
    );
  });

  it("takes decimals at their scale and times in microseconds of UTC", () => {
    const columns: readonly DigestColumn[] = [
      { sql: "a", type: "decimal", scale: 2 },
      { sql: "b", type: "time" },
    ];
    const same = digestOf([["1.5", "2024-02-29T12:00:00.5Z"]], columns);
    for (const [decimal, time] of [
      [1.5, "2024-02-29 13:00:00.500+01:00"],
      ["1.499999", 1_709_208_000_500],
      ["150e-2", "2024-02-29 12:00:00.500000"],
    ]) {
      expect(digestOf([[decimal, time]], columns)).toBe(same);
    }
    expect(digestOf([["1.51", "2024-02-29T12:00:00.5Z"]], columns)).not.toBe(same);
    expect(digestOf([["1.5", "2024-02-29T12:00:00.500001Z"]], columns)).not.toBe(same);
  });

  const asTheyAre: readonly (readonly [string, DigestColumn, readonly unknown[]])[] = [
    ["whole numbers", { sql: "a", type: "integer" }, [100, 100.4, 101, "100x", "x", ""]],
    ["truth", { sql: "a", type: "boolean" }, ["true", "false", 2, 0.5, "no", ""]],
    [
      "decimals",
      { sql: "a", type: "decimal", scale: 2 },
      [9_007_199_254_740_992n, 9_007_199_254_740_993n, "none", "0.01", -0.01],
    ],
    ["times", { sql: "a", type: "time" }, [0, 1, 0.5, "never", "1970-01-01T00:00:00.000001Z"]],
  ];
  it.each(asTheyAre)(
    "of a column of SQLite that should hold %s tells all that it may hold apart",
    (_, column, values) => {
      expect(new Set(values.map((value) => digestOf([[value, null]], [column]))).size).toBe(values.length);
    },
  );

  it("takes what stands for the same in SQLite for the same", () => {
    const alike: readonly (readonly [DigestColumn, readonly unknown[]])[] = [
      [{ sql: "a", type: "integer" }, [42, 42n, 42.0, "42", " 42", "042"]],
      [{ sql: "a", type: "boolean" }, [1, 1.0, "1", "true", "TRUE", "t"]],
      [{ sql: "a", type: "boolean" }, [0, "0", "false", "f"]],
      [{ sql: "a", type: "decimal", scale: 1 }, [7, 7.0, "7.00", "7.04", 7n]],
    ];
    for (const [column, values] of alike) {
      expect(new Set(values.map((value) => digestOf([[value, null]], [column]))).size, column.type).toBe(1);
    }
  });

  it("refuses columns that say too little", () => {
    expect(() => digestSql([], "sqlite")).toThrow(/at least one column/);
    expect(() => digestSql([{ sql: "a", type: "decimal" }], "sqlite")).toThrow(/`columns\[\]\.scale`/);
    expect(() => digestSql([{ sql: "a", type: "float" as never }], "postgresql")).toThrow(/`columns\[\]\.type`/);
    expect(() => digestSql(two, "mysql" as never)).toThrow(/`dialect`/);
  });
});

describe("decimals", () => {
  it.each([
    ["1.005", 2, "1.01"],
    ["-1.005", 2, "-1.01"],
    ["-0.001", 2, "0.00"],
    ["12", 0, "12"],
    ["0.5", 0, "1"],
    [".5", 3, "0.500"],
    ["1e+21", 1, "1000000000000000000000.0"],
    ["9007199254740993.1", 1, "9007199254740993.1"],
    ["none", 1, "none"],
  ])("%s at scale %d is %s", (text, scale, expected) => {
    expect(decimalText(text, scale)).toBe(expected);
  });
});

describe("times", () => {
  it.each([
    ["1970-01-01", "ms", "0"],
    ["1969-12-31 23:59:59.999999", "ms", "-1"],
    ["2024-01-01T00:00:00+0100", "ms", "1704063600000000"],
    [1_700_000_000, "s", "1700000000000000"],
    [1_700_000_000_000n, "ms", "1700000000000000"],
    ["later", "ms", "later"],
  ])("%s in %s is %s", (value, unit, expected) => {
    expect(timeText(value, unit)).toBe(expected);
  });
});

describe("sqlRecords", () => {
  it.each(["node-sqlite3-wasm", "what better-sqlite3 takes"])(
    "scans ranges and divides them, in the order of bytes, by %s",
    async (driver) => {
      const isWasm = driver === "node-sqlite3-wasm";
      const db = isWasm ? new Database(":memory:") : new BetterSqlite();
      registerDigest(db);
      db.exec("CREATE TABLE t (name TEXT COLLATE NOCASE, cents INTEGER)");
      const names = ["B", "a", "c", "é", "😀", "\uffff", "D"];
      for (const [cents, name] of names.entries()) db.exec(`INSERT INTO t VALUES ('${name}', ${cents})`);
      const records = sqlRecords({
        dialect: "sqlite",
        query: (sql, parameters) =>
          db instanceof BetterSqlite ? db.prepare(sql).all(...parameters) : (db.all(sql, parameters) as object[]),
        table: "t",
        key: "name",
        columns: [
          { sql: "name", type: "text" },
          { sql: "cents", type: "integer" },
        ],
        record: ({ cents }: { readonly cents: number }) => cents,
      });
      const ordered = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const scanned = await records.scan({ after: "B", to: "\uffff", limit: 100 });
      expect(scanned.map(({ key }) => key)).toEqual(ordered.slice(1, -1));
      expect(scanned[1]).toEqual({ key: "a", record: 1 });
      const parts = await records.digests!({ after: undefined, to: undefined, parts: 3 });
      expect(parts.map(({ count }) => Number(count))).toEqual([3, 3, 1]);
      expect(parts.map(({ to }) => to)).toEqual([ordered[2], ordered[5], ordered[6]]);
      expect(parts.reduce((sum, { count }) => sum + Number(count), 0)).toBe(names.length);
      expect(parts.at(-1)!.to).toBe("😀");
      expect(await records.digests!({ after: "😀", to: undefined, parts: 4 })).toEqual([]);
      db.close();
    },
  );
});
