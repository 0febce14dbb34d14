import type { Pool, PoolClient } from "pg";
import { inTx } from "../test/writes/postgresql-ledger.ts";

/** Money from one account to another, and what was booked for it. */
export interface Transfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

const accounts = 2_000;
let made = 0;

export function nextTransfer(): Transfer {
  made += 1;
  const from = (made * 7_919) % accounts;
  return { id: `t-${made}`, from: `a${from}`, to: `a${(from + 1 + (made % 97)) % accounts}`, cents: 1 + (made % 50) };
}

export async function makeLedger(pool: Pool): Promise<void> {
  await pool.query("CREATE TABLE accounts (name text PRIMARY KEY, cents bigint NOT NULL)");
  await pool.query("CREATE TABLE entries (transfer text PRIMARY KEY, cents bigint NOT NULL)");
  await pool.query(`INSERT INTO accounts SELECT 'a' || n, 0 FROM generate_series(0, ${accounts - 1}) AS n`);
}

/** What a program does for one transfer: three statements. */
export async function bookTransfer(
  tx: PoolClient,
  { id, from, to, cents }: Transfer,
): Promise<{ readonly id: string }> {
  const changes =
    from < to ?
      ([
        [from, -cents],
        [to, cents],
      ] as const)
    : ([
        [to, cents],
        [from, -cents],
      ] as const);
  for (const [name, change] of changes)
    await tx.query("UPDATE accounts SET cents = cents + $2 WHERE name = $1", [name, change]);
  await tx.query("INSERT INTO entries (transfer, cents) VALUES ($1, $2)", [id, cents]);
  return { id };
}

/** The same transaction, with nothing beside it. */
export function bookAlone(pool: Pool, transfer: Transfer): Promise<unknown> {
  return inTx(pool, (tx) => bookTransfer(tx, transfer));
}

/** Does it so many times, so many at once. */
export async function atOnce(connections: number, times: number, run: () => Promise<unknown>): Promise<void> {
  let left = times;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await run();
    }),
  );
}
