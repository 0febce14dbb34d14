// One process of a bank under a nemesis: writes payments, or follows them, as its first argument says, until the file of wishes says that it is over.
import { readFileSync } from "node:fs";
import { Pool } from "pg";
import { Laboratory } from "../../src/index.ts";
import { seededRandom } from "../../src/testing/index.ts";
import { AlreadyWrittenError, parallelWrites, type OutboxStore, type SideName } from "../../src/writes/index.ts";
import type { Booking, Ledger, Payment } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { accountsOfTenant, bankTenants, type BankWish } from "./bank-wish.ts";

const [role, tag, oldPort, newPort, port, wishes] = process.argv.slice(2) as [
  ...[role: "write" | "work" | "reconcile" | "status", tag: string, oldPort: string, newPort: string],
  ...[port: string, wishes: string],
];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const wish = (): BankWish => JSON.parse(readFileSync(wishes, "utf8")) as BankWish;

/** Past the proxies. */
const look = Object.fromEntries(
  (["control", "candidate"] as const).map((side) => {
    const database = side === "control" ? "old" : "new";
    const pool = new Pool({ host: "127.0.0.1", port: Number(port), user: "sidelane", database, max: 2 });
    return [side, pool.on("error", () => undefined)];
  }),
) as Record<SideName, Pool>;

/** Counts what waits on the old side at the moment at which the new one says that it is the authority. */
function watched(side: SideName, { outbox, ...rest }: Ledger["side"]): Ledger["side"] {
  const other = side === "control" ? "candidate" : "control";
  const store: OutboxStore = {
    ...outbox,
    async changeFence(tx, of) {
      const before = (await outbox.fences(tx, of)).find(({ bucket }) => bucket === of.bucket);
      const isCommitPoint = of.to.authority === side && before?.authority === other && before.epoch === of.epoch;
      if (isCommitPoint) {
        const { rows } = await look[other].query(
          "SELECT count(*) AS lag FROM sidelane_outbox WHERE side = $1 AND bucket = $2",
          [other, of.bucket],
        );
        console.log(`switch ${side} ${Number((rows[0] as { lag: string }).lag)}`);
      }
      return outbox.changeFence(tx, of);
    },
  };
  return { ...rest, outbox: store };
}

class Refused extends Error {}
const onWrite = ({ cents }: Payment): void => {
  if (cents < 0) throw new Refused("a payment is aborted");
};
/** Connections may be cut just now. */
async function opened(name: "old" | "new", through: string): Promise<Ledger> {
  for (;;) {
    try {
      return await postgresqlLedger({ name, onWrite }, { port: Number(through), database: name });
    } catch {
      await pause(100);
    }
  }
}
const control = await opened("old", oldPort);
const candidate = await opened("new", newPort);
interface TenantPayment extends Payment {
  readonly tenant: string;
}
const payments = parallelWrites("payments", {
  control: watched("control", control.side),
  candidate: watched("candidate", candidate.side),
  id: (op: Payment) => op.paymentId,
  keys: (op: Payment) => [op.from, op.to],
  partition: (op: Payment) => (op as TenantPayment).tenant,
  facts: ({ id }: Booking) => ({ entryId: id }),
  rollout: { current: wish },
  leaseMs: 1_000,
  heardWithinMs: 3_000,
  laboratory: new Laboratory(),
  onEvent: ({ kind, reason }) => console.log(`event ${kind} ${reason}`),
});

/** Comes again with the same id until it knows what became of it. */
async function insist(op: TenantPayment): Promise<void> {
  for (;;) {
    try {
      const { id } = await payments.write(op);
      console.log(`booked ${op.paymentId}=${id}`);
      return;
    } catch (error) {
      if (error instanceof AlreadyWrittenError) {
        console.log(`booked ${op.paymentId}=${(error.facts as { entryId: string }).entryId}`);
        return;
      }
      if (error instanceof Refused) return;
      await pause(20);
    }
  }
}

async function writer(number: number): Promise<void> {
  const random = seededRandom(wish().seed + number + tag.length * 1_000);
  const draw = (most: number): number => Math.floor(random() * most);
  for (let n = 0; !wish().isOver; n++) {
    const tenant = `t${draw(bankTenants)}`;
    const from = draw(accountsOfTenant);
    const to = (from + 1 + draw(accountsOfTenant - 1)) % accountsOfTenant;
    const isAborted = random() < 0.1;
    const paymentId = `${tag}-${number}-${n}`;
    await insist({
      paymentId,
      tenant,
      from: `${tenant}/${from}`,
      to: `${tenant}/${to}`,
      cents: isAborted ? -1 : 1 + draw(99),
    });
    await pause(draw(20));
  }
}

console.log("ready");
if (role === "write") await Promise.all([0, 1, 2, 3].map(writer));
if (role === "work") {
  const stop = new AbortController();
  const working = payments.work({ signal: stop.signal });
  for (;;) {
    await pause(100);
    const { lag } = await payments.status().catch(() => ({ lag: undefined }));
    if (wish().isDrained && lag?.control.rows === 0 && lag.candidate.rows === 0) break;
  }
  stop.abort();
  await working;
}
if (role === "reconcile") console.log(`reconciled ${JSON.stringify(await payments.reconcile())}`);
console.log("done");
// Its pools may hold connections that a proxy has forgotten.
process.exit(0);
