import { afterEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import { systemClock, type Clock } from "../../../src/model/clock.ts";
import { parallelWrites, type OutboxStore, type ParallelWrites } from "../../../src/writes/index.ts";
import type { Booking, Ledger, Payment } from "../ledger.ts";
import { memoryLedger, sqliteLedger } from "../ledgers.ts";
import { sideOfApi, storedLedger, type StoredLedger } from "./api.ts";

/** Where a process may end on the way of an operation to a side without transactions, and what it was about to do. */
const failpoints = ["after-intent", "after-write", "after-result"] as const;
type Failpoint = (typeof failpoints)[number];
type Crash = "kill" | "lost-answer";
type ApiSide = "control" | "candidate";

const leaseMs = 100;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const open: { readonly ledger: Ledger; readonly laboratories: Laboratory[] }[] = [];

afterEach(async () => {
  for (const { ledger, laboratories } of open.splice(0)) {
    for (const laboratory of laboratories) await laboratory.close();
    await ledger.close();
  }
});

interface Planned {
  readonly failpoint: Failpoint;
  readonly crash: Crash;
  readonly hit: number;
}

/** One process: where it is killed it stands still for ever, its timers with it. */
function processOf(
  { ledger, api, apiSide }: { readonly ledger: Ledger; readonly api: StoredLedger; readonly apiSide: ApiSide },
  planned: Planned | undefined,
): { readonly payments: ParallelWrites<Payment, Booking>; readonly laboratory: Laboratory } {
  let isAlive = true;
  let reached = 0;
  const clock: Clock = {
    ...systemClock,
    after: (ms, run, keeps) => systemClock.after(ms, () => isAlive && run(), keeps),
  };
  const still = (): Promise<never> => new Promise(() => undefined);
  const point = async (name: Failpoint): Promise<void> => {
    if (!isAlive) await still();
    if (planned?.failpoint !== name || ++reached !== planned.hit) return;
    if (planned.crash === "lost-answer") throw new Error("the answer was lost");
    isAlive = false;
    await still();
  };
  const { outbox, transaction, ...side } = ledger.side;
  const kinds = new WeakMap<object, Failpoint>();
  const store: OutboxStore = {
    ...outbox,
    async claim(tx, of) {
      const isClaimed = await outbox.claim(tx, of);
      if (isClaimed && of.side === apiSide) kinds.set(tx as object, "after-intent");
      return isClaimed;
    },
    async keep(tx, of) {
      await outbox.keep(tx, of);
      if (of.value === null && of.side === apiSide && kinds.get(tx as object) === undefined)
        kinds.set(tx as object, "after-result");
    },
  };
  const watched: typeof transaction = async (work) => {
    let kind: Failpoint | undefined;
    const value = await transaction(async (tx) => {
      kinds.delete(tx);
      const done = await work(tx);
      kind = kinds.get(tx);
      return done;
    });
    if (kind !== undefined) await point(kind);
    return value;
  };
  const ofLedger = { ...side, transaction: watched, outbox: store } as unknown as Ledger["side"];
  const ofApi = sideOfApi({
    ...api,
    async book(op, entryId) {
      const booking = await api.book(op, entryId);
      await point("after-write");
      return booking;
    },
  });
  const laboratory = new Laboratory();
  const payments = parallelWrites("payments", {
    control: apiSide === "control" ? ofApi : ofLedger,
    candidate: apiSide === "control" ? ofLedger : ofApi,
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    facts: ({ id }: Booking) => ({ entryId: id }),
    again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
    ...{ laboratory, clock, leaseMs },
  });
  return { payments, laboratory };
}

const cells = (["control", "candidate"] as const).flatMap((apiSide) =>
  failpoints.flatMap((failpoint) =>
    (["kill", "lost-answer"] as const).map((crash) => ({ apiSide, failpoint, crash, hit: 2 })),
  ),
);

describe.each(["memory", "sqlite"] as const)("a side without transactions beside one in %s", (kind) => {
  it.each(["kill", "lost-answer"] as const)(
    "holds no key of an operation that was written before, whose caller comes again: %s",
    async (crash) => {
      const ledger = (kind === "memory" ? memoryLedger : sqliteLedger)({ name: "ours" });
      const api = storedLedger("theirs");
      const op: Payment = { paymentId: "p-0", from: "a0", to: "a1", cents: 1 };
      const laboratories: Laboratory[] = [];
      open.push({ ledger, laboratories });
      const begin = (planned?: Planned): ParallelWrites<Payment, Booking> => {
        const { payments, laboratory } = processOf({ ledger, api, apiSide: "control" }, planned);
        if (planned?.crash !== "kill") laboratories.push(laboratory);
        return payments;
      };
      const { id } = await begin().write(op);
      const again = begin({ failpoint: "after-intent", crash, hit: 1 }).write(op);
      await Promise.race([again.catch(() => undefined), pause(leaseMs)]);
      const payments = begin();
      expect(await payments.write({ ...op, paymentId: "p-1" })).not.toEqual({ id });
      expect(await payments.write(op)).toEqual({ id });
      expect(api.booked).toHaveLength(2);
    },
  );

  it.each(cells)(
    "has each operation once and in order: $apiSide, $failpoint, $crash",
    async ({ apiSide, ...planned }) => {
      const ledger = (kind === "memory" ? memoryLedger : sqliteLedger)({ name: "ours" });
      const api = storedLedger("theirs");
      const laboratories: Laboratory[] = [];
      open.push({ ledger, laboratories });
      const ops = Array.from({ length: 8 }, (_, n): Payment => {
        return { paymentId: `p-${n}`, from: `a${n % 3}`, to: `a${(n + 1) % 3}`, cents: n + 1 };
      });
      const answers = new Map<string, string>();
      const began = async (plan: Planned | undefined): Promise<() => Promise<void>> => {
        const { payments, laboratory } = processOf({ ledger, api, apiSide }, plan);
        // That of a process that is killed would wait for what it has begun.
        if (plan?.crash !== "kill") laboratories.push(laboratory);
        const stop = new AbortController();
        const working = payments.work({ signal: stop.signal });
        const writing = Promise.all(
          ops.map(async (op) => {
            for (let tries = 0; tries < 50; tries++) {
              const booking = await payments.write(op).catch(() => pause(5));
              if (booking === undefined) continue;
              answers.set(op.paymentId, booking.id);
              return;
            }
          }),
        );
        // Of a process that is killed neither ends.
        if (plan?.crash === "kill") return () => pause(leaseMs);
        return async () => {
          await writing;
          for (let waited = 0; waited < 500; waited++) {
            const { lag } = await payments.status();
            if (lag.control.rows + lag.candidate.rows === 0) break;
            await pause(10);
          }
          stop.abort();
          await working;
          await laboratory.settled();
        };
      };
      await (
        await began(planned)
      )();
      await (
        await began(undefined)
      )();
      const entries = await ledger.entries();
      expect([...entries].sort()).toEqual([...api.booked].sort());
      expect(api.booked.map((each) => each.split("=")[0]).sort()).toEqual(ops.map(({ paymentId }) => paymentId));
      expect(await ledger.accounts()).toEqual(Object.fromEntries(api.accounts));
      expect([...answers].map(([payment, entry]) => `${payment}=${entry}`).sort()).toEqual([...entries].sort());
    },
  );
});
