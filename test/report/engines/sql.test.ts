import initSqlite from "sql.js";
import { describe, expect, it } from "vitest";
import { migrations, sqlPublisher } from "../../../src/publishers/sql/index.ts";
import { sqlEngine } from "../../../src/report/index.ts";
import { testEngine, type OpenedEngine } from "../../../src/testing/test-engine.ts";

const size = { experiments: 5, processes: 6, minutes: 5, calls: 12 };

async function openSqlite(): Promise<OpenedEngine> {
  const db = new (await initSqlite()).Database();
  for (const { statements } of migrations("sqlite")) for (const statement of statements) db.run(statement);
  db.run("ALTER TABLE sidelane_results ADD COLUMN team TEXT DEFAULT 'checkout'");
  return {
    publisher: () => sqlPublisher({ dialect: "sqlite", execute: (sql, parameters) => db.run(sql, parameters) }),
    engine: () =>
      sqlEngine({
        dialect: "sqlite",
        query(sql, parameters) {
          const statement = db.prepare(sql, parameters);
          const rows: object[] = [];
          while (statement.step()) rows.push(statement.getAsObject());
          statement.free();
          return rows;
        },
      }),
    cleanUp: () => db.close(),
  };
}

testEngine("SQLite, with a column that was added", openSqlite, { describe, it }, { size });

describe("sqlEngine", () => {
  it.each([
    [{}, /expected `query` to be a function/],
    [{ query() {}, dialect: "mysql" }, /expected `dialect` to be one of sqlite, postgresql/],
    [{ query() {}, dialect: "sqlite", prefx: "a_" }, /did you mean `prefix`/],
    [undefined, /expected `options` to be an object/],
    [{ query() {}, dialect: "sqlite", prefix: "x; DROP TABLE y" }, /expected `prefix`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => sqlEngine(options as never)).toThrow(message);
  });
});
