// Moves the authority of all buckets while it writes, and crashes at a named point of a move.
import { Laboratory } from "../../src/index.ts";
import { parallelWrites, type ParallelWrites, type SideName, type WishedStage } from "../../src/writes/index.ts";
import type { Booking, Ledger, Payment } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { bucketOf } from "../../src/writes/operation.ts";
import { crasher, insistOn } from "./crash.ts";
import type { Crash, SwitchFailpoint } from "./failpoints.ts";

const [port, oldName, newName, failpoint, crash, hit, target] = process.argv.slice(2) as [
  ...[port: string, oldName: string, newName: string, failpoint: SwitchFailpoint | "none", crash: Crash],
  ...[hit: string, target: SideName],
];
const isFirst = failpoint !== "none";
const crashing = crasher(Number(port), [oldName, newName], { failpoint, crash, hit: Number(hit) });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const stageOf = (side: SideName): WishedStage => ({ stage: side === "candidate" ? "live" : "shadow", share: 0 });
let wished = stageOf(isFirst ? "control" : target);
let isArmed = false;
/** The bucket that this process moves now. */
let moving: number | undefined;
let haveFailed = 0;
const cause = failpoint.split(".")[0];
/** Of moves that are called back since a record differs. */
let haveDiffered = 0;
const point = async (name: SwitchFailpoint): Promise<void> => {
  if (isArmed) await crashing.point(name);
};

const calledBack = (at: "before-raise" | "after-raise" | "after-release"): SwitchFailpoint =>
  cause === "found" ? `found.${at}` : `back.${at}`;

function watched(side: SideName, { outbox, ...rest }: Ledger["side"]): Ledger["side"] {
  const after = new WeakMap<object, SwitchFailpoint>();
  const transaction: Ledger["side"]["transaction"] = async (work) => {
    let name: SwitchFailpoint | undefined;
    const value = await rest.transaction(async (tx) => {
      const done = await work(tx);
      name = after.get(tx);
      return done;
    });
    if (name !== undefined) await point(name);
    return value;
  };
  return {
    ...rest,
    transaction,
    async read(...given) {
      const differs = cause === "found" && side === target && isArmed && moving !== undefined && haveDiffered < 4;
      if (!differs) return rest.read(...given);
      console.log(`${given[0]} differs`);
      return { cents: -1, payments: [] };
    },
    outbox: {
      ...outbox,
      async changeFence(tx, of) {
        const isNew = side === target;
        const commits = of.to.authority === target && !of.to.moving;
        if (of.to.moving) await point("switch.before-moving");
        else if (isNew) await point(commits ? "switch.before-commit-point" : calledBack("before-raise"));
        const isChanged = await outbox.changeFence(tx, of);
        if (!isChanged) return false;
        if (of.to.moving) {
          moving = of.bucket;
          after.set(tx as object, "switch.after-moving");
        } else if (isNew) {
          if (commits) await point("switch.in-commit-point");
          after.set(tx as object, commits ? "switch.between-commits" : calledBack("after-raise"));
        } else {
          moving = undefined;
          if (!commits) haveDiffered += 1;
          if (commits) await point("switch.in-old-commit");
          after.set(tx as object, commits ? "switch.after-old-commit" : calledBack("after-release"));
        }
        return true;
      },
      async lagOf(tx, of) {
        if (cause === "found" && isArmed && moving === undefined) await touch(of.bucket);
        if (of.bucket !== moving || !isArmed) return outbox.lagOf(tx, of);
        await point("switch.in-drain");
        if (cause === "back" && haveFailed++ < 4) throw new Error("the drain failed");
        const lag = await outbox.lagOf(tx, of);
        if (lag.rows === 0) await point("switch.before-recheck");
        return lag;
      },
    },
  };
}

const at = (database: string): { port: number; database: string } => ({ port: Number(port), database });
const ledgers = [
  await postgresqlLedger({ name: "old" }, at(oldName)),
  await postgresqlLedger({ name: "new" }, at(newName)),
];
const made = (): ParallelWrites<Payment, Booking> =>
  parallelWrites("payments", {
    control: watched("control", ledgers[0]!.side),
    candidate: watched("candidate", ledgers[1]!.side),
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    partition: ({ from }: Payment) => from.split("/")[0]!,
    facts: ({ id }: Booking) => ({ entryId: id }),
    again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
    rollout: { current: () => wished },
    laboratory: new Laboratory(),
  });
const payments = made();

const paymentOf = (n: number): Payment => {
  const tenant = `t${n % 8}`;
  return { paymentId: `p-${n}`, from: `${tenant}/${n % 3}`, to: `${tenant}/${(n + 1) % 3}`, cents: n };
};
async function write(through: ParallelWrites<Payment, Booking>, n: number): Promise<string> {
  const op = paymentOf(n);
  const id = await insistOn(() => through.write(op));
  console.log(`${op.paymentId}=${id}`);
  return id;
}
const writeAll = async (first: number, end: number): Promise<void> => {
  let next = first;
  await Promise.all(
    [0, 1, 2, 3].map(async () => {
      while (next < end) {
        await write(payments, next++);
        await pause(5);
      }
    }),
  );
};
async function until(side: SideName): Promise<void> {
  for (;;) {
    const now = await payments.status().catch(() => undefined);
    if (now?.buckets[side] === 64 && now.lag.control.rows === 0 && now.lag.candidate.rows === 0) return;
    await pause(50);
  }
}

/** Operations of each bucket that nobody has written yet, where it is to be touched just before it moves. */
const untouched = new Map<number, number[]>();
for (let n = 16; n < 48; n++) {
  const bucket = bucketOf("payments", paymentOf(n).from.split("/")[0]);
  untouched.set(bucket, [...(untouched.get(bucket) ?? []), n]);
}
async function touch(bucket: number): Promise<void> {
  const n = untouched.get(bucket)?.shift();
  if (n !== undefined) await write(payments, n);
}

// One that knows who the authority was, and hears of nothing since.
const stale = made();
const stop = new AbortController();
const working = payments.work({ signal: stop.signal });
if (isFirst) {
  await writeAll(0, 16);
  await until("control");
  await payments.reconcile();
  if (target === "control") {
    wished = stageOf("candidate");
    await until("candidate");
  }
  await write(stale, 16);
  isArmed = true;
  wished = stageOf(target);
}
if (cause !== "found") await writeAll(16, 48);
await until(target);
if (cause === "found") await writeAll(16, 48);
console.log(`stale ${await write(stale, 48)}`);
await until(target);
stop.abort();
await working;
await Promise.all([...ledgers.map((each) => each.close()), crashing.end()]);
console.log("done");
process.exit(0);
