// Writes operations and follows them over two databases, and crashes at a named point on its way.
import { Pool } from "pg";
import { Laboratory } from "../../src/index.ts";
import { parallelWrites, type OutboxStore } from "../../src/writes/index.ts";
import type { Booking, Ledger, Payment } from "../writes/ledger.ts";
import { apiAt, sideOfApi } from "../writes/intent/api.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { crasher, insistOn } from "./crash.ts";
import type { Crash, Failpoint, IntentFailpoint } from "./failpoints.ts";

// A name that is an address is that of an API in the place of a database.
const [port, oldName, newName, failpoint, crash, hit, first, count] = process.argv.slice(2) as [
  ...[port: string, oldName: string, newName: string, failpoint: Failpoint | IntentFailpoint | "none", crash: Crash],
  ...[hit: string, first: string, count: string],
];
const isApi = (name: string): boolean => name.startsWith("http:");
const apiSide = isApi(oldName) ? "control" : "candidate";
const kept = isApi(oldName) ? newName : oldName;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const crashing = crasher(Number(port), [oldName, newName], { failpoint, crash, hit: Number(hit) });
const point = (name: Failpoint | IntentFailpoint): Promise<void> => crashing.point(name);

/** What a transaction has turned out to be. */
const kinds = new WeakMap<object, Failpoint | IntentFailpoint>();

function watched({ outbox, ...side }: Ledger["side"]): Ledger["side"] {
  const store: OutboxStore = {
    ...outbox,
    async enter(tx, of) {
      await point("write.before-fence");
      const entered = await outbox.enter(tx, of);
      kinds.set(tx as object, "write.after-commit");
      await point("write.after-fence");
      return entered;
    },
    async enqueue(tx, of) {
      await point("write.after-write");
      const done = await outbox.enqueue(tx, of);
      await point("write.after-enqueue");
      return done;
    },
    async take(tx, of) {
      const rows = await outbox.take(tx, of);
      if (rows.length > 0) await point("work.after-take");
      return rows;
    },
    async advance(tx, of) {
      await point("follow.after-write");
      const done = await outbox.advance(tx, of);
      kinds.set(tx as object, "follow.after-commit");
      await point("follow.after-advance");
      return done;
    },
    async claim(tx, of) {
      const isClaimed = await outbox.claim(tx, of);
      if (isClaimed && of.side === apiSide) kinds.set(tx as object, "intent.after-intent");
      return isClaimed;
    },
    async keep(tx, of) {
      await outbox.keep(tx, of);
      if (of.value === null && of.side === apiSide) kinds.set(tx as object, "intent.after-result");
    },
    async acknowledge(tx, of) {
      await outbox.acknowledge(tx, of);
      await point("work.after-acknowledge");
    },
  };
  const transaction: Ledger["side"]["transaction"] = async (work) => {
    let kind: Failpoint | IntentFailpoint | undefined;
    const value = await side.transaction(async (tx) => {
      const done = await work(tx);
      kind = kinds.get(tx);
      kinds.delete(tx);
      return done;
    });
    if (kind !== undefined) await point(kind);
    return value;
  };
  return { ...side, transaction, outbox: store };
}

const at = (database: string): { port: number; database: string } => ({ port: Number(port), database });
const ledgers: Ledger[] = [];
async function sideOf(name: "old" | "new", database: string): Promise<Ledger["side"]> {
  if (!isApi(database)) {
    const ledger = await postgresqlLedger({ name }, at(database));
    ledgers.push(ledger);
    return watched(ledger.side);
  }
  const api = apiAt(database);
  const side = sideOfApi({
    ...api,
    async book(op, entryId) {
      const booking = await api.book(op, entryId);
      await point("intent.after-write");
      return booking;
    },
  });
  return side as unknown as Ledger["side"];
}
const payments = parallelWrites("payments", {
  control: await sideOf("old", oldName),
  candidate: await sideOf("new", newName),
  id: (op: Payment) => op.paymentId,
  keys: (op: Payment) => [op.from, op.to],
  facts: ({ id }: Booking) => ({ entryId: id }),
  again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
  laboratory: new Laboratory(),
  leaseMs: isApi(oldName) || isApi(newName) ? 500 : 30_000,
});

async function insist(op: Payment): Promise<void> {
  console.log(`${op.paymentId}=${await insistOn(() => payments.write(op))}`);
}

const stop = new AbortController();
const working = [payments.work({ signal: stop.signal }), payments.work({ signal: stop.signal })];
let next = Number(first);
const end = next + Number(count);
await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (next < end) {
      const n = next++;
      await insist({ paymentId: `p-${n}`, from: `a${n % 5}`, to: `a${(n + 1 + (n % 3)) % 5}`, cents: n });
    }
  }),
);
for (;;) {
  try {
    // As if the leases of workers that have crashed were over.
    const pool = new Pool({ host: "127.0.0.1", port: Number(port), user: "sidelane", database: kept, max: 1 });
    pool.on("error", () => undefined);
    await pool.query("UPDATE sidelane_outbox SET next_at = 0 WHERE state = 'due'");
    await pool.end();
    const { lag } = await payments.status();
    if (lag.control.rows === 0) break;
  } catch {
    // Its connections may just have been ended.
  }
  await pause(50);
}
stop.abort();
await Promise.all(working);
await Promise.all([...ledgers.map((each) => each.close()), crashing.end()]);
console.log("done");
