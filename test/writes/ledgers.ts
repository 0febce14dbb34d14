import { Database } from "node-sqlite3-wasm";
import { oneAfterAnother } from "../../src/model/one-after-another.ts";
import { memoryOutbox, sqliteOutbox, type MemoryTransaction, type WriteSide } from "../../src/writes/index.ts";
import {
  accountOf,
  empty,
  type Account,
  type Booking,
  type BookingFacts,
  type Ledger,
  type LedgerOptions,
  type Payment,
  type Row,
} from "./ledger.ts";

export function memoryLedger({ name, clock, copies = false, onWrite }: LedgerOptions): Ledger {
  const outbox = memoryOutbox(clock === undefined ? {} : { clock });
  const accounts = new Map<string, Account>();
  const entries = new Map<string, string>();
  let entry = 0;
  function change(tx: MemoryTransaction, key: string, op: Payment, cents: number): void {
    const { cents: had, payments } = accounts.get(key) ?? empty;
    tx.set(accounts, key, { cents: had + cents, payments: [...payments, op.paymentId] });
  }
  const side: WriteSide<Payment, BookingFacts, MemoryTransaction, Booking, Account> = {
    transaction: outbox.transaction,
    async write(op, tx, { facts }) {
      await onWrite?.(op);
      change(tx, op.from, op, -op.cents);
      change(tx, op.to, op, op.cents);
      const id = facts?.entryId ?? `${name}-${++entry}`;
      tx.set(entries, op.paymentId, id);
      return { id };
    },
    read: (key) => accounts.get(key) ?? empty,
    records: { scan: ({ after, limit }) => pageOf([...accounts.keys()], (key) => accounts.get(key)!, after, limit) },
    ...(copies && { copy: (key: string, record: Account, tx: MemoryTransaction) => tx.set(accounts, key, record) }),
    outbox,
  };
  return {
    side: side as unknown as Ledger["side"],
    accounts: () => Promise.resolve(Object.fromEntries(accounts)),
    entries: () => Promise.resolve([...entries].map(([payment, id]) => `${payment}=${id}`)),
    close: () => Promise.resolve(),
  };
}

function pageOf(
  keys: readonly string[],
  read: (key: string) => Account,
  after = "",
  limit: number,
): { readonly key: string; readonly record: Account }[] {
  const sorted = keys.filter((key) => key > after).sort();
  return sorted.slice(0, limit).map((key) => ({ key, record: read(key) }));
}

export function sqliteLedger({ name, clock, copies = false, onWrite }: LedgerOptions): Ledger {
  const db = new Database(":memory:");
  db.exec(`CREATE TABLE accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL, payments TEXT NOT NULL);
CREATE TABLE entries (position INTEGER PRIMARY KEY AUTOINCREMENT, payment TEXT NOT NULL UNIQUE, entry TEXT NOT NULL)`);
  const inTurn = oneAfterAnother();
  const read = (key: string): Account => {
    const row = db.get("SELECT cents, payments FROM accounts WHERE name = ?", [key]);
    return row == null ? empty : accountOf(row as Row);
  };
  const put = (key: string, { cents, payments }: Account): void => {
    db.run("INSERT OR REPLACE INTO accounts (name, cents, payments) VALUES (?, ?, ?)", [
      ...[key, cents, JSON.stringify(payments)],
    ]);
  };
  let entry = 0;
  const side: WriteSide<Payment, BookingFacts, Database, Booking, Account> = {
    transaction: (work) =>
      inTurn(async () => {
        db.exec("BEGIN IMMEDIATE");
        try {
          const value = await work(db);
          db.exec("COMMIT");
          return value;
        } catch (error) {
          db.exec("ROLLBACK");
          throw error;
        }
      }),
    async write(op, _, { facts }) {
      await onWrite?.(op);
      for (const [key, cents] of [
        [op.from, -op.cents],
        [op.to, op.cents],
      ] as const) {
        const { cents: had, payments } = read(key);
        put(key, { cents: had + cents, payments: [...payments, op.paymentId] });
      }
      const id = facts?.entryId ?? `${name}-${++entry}`;
      db.run("INSERT INTO entries (payment, entry) VALUES (?, ?)", [op.paymentId, id]);
      return { id };
    },
    read,
    records: {
      scan: ({ after, limit }) => {
        const rows = db.all("SELECT * FROM accounts WHERE name > ? ORDER BY name LIMIT ?", [
          after ?? "",
          limit,
        ]) as Row[];
        return rows.map((row) => ({ key: String(row["name"]), record: accountOf(row) }));
      },
    },
    ...(copies && { copy: (key: string, record: Account) => put(key, record) }),
    outbox: sqliteOutbox(db, clock === undefined ? {} : { clock }),
  };
  return {
    side: side as unknown as Ledger["side"],
    accounts: () =>
      Promise.resolve(
        Object.fromEntries(
          (db.all("SELECT * FROM accounts") as Row[]).map((row) => [String(row["name"]), accountOf(row)]),
        ),
      ),
    entries: () =>
      Promise.resolve(
        db
          .all("SELECT payment || '=' || entry AS booked FROM entries ORDER BY position")
          .map((row) => row["booked"] as string),
      ),
    close: () => Promise.resolve().then(() => db.close()),
  };
}
