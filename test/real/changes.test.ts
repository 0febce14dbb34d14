import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { parallelWrites, type Change, type ParallelWrites, type WritesEvent } from "../../src/writes/index.ts";
import { accountOf, empty, type Account, type Booking, type BookingFacts, type Payment } from "../writes/ledger.ts";
import type { Ledger, Row } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Books as a program does that knows nothing of any outbox. */
async function book(pool: Pool, op: Payment, entry: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    for (const [key, cents] of [
      [op.from, -op.cents],
      [op.to, op.cents],
    ] as const) {
      await client.query(
        `INSERT INTO accounts AS a (name, cents, payments) VALUES ($1, $2, json_build_array($3::text)::text)
ON CONFLICT (name) DO UPDATE SET cents = a.cents + excluded.cents, payments = (a.payments::jsonb || excluded.payments::jsonb)::text`,
        [key, cents, op.paymentId],
      );
    }
    await client.query("INSERT INTO booked (op, entry) VALUES ($1, $2)", [JSON.stringify(op), entry]);
    await client.query("COMMIT");
  } finally {
    client.release();
  }
}

/** What the server's own log has of the table `booked`, by logical decoding: a slot lets one connection in at a time. */
async function* decoded(
  pool: Pool,
  signal: AbortSignal,
  beforeAcknowledging: () => Promise<void>,
): AsyncGenerator<Change<Payment, BookingFacts>> {
  let after = "0/0";
  while (!signal.aborted) {
    // Transactions come whole and in the order of their commits; the places of what is in them are in another.
    const { rows } = await pool.query(
      "SELECT lsn::text, data, lsn > $1::pg_lsn AS is_new FROM pg_logical_slot_peek_changes('booked', NULL, 200)",
      [after],
    );
    let booking: RegExpExecArray | null = null;
    for (const { lsn, data, is_new: isNew } of rows as { lsn: string; data: string; is_new: boolean }[]) {
      booking = /^table public\.booked: INSERT: op\[text\]:'(.*)' entry\[text\]:'(.*)'$/.exec(data) ?? booking;
      if (booking === null || !isNew || !data.startsWith("COMMIT")) continue;
      const [, op, entry] = booking;
      booking = null;
      const acknowledge = async (): Promise<void> => {
        await beforeAcknowledging();
        await pool.query(
          `SELECT pg_replication_slot_advance('booked', $1::pg_lsn) FROM pg_replication_slots
WHERE slot_name = 'booked' AND confirmed_flush_lsn < $1::pg_lsn`,
          [lsn],
        );
      };
      yield { op: JSON.parse(op!) as Payment, facts: { entryId: entry! }, acknowledge };
      after = lsn;
    }
    await pause(5);
  }
}

