import type { Pool, PoolClient } from "pg";
import { poolOf } from "../real/postgresql.ts";
import { postgresqlOutbox, type WriteSide } from "../../src/writes/index.ts";
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

export async function postgresqlLedger(
  { name, copies = false, onWrite }: LedgerOptions,
  { port, database }: { readonly port: number; readonly database: string },
): Promise<Ledger> {
  const pool = poolOf(port, database, 12);
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
    records: {
      async scan({ after, limit }) {
        const sql = 'SELECT * FROM accounts WHERE name COLLATE "C" > $1 ORDER BY name COLLATE "C" LIMIT $2';
        const { rows } = await pool.query(sql, [after ?? "", limit]);
        return (rows as Row[]).map((row) => ({ key: String(row["name"]), record: accountOf(row) }));
      },
    },
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

/** A transaction on a client of its own, which is given up when it fails. */
export async function inTx<Value>(pool: Pool, work: (tx: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  // Of a connection that ends its statements tell.
  const unheard = (): void => undefined;
  client.on("error", unheard);
  let failed = true;
  try {
    await client.query("BEGIN");
    const value = await work(client);
    await client.query("COMMIT");
    failed = false;
    return value;
  } catch (error) {
    failed = await client.query("ROLLBACK").then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    if (!failed) client.off("error", unheard);
    client.release(failed);
  }
}
