import sqlite, { type Database } from "node-sqlite3-wasm";
import { Laboratory } from "sidelane";
import { parallelWrites, sqliteOutbox } from "sidelane/writes";

interface Sale {
  readonly id: string;
  readonly account: string;
  readonly cents: number;
}

/** A ledger of balances after a fee, in a database of its own; each work has to end before the next begins. */
function ledger(feeOf: (cents: number) => number) {
  const db = new sqlite.Database(":memory:");
  db.exec("CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)");
  let last: Promise<unknown> = Promise.resolve();
  return {
    transaction: <Value>(work: (tx: Database) => Promise<Value>): Promise<Value> => {
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
    write: (sale: Sale, tx: Database) => {
      const cents = sale.cents - feeOf(sale.cents);
      tx.run("INSERT INTO accounts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents", [
        sale.account,
        cents,
      ]);
      return { booked: cents };
    },
    read: (name: string) => db.get("SELECT cents FROM accounts WHERE name = ?", [name]),
    outbox: sqliteOutbox(db),
  };
}

const laboratory = new Laboratory({
  publishers: [
    ({ context, candidates: [candidate] }) => {
      const { comparison } = candidate;
      const where = comparison.kind === "mismatch" ? comparison.differences.map(({ path }) => path).join() : "";
      console.log([String(context["key"]), comparison.kind, where].join(" ").trim());
    },
  ],
});
const sales = parallelWrites("sales", {
  control: ledger((cents) => Math.round(cents * 0.029)),
  candidate: ledger((cents) => Math.floor(cents * 0.029)), // wrong: it rounds down
  id: (sale: Sale) => sale.id,
  keys: (sale: Sale) => [sale.account],
  laboratory,
});

console.log("the caller gets", await sales.write({ id: "s-1", account: "ann", cents: 1_000 }));
await sales.write({ id: "s-2", account: "bob", cents: 990 });

const stop = new AbortController();
const working = sales.work({ signal: stop.signal });
while ((await sales.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 10));
stop.abort();
await working;
await laboratory.close();

// Prints:
// the caller gets { booked: 971 }
// ann match
// bob mismatch $.cents