describe.skipIf(withoutPostgresql !== undefined)(`a real PostgreSQL, followed by logical decoding${reason}`, () => {
  let server: RealPostgresql;
  let old: Pool;
  let slot: Pool;
  let candidate: Ledger;
  let round = 0;
  const laboratories: Laboratory[] = [];

  beforeAll(async () => {
    server = await startPostgresql();
    await server.psql("ALTER SYSTEM SET wal_level = 'logical'");
    await server.kill();
    await server.start();
  }, 60_000);
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const laboratory of laboratories.splice(0)) await laboratory.close();
    await candidate.close();
    await slot.query("SELECT pg_drop_replication_slot('booked')");
    await slot.end();
    await old.end();
  });

  async function databases(): Promise<void> {
    round += 1;
    await server.psql(`CREATE DATABASE old${round}`);
    await server.psql(`CREATE DATABASE new${round}`);
    old = poolOf(server.port, `old${round}`, 12);
    slot = poolOf(server.port, `old${round}`, 1);
    await old.query("CREATE TABLE accounts (name text PRIMARY KEY, cents bigint NOT NULL, payments text NOT NULL)");
    await old.query("CREATE TABLE booked (op text NOT NULL, entry text NOT NULL)");
    await old.query("SELECT pg_create_logical_replication_slot('booked', 'test_decoding')");
    candidate = await postgresqlLedger({ name: "new" }, { port: server.port, database: `new${round}` });
  }

  /** One process. */
  function process(beforeAcknowledging: () => Promise<void> = () => Promise.resolve()): {
    readonly payments: ParallelWrites<Payment, Booking>;
    readonly events: WritesEvent[];
  } {
    const laboratory = new Laboratory();
    laboratories.push(laboratory);
    const { transaction, outbox, ...side } = candidate.side;
    const events: WritesEvent[] = [];
    const payments = parallelWrites("payments", {
      control: {
        changes: (signal: AbortSignal) => decoded(slot, signal, beforeAcknowledging),
        read: async (key: string): Promise<Account> => {
          const { rows } = await old.query("SELECT cents, payments FROM accounts WHERE name = $1", [key]);
          return rows[0] === undefined ? empty : accountOf(rows[0] as Row);
        },
        ...{ transaction, outbox: { ...outbox } },
      },
      candidate: { ...side, transaction, outbox: { ...outbox } },
      id: (op: Payment) => op.paymentId,
      keys: (op: Payment) => [op.from, op.to],
      ...{ laboratory, onEvent: (event: WritesEvent) => void events.push(event) },
    });
    return { payments, events };
  }

  const bookedSoFar = async (): Promise<string[]> => {
    const { rows } = await old.query("SELECT op::jsonb->>'paymentId' || '=' || entry AS booked FROM booked");
    return (rows as { booked: string }[]).map(({ booked }) => booked).sort();
  };

  async function expectEqual(): Promise<void> {
    const { rows } = await old.query("SELECT * FROM accounts");
    const accounts = Object.fromEntries((rows as Row[]).map((row) => [String(row["name"]), accountOf(row)]));
    expect(await candidate.accounts()).toEqual(accounts);
    expect([...(await candidate.entries())].sort()).toEqual(await bookedSoFar());
  }

  async function workUntilFollowed(payments: ParallelWrites<Payment, Booking>, workers: number): Promise<void> {
    const stop = new AbortController();
    const working = Array.from({ length: workers }, () => payments.work({ signal: stop.signal }));
    const { length } = await bookedSoFar();
    // Its own connection may be ended, too.
    while ((await candidate.entries().catch(() => [])).length < length) await pause(10);
    stop.abort();
    await Promise.all(working);
  }

  async function writeFrom(first: number, count: number): Promise<void> {
    let n = first;
    const writers = Array.from({ length: 4 }, async () => {
      while (n < first + count) {
        const op = { paymentId: `p-${++n}`, from: `a${n % 5}`, to: `b${n % 3}`, cents: n };
        await book(old, op, `old-${n}`);
      }
    });
    await Promise.all(writers);
  }

  it("has each payment once and in the order of its commits, with two workers", async () => {
    await databases();
    const { payments } = process();
    await writeFrom(0, 200);
    await workUntilFollowed(payments, 2);
    await expectEqual();
  }, 60_000);

  it("goes on in another process where one was killed after it had kept changes, and before it acknowledged them", async () => {
    await databases();
    let kept = 0;
    const killed = process(() => {
      kept += 1;
      return new Promise(() => undefined);
    });
    // That of a process that is killed never ends.
    laboratories.pop();
    await writeFrom(0, 20);
    const stop = new AbortController();
    void killed.payments.work({ signal: stop.signal });
    while (kept === 0) await pause(5);
    stop.abort();
    await writeFrom(20, 20);
    await workUntilFollowed(process().payments, 1);
    await expectEqual();
  }, 60_000);

  it("goes on where the database ends all connections before changes are acknowledged", async () => {
    await databases();
    let ended = 0;
    const { payments, events } = process(async () => {
      if (ended++ > 2) return;
      await server.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
      );
    });
    await writeFrom(0, 60);
    await workUntilFollowed(payments, 1);
    await expectEqual();
    expect(events.filter(({ kind }) => kind === "dead")).toEqual([]);
  }, 60_000);
});
