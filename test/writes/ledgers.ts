import { Database } from "node-sqlite3-wasm";
import { Pool, type PoolClient } from "pg";
import { oneAfterAnother } from "../../src/model/one-after-another.ts";
import type { Clock } from "../../src/model/clock.ts";
import {
  memoryOutbox,
  postgresqlOutbox,
  sqliteOutbox,
  type MemoryTransaction,
  type OutboxStore,
  type WriteSide,
} from "../../src/writes/index.ts";

/** Money from one account to another. */
export interface Payment {
  readonly paymentId: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/** An account: what it has, and the payments that it took part in, in their order. */
export interface Account {
  readonly cents: number;
  readonly payments: readonly string[];
}

export interface BookingFacts {
  readonly entryId: string;
}

export interface Booking {
  readonly id: string;
}

/** A ledger under test, and its side of `parallelWrites`. */
export interface Ledger {
  readonly side: WriteSide<Payment, BookingFacts, never, Booking, Account> & { readonly outbox: OutboxStore };
  /** Every account, by name. */
  accounts(): Promise<Record<string, Account>>;
  /** What was booked, in order of booking: facts as they were taken down. */
  entries(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface LedgerOptions {
  readonly name: string;
  readonly clock?: Clock;
  /** Whether it can put a whole record in place. */
  readonly copies?: boolean;
  /** Called within each write, before anything is booked. */
  readonly onWrite?: (op: Payment) => void | Promise<void>;
}

const empty: Account = { cents: 0, payments: [] };

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

export async function postgresqlLedger(
  { name, copies = false, onWrite }: LedgerOptions,
  { port, database }: { readonly port: number; readonly database: string },
): Promise<Ledger> {
  const pool = new Pool({ host: "127.0.0.1", port, user: "sidelane", database, max: 12 });
  pool.on("error", () => undefined);
  await pool.query(`CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, cents bigint NOT NULL, payments text NOT NULL);
CREATE TABLE IF NOT EXISTS entries (position bigserial PRIMARY KEY, payment text NOT NULL UNIQUE, entry text NOT NULL)`);
  const read = async (key: string): Promise<Account> => {
    const { rows } = await pool.query("SELECT cents, payments FROM accounts WHERE name = $1", [key]);
    return rows[0] === undefined ? empty : accountOf(rows[0] as Row);
  };
  let entry = 0;
  const side: WriteSide<Payment, BookingFacts, PoolClient, Booking, Account> = {
    transaction: (work) => inTx(pool, work),
    async write(op, tx, { facts }) {
      await onWrite?.(op);
      const changes = [
        [op.from, -op.cents],
        [op.to, op.cents],
      ] as const;
      for (const [key, cents] of [...changes].sort(([a], [b]) => (a < b ? -1 : 1))) {
        await tx.query(
          `INSERT INTO accounts AS a (name, cents, payments) VALUES ($1, $2, json_build_array($3::text)::text)
ON CONFLICT (name) DO UPDATE SET cents = a.cents + excluded.cents, payments = (a.payments::jsonb || excluded.payments::jsonb)::text`,
          [key, cents, op.paymentId],
        );
      }
      const id = facts?.entryId ?? `${name}-${process.pid}-${++entry}`;
      await tx.query("INSERT INTO entries (payment, entry) VALUES ($1, $2)", [op.paymentId, id]);
      return { id };
    },
    read,
    ...(copies && {
      copy: async (key: string, { cents, payments }: Account, tx: PoolClient) => {
        await tx.query(
          "INSERT INTO accounts (name, cents, payments) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET cents = excluded.cents, payments = excluded.payments",
          [key, cents, JSON.stringify(payments)],
        );
      },
    }),
    outbox: postgresqlOutbox(pool),
  };
  return {
    side: side as unknown as Ledger["side"],
    async accounts() {
      const { rows } = await pool.query("SELECT * FROM accounts");
      return Object.fromEntries((rows as Row[]).map((row) => [String(row["name"]), accountOf(row)]));
    },
    async entries() {
      const { rows } = await pool.query("SELECT payment, entry FROM entries ORDER BY position");
      return (rows as Row[]).map((row) => `${String(row["payment"])}=${String(row["entry"])}`);
    },
    close: () => pool.end(),
  };
}

type Row = Readonly<Record<string, string | number | null>>;

function accountOf(row: Row): Account {
  return { cents: Number(row["cents"]), payments: JSON.parse(String(row["payments"])) as string[] };
}

/** A transaction on a client of its own. */
export async function inTx<Value>(pool: Pool, work: (tx: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query("BEGIN");
    const value = await work(client);
    await client.query("COMMIT");
    return value;
  } catch (error) {
    failed = error as Error;
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release(failed !== undefined && "code" in failed && String(failed.code).startsWith("57"));
  }
}

/** Both ledgers equal: accounts, the order of payments on each, and what was booked under which entry. */
export async function differencesBetween(control: Ledger, candidate: Ledger): Promise<string[]> {
  const [a, b] = [await control.accounts(), await candidate.accounts()];
  const differing = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  );
  return differing.map((key) => `${key}: ${JSON.stringify(a[key])} / ${JSON.stringify(b[key])}`);
}
