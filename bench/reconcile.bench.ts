// How fast are all records compared, by how many statements is one difference found, and for how long do writers wait while a bucket moves?
// Run with `npm run bench:reconcile`, or with `-- 10000000` for so many records, 0 for none; needs a real PostgreSQL on the machine.
import { loadavg } from "node:os";
import type { Pool, PoolClient } from "pg";
import { Laboratory } from "../src/index.ts";
import {
  parallelWrites,
  postgresqlOutbox,
  sqlRecords,
  type OutboxStore,
  type ParallelWrites,
  type RecordStore,
  type WishedStage,
} from "../src/writes/index.ts";
import { poolOf, startPostgresql } from "../test/real/postgresql.ts";
import { inTx } from "../test/writes/postgresql-ledger.ts";
import { machine, rounds } from "./rounds.ts";
import { atOnce, bookTransfer, makeLedger, nextTransfer, type Transfer } from "./writes-ledger.ts";

const wanted = { digests: 0.6, streamed: 80_000, megabytes: 150, statements: 100, pauseP99Ms: 1_000 };
const streamed = 200_000;
/** A bucket with more than 100 does not begin to move. */
const onTheirWay = 90;
const [rows, moves] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 100)];

/** As one would write it by hand: the fields with a mark between them, and one sum. */
const byHand = `SELECT count(*), sum(CAST(CAST('x' || substr(md5(name || '|' || cents || '|' || booked_at), 1, 15) AS bit(60)) AS bigint))
FROM accounts`;

const server = await startPostgresql({ connections: 100 });
const laboratory = new Laboratory();

interface Store {
  readonly pool: Pool;
  readonly records: RecordStore<unknown>;
  statements: number;
}

async function storeOf(database: string, count: number): Promise<Store> {
  await server.psql(`CREATE DATABASE ${database}`);
  // What one connection does, on either way.
  await server.psql(`ALTER DATABASE ${database} SET max_parallel_workers_per_gather = 0`);
  const pool = poolOf(server.port, database, 4);
  await pool.query(`CREATE TABLE accounts AS SELECT 'a' || lpad(CAST(n AS text), 9, '0') AS name, n::bigint * 7919 % 1000000 AS cents,
  timestamptz '2026-01-01' + n * interval '1 s' AS booked_at FROM generate_series(1, ${count}) AS n`);
  await pool.query('CREATE UNIQUE INDEX ON accounts (name COLLATE "C")');
  await pool.query("VACUUM ANALYZE accounts");
  const store: Store = {
    pool,
    statements: 0,
    records: sqlRecords({
      dialect: "postgresql",
      async query(sql, parameters) {
        store.statements += 1;
        return (await pool.query(sql, parameters)).rows as object[];
      },
      table: "accounts",
      key: "name",
      columns: [
        { sql: "name", type: "text" },
        { sql: "cents", type: "integer" },
        { sql: "booked_at", type: "time" },
      ],
      record: (row) => ({ cents: row["cents"], at: row["booked_at"] }),
    }),
  };
  return store;
}

type Records = ParallelWrites<Transfer, unknown>;

/** Two stores that are only compared. */
function over(name: string, control: Store, candidate: Store, digests: boolean): Records {
  const side = ({ pool, records }: Store) => ({
    transaction: <Value>(work: (tx: unknown) => Promise<Value>) => inTx(pool, work),
    write: () => undefined,
    async read(key: string): Promise<unknown> {
      const { rows: found } = await pool.query("SELECT cents, booked_at AS at FROM accounts WHERE name = $1", [key]);
      return found[0];
    },
    records: digests ? records : { scan: records.scan },
    outbox: postgresqlOutbox(pool, { prefix: `${name}_` }),
  });
  return parallelWrites(name, {
    ...{ control: side(control), candidate: side(candidate) },
    ...{ id: (op: Transfer) => op.id, keys: (op) => [op.from, op.to], laboratory },
  });
}

async function compareRecords(): Promise<void> {
  const [control, candidate] = [await storeOf("old", rows), await storeOf("young", rows)];
  const few = [await storeOf("few_old", streamed), await storeOf("few_young", streamed)] as const;
  const ours = few[0].records.digests!;
  const range = { after: undefined, to: undefined };
  const [hand, ...others] = await rounds(
    [
      { name: "a sum by hand", run: () => few[0].pool.query(byHand) },
      { name: "digests of one range", run: () => ours({ ...range, parts: 1 }) },
      { name: "digests in 16 parts", run: () => ours({ ...range, parts: 16 }) },
    ],
    streamed,
    5,
  );
  const perSecond = (ns: number): number => Math.round(1e9 / ns);
  console.log(`${hand!.name}: ${perSecond(hand!.ns)} rows a second ± ${Math.round(hand!.spread * 100)} %`);
  for (const { name, ns, spread } of others) {
    const figures = `${perSecond(ns)} rows a second ± ${Math.round(spread * 100)} % = ${(hand!.ns / ns).toFixed(2)}x`;
    console.log(`${name}: ${figures} (wanted: at least ${wanted.digests}x)`);
  }

  const streams = over("streams", few[0], few[1], false);
  await streams.reconcile({ rowsPerSecond: 1e9 });
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < 5; round++) {
    const startedAt = performance.now();
    await streams.reconcile({ rowsPerSecond: 1e9 });
    times.push(performance.now() - startedAt);
  }
  clearInterval(watching);
  const { user, system } = process.cpuUsage(cpu);
  const ms = times.sort((a, b) => a - b)[2]!;
  const figures = `${Math.round((2 * streamed * 1_000) / ms)} rows a second in ${Math.round(most / 2 ** 20)} MB, ${Math.round((5 * 2 * streamed * 1e6) / (user + system))} a second of its own processor time`;
  console.log(`streams: ${figures} (wanted: at least ${wanted.streamed} in at most ${wanted.megabytes} MB)`);

  await candidate.pool.query("UPDATE accounts SET cents = cents + 1 WHERE name = $1", [
    `a${String(Math.round(rows * 0.77)).padStart(9, "0")}`,
  ]);
  const digests = over("digests", control, candidate, true);
  control.statements = candidate.statements = 0;
  const startedAt = performance.now();
  const { findings, keys } = await digests.reconcile({ rowsPerSecond: 1e9 });
  const seconds = (performance.now() - startedAt) / 1_000;
  const statements = control.statements + candidate.statements;
  console.log(
    `${findings.length} difference in ${keys} records: ${statements} statements (wanted: at most ${wanted.statements}), ` +
      `${seconds.toFixed(1)} s, ${Math.round((2 * rows) / seconds)} rows a second`,
  );
  for (const { pool } of [control, candidate, ...few]) await pool.end();
}

