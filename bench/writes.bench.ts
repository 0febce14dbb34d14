// What does it cost to take a write down for a follower, how fast does a worker follow, and how far behind is it?
// Run with `npm run bench:writes`; needs a real PostgreSQL on the machine.
import { loadavg } from "node:os";
import type { Pool, PoolClient } from "pg";
import { Laboratory } from "../src/index.ts";
import { parallelWrites, postgresqlOutbox, type ParallelWrites } from "../src/writes/index.ts";
import { poolOf, startPostgresql } from "../test/real/postgresql.ts";
import { inTx } from "../test/writes/postgresql-ledger.ts";
import { machine, rounds, type Timing } from "./rounds.ts";
import { atOnce, bookAlone, bookTransfer, makeLedger, nextTransfer, type Transfer } from "./writes-ledger.ts";

const connections = 8;
const perRound = 400;
const wanted = { write: 0.6, applied: 0.4, lagP99Ms: 250 };

interface Pair {
  readonly old: Pool;
  readonly young: Pool;
  readonly payments: ParallelWrites<Transfer, { readonly id: string }>;
  /** When the follower had committed each transfer, by `performance.now()`. */
  readonly appliedAt: Map<string, number>;
}

// As PostgreSQL is by default; `memory` has no commit wait for the disk, so that only processor time is left.
const isDurable = process.argv[3] !== "memory";
const server = await startPostgresql({ connections: 200, isDurable });
const laboratory = new Laboratory();

async function pair(name: string, prepared?: false): Promise<Pair> {
  const pools = await Promise.all(
    ["old", "young"].map(async (side) => {
      await server.psql(`CREATE DATABASE ${side}_${name}`);
      const pool = poolOf(server.port, `${side}_${name}`, connections + 2);
      await makeLedger(pool);
      return pool;
    }),
  );
  const [old, young] = pools as [Pool, Pool];
  const appliedAt = new Map<string, number>();
  const booked = new WeakMap<PoolClient, string>();
  const payments = parallelWrites(name, {
    control: {
      transaction: (work) => inTx(old, work),
      write: (op: Transfer, tx: PoolClient) => bookTransfer(tx, op),
      read: () => undefined,
      outbox: postgresqlOutbox(old, prepared === false ? { prepared } : {}),
    },
    candidate: {
      async transaction<Value>(work: (tx: PoolClient) => Promise<Value>) {
        let id: string | undefined;
        const value = await inTx(young, async (tx) => {
          booked.delete(tx);
          const came = await work(tx);
          id = booked.get(tx);
          return came;
        });
        if (id !== undefined) appliedAt.set(id, performance.now());
        return value;
      },
      write(op: Transfer, tx: PoolClient) {
        booked.set(tx, op.id);
        return bookTransfer(tx, op);
      },
      read: () => undefined,
      outbox: postgresqlOutbox(young, prepared === false ? { prepared } : {}),
    },
    id: (op) => op.id,
    keys: (op) => [op.from, op.to],
    ...{ laboratory, readBack: 0 },
  });
  return { old, young, payments, appliedAt };
}

function tell(timings: readonly Timing[], atLeast: number): void {
  const [alone] = timings;
  for (const { name, ns, spread } of timings) {
    const perSecond = Math.round(1e9 / ns);
    const ratio = alone!.ns / ns;
    const verdict = name === alone!.name ? "" : ` = ${ratio.toFixed(2)}x (wanted: at least ${atLeast}x)`;
    console.log(`  ${name}: ${perSecond} a second ± ${Math.round(spread * 100)} %${verdict}`);
  }
}

/** Works until so many more are applied and nothing is left. */
async function drain({ payments, appliedAt }: Pair, more: number): Promise<void> {
  const stop = new AbortController();
  const until = appliedAt.size + more;
  const working = payments.work({ concurrency: connections, signal: stop.signal });
  while (appliedAt.size < until) await new Promise((resolve) => setTimeout(resolve, 1));
  while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await working;
}

/** Only following is timed: what there is to follow is written before, and by the clock that `rounds` does not stop. */
async function applied(pairs: readonly Pair[], labels: readonly string[], count: number): Promise<Timing[]> {
  const taken = [[], ...pairs.map(() => [])] as number[][];
  for (let round = -1; round < count; round++) {
    const figures: number[] = [];
    const startedAt = performance.now();
    await atOnce(connections, perRound, () => bookAlone(pairs[0]!.young, nextTransfer()));
    figures.push(performance.now() - startedAt);
    for (const each of pairs) {
      await atOnce(connections, perRound, () => each.payments.write(nextTransfer()));
      const before = performance.now();
      await drain(each, perRound);
      figures.push(performance.now() - before);
    }
    if (round >= 0) figures.forEach((ms, index) => taken[index]!.push((ms * 1e6) / perRound));
  }
  return taken.map((all, index) => {
    const sorted = all.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    return { name: labels[index]!, ns: at(0.5), spread: (at(0.75) - at(0.25)) / 2 / at(0.5) };
  });
}

/** Writes at an even pace while a worker follows. */
async function lag({ payments, appliedAt }: Pair, perSecond: number, seconds: number): Promise<number[]> {
  const stop = new AbortController();
  const working = payments.work({ concurrency: connections, signal: stop.signal });
  const writtenAt = new Map<string, number>();
  const writing: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < perSecond * seconds;) {
    for (; n < ((performance.now() - startedAt) / 1_000) * perSecond; n++) {
      const transfer = nextTransfer();
      writing.push(payments.write(transfer).then(() => writtenAt.set(transfer.id, performance.now())));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(writing);
  while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await working;
  return [...writtenAt].map(([id, at]) => appliedAt.get(id)! - at).sort((a, b) => a - b);
}

const [byDefault, unprepared] = [await pair("by_default"), await pair("unprepared", false)];
const pairs = [byDefault, unprepared];
const count = Number(process.argv[2] ?? 9);
console.log(
  `${machine()}; load ${loadavg()[0]!.toFixed(1)} before, ${connections} connections${isDurable ? "" : ", no commit waits for the disk"}`,
);
console.log("a write, beside the same transaction alone; workers paused");
tell(
  await rounds(
    [
      { name: "alone", run: (times) => atOnce(connections, times, () => bookAlone(byDefault.old, nextTransfer())) },
      {
        name: "write",
        run: (times) => atOnce(connections, times, () => byDefault.payments.write(nextTransfer())),
      },
      {
        name: "write, not `prepared`",
        run: (times) => atOnce(connections, times, () => unprepared.payments.write(nextTransfer())),
      },
    ],
    perRound,
    count,
  ),
  wanted.write,
);
for (const each of pairs) await drain(each, 0);
console.log("operations applied, beside the follower's transactions alone; writers paused, nothing read back");
tell(await applied(pairs, ["alone", "applied", "applied, not `prepared`"], count), wanted.applied);
for (const [index, each] of pairs.entries()) {
  const lags = await lag(each, 300, 10);
  const at = (share: number): string => `${Math.round(lags[Math.floor(share * (lags.length - 1))]!)} ms`;
  const label = index === 0 ? "" : ", not `prepared`";
  const figures = `half after ${at(0.5)}, 99 % after ${at(0.99)}, all after ${at(1)}`;
  console.log(`300 writes a second${label}: ${figures} (wanted: 99 % within ${wanted.lagP99Ms} ms)`);
}
console.log(`load ${loadavg()[0]!.toFixed(1)} after`);
await laboratory.close();
for (const { old, young } of pairs) await Promise.all([old.end(), young.end()]);
await server.stop();
