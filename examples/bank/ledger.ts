import sqlite, { type Database } from "node-sqlite3-wasm";
import { registerDigest, sqliteOutbox, sqlRecords, type WriteSide } from "sidelane/writes";

/** A deposit that earns interest. */
export interface Deposit {
  readonly id: string;
  readonly account: string;
  readonly cents: number;
}

export interface Balance {
  readonly cents: number;
  readonly deposits: number;
}

export interface Booked {
  readonly by: string;
  readonly cents: number;
}

export interface Ledger {
  readonly side: WriteSide<Deposit, undefined, Database, Booked, Balance | undefined>;
  readonly total: () => number;
  readonly close: () => void;
}

/** A ledger in a database of its own. `interestOf` may be mended while it runs. */
export function ledger(by: string, rule: { interestOf: (cents: number) => number }): Ledger {
  const db = new sqlite.Database(":memory:");
  registerDigest(db);
  db.exec("CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL, deposits INTEGER NOT NULL)");
  let last: Promise<unknown> = Promise.resolve();
  const read = (name: string): Balance | undefined => {
    const row = db.get("SELECT cents, deposits FROM accounts WHERE name = ?", [name]);
    return row == null ? undefined : { cents: Number(row["cents"]), deposits: Number(row["deposits"]) };
  };
  const total = (): number => Number(db.get("SELECT coalesce(sum(cents), 0) AS total FROM accounts")?.["total"]);
  return {
    total,
    close: () => {
      db.close();
    },
    side: {
      // On one connection a work has to end before the next begins.
      transaction: (work) => {
        const turn = last.then(async () => {
          db.exec("BEGIN IMMEDIATE");
          try {
            const value = await work(db);
            db.exec("COMMIT");
            return value;
          } catch (error) {
            db.exec("ROLLBACK");
            throw error;
          }
        });
        last = turn.catch(() => undefined);
        return turn;
      },
      write: ({ account, cents }, tx) => {
        const booked = cents + rule.interestOf(cents);
        tx.run(
          "INSERT INTO accounts VALUES (?, ?, 1) ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents, deposits = deposits + 1",
          [account, booked],
        );
        return { by, cents: booked };
      },
      read,
      copy: (name: string, record: Balance, tx: Database) => {
        tx.run("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", [name, record.cents, record.deposits]);
      },
      records: sqlRecords({
        dialect: "sqlite",
        query: (sql, parameters) => db.all(sql, parameters) as object[],
        table: "accounts",
        key: "name",
        columns: [
          { sql: "name", type: "text" },
          { sql: "cents", type: "integer" },
          { sql: "deposits", type: "integer" },
        ],
        record: (row: {
          readonly cents: number | bigint;
          readonly deposits: number | bigint;
        }): Balance | undefined => ({
          cents: Number(row.cents),
          deposits: Number(row.deposits),
        }),
      }),
      outbox: sqliteOutbox(db),
    },
  };
}