/** Says how long writers waited: from when a bucket is said to move until the new side says that it is the authority. */
function watched(store: OutboxStore, pauses: Pauses): OutboxStore {
  return {
    ...store,
    // Nothing is followed before a bucket is said to move: all that was written is on its way then.
    take: async (tx, of) => (pauses.areHeld && pauses.since === undefined ? [] : store.take(tx, of)),
    async lagOf(tx, of) {
      const lag = await store.lagOf(tx, of);
      if (of.bucket === 0 && pauses.since === undefined) pauses.lag = lag.rows;
      return lag;
    },
    async changeFence(tx, of) {
      const isChanged = await store.changeFence(tx, of);
      // Without partitions all operations are of the first bucket.
      if (of.bucket !== 0) return isChanged;
      if (of.to.moving) pauses.since = performance.now();
      else if (pauses.since !== undefined) {
        // The commit point is the first change after that; the one behind it ends the old side's own wait.
        pauses.taken.push({ ms: performance.now() - pauses.since, lag: pauses.lag });
        pauses.since = undefined;
      }
      return isChanged;
    },
  };
}

interface Pauses {
  since: number | undefined;
  areHeld: boolean;
  lag: number;
  readonly taken: { readonly ms: number; readonly lag: number }[];
}

async function switchOver(): Promise<void> {
  const pauses: Pauses = { since: undefined, areHeld: false, lag: 0, taken: [] };
  let wished: WishedStage = { stage: "shadow", share: 0 };
  const sides = await Promise.all(
    ["moving_old", "moving_young"].map(async (database) => {
      await server.psql(`CREATE DATABASE ${database}`);
      const pool = poolOf(server.port, database, 20);
      await makeLedger(pool);
      const read = async (key: string): Promise<unknown> =>
        (await pool.query("SELECT cents FROM accounts WHERE name = $1", [key])).rows[0];
      return {
        pool,
        side: {
          transaction: <Value>(work: (tx: PoolClient) => Promise<Value>) => inTx(pool, work),
          write: (op: Transfer, tx: PoolClient) => bookTransfer(tx, op),
          ...{ read, outbox: watched(postgresqlOutbox(pool), pauses) },
          records: sqlRecords({
            dialect: "postgresql" as const,
            query: async (sql, parameters) => (await pool.query(sql, parameters)).rows as object[],
            ...{ table: "accounts", key: "name", record: ({ cents }): unknown => ({ cents }) },
          }),
        },
      };
    }),
  );
  const [control, candidate] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const payments = parallelWrites("moving", {
    control: control.side,
    candidate: candidate.side,
    id: (op: Transfer) => op.id,
    keys: (op: Transfer) => [op.from, op.to],
    ...{ laboratory, readBack: 0, rollout: { current: () => wished } },
  });
  const stop = new AbortController();
  const working = payments.work({ signal: stop.signal });
  await payments.write(nextTransfer());
  await payments.reconcile();
  pauses.areHeld = true;
  while (pauses.taken.length < moves) {
    const before = pauses.taken.length;
    await atOnce(8, onTheirWay, () => payments.write(nextTransfer()));
    wished = wished.stage === "shadow" ? { stage: "live", share: 1 } : { stage: "shadow", share: 0 };
    while (pauses.taken.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stop.abort();
  await working;
  const of = (figures: readonly number[], share: number): number =>
    Math.round([...figures].sort((a, b) => a - b)[Math.floor(share * (figures.length - 1))]!);
  const ms = pauses.taken.map((each) => each.ms);
  const lags = pauses.taken.map(({ lag }) => lag);
  console.log(
    `writers waited, ${moves} moves of a bucket: half of them ${of(ms, 0.5)} ms, 99 % at most ${of(ms, 0.99)} ms, all ${of(ms, 1)} ms ` +
      `(wanted: 99 % at most ${wanted.pauseP99Ms} ms); operations on their way when it began: half ${of(lags, 0.5)}, most ${of(lags, 1)}`,
  );
  for (const { pool } of sides) await pool.end();
}

console.log(`${machine()}; load ${loadavg()[0]!.toFixed(1)} before, ${rows} records`);
if (rows > 0) await compareRecords();
await switchOver();
console.log(`load ${loadavg()[0]!.toFixed(1)} after`);
await laboratory.close();
await server.stop();
