import { Database } from "node-sqlite3-wasm";
import { describe, expect, it } from "vitest";
import { oneAfterAnother } from "../../src/model/one-after-another.ts";
import { testOutbox } from "../../src/testing/index.ts";
import {
  memoryOutbox,
  outboxMigrations,
  postgresqlOutbox,
  sqliteOutbox,
  type SqliteDatabase,
} from "../../src/writes/index.ts";
import { byBytes } from "../../src/writes/outbox/byte-order.ts";
import { BetterSqlite } from "./better-sqlite.ts";

testOutbox(
  "memoryOutbox",
  () => {
    const outbox = memoryOutbox();
    return { outbox, transaction: outbox.transaction as never };
  },
  { describe, it },
);

const open: Readonly<Record<string, () => SqliteDatabase & { close(): unknown }>> = {
  "node-sqlite3-wasm": () => new Database(":memory:"),
  "what better-sqlite3 takes": () => new BetterSqlite(),
};

for (const [driver, opened] of Object.entries(open)) {
  testOutbox(
    `sqliteOutbox over ${driver}`,
    () => {
      const db = opened();
      const inTurn = oneAfterAnother();
      return {
        outbox: sqliteOutbox(db),
        transaction: (work) =>
          inTurn(async () => {
            db.exec("BEGIN IMMEDIATE");
            try {
              const value = await work(db as never);
              db.exec("COMMIT");
              return value;
            } catch (error) {
              db.exec("ROLLBACK");
              throw error;
            }
          }),
        cleanUp: () => {
          db.close();
        },
      };
    },
    { describe, it },
  );
}

describe("an outbox's options", () => {
  it("take plain names for tables only", () => {
    for (const names of [{ prefix: "a; DROP" }, { prefix: "" }, { schema: "x.y" }, { schema: "A" }]) {
      expect(() => outboxMigrations("postgresql", names)).toThrow(/lower-case letters, digits or underscores/);
    }
    expect(() => postgresqlOutbox({} as never)).toThrow(/`pool.query` to be a function/);
    expect(outboxMigrations("postgresql", { schema: "sidelane" })[0]!.statements[0]).toContain(
      '"sidelane".sidelane_outbox',
    );
  });

  it("name the client of a transaction where that is not one itself", async () => {
    const statements: string[] = [];
    const pool = {
      query(sql: string) {
        statements.push(sql);
        return Promise.resolve({ rows: [] });
      },
    };
    const of = { name: "payments", side: "control" as const };
    await postgresqlOutbox(pool, { client: (tx: { raw: typeof pool }) => tx.raw }).fences({ raw: pool }, of);
    expect(statements).toHaveLength(1);
    await expect(postgresqlOutbox(pool).fences({ raw: pool }, of)).rejects.toThrow(/say `client: \(tx\) => …`/);
  });
});

describe("the order of bytes", () => {
  it("is that of UTF-8, also beyond the basic plane", () => {
    const words = ["", "a", "ab", "b", "z", "é", "\ue000", "\uffff", "😀", "a😀", "a\uffff"];
    const byBuffer = [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...words].sort(byBytes)).toEqual(byBuffer);
  });
});
