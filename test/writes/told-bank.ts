import { Laboratory, type Publisher } from "../../src/index.ts";
import { fixedClock, type FixedClock } from "../../src/testing/index.ts";
import { parallelWrites, type ParallelWrites } from "../../src/writes/index.ts";
import type { Options } from "./bank.ts";
import type { Booking, Ledger, Payment } from "./ledger.ts";
import { memoryLedger } from "./ledgers.ts";

/** Two ledgers in memory by one clock, and the laboratory that tells how they stand. */
export interface ToldBank {
  readonly clock: FixedClock;
  readonly control: Ledger;
  readonly candidate: Ledger;
  readonly payments: ParallelWrites<Payment, Booking>;
  readonly laboratory: Laboratory;
  /** Works for so long. */
  readonly work: (ms: number) => Promise<void>;
  /** Compares all records, while time goes on. */
  readonly reconcile: () => Promise<void>;
}

/** A write of this many cents is one that the candidate refuses for good. */
export const deadCents = 13;
const stepMs = 100;
const refusal = "cannot book for s3cr3t-operation";

export function toldBank(publishers: readonly Publisher[], options: Partial<Options> = {}): ToldBank {
  const clock = fixedClock();
  const refuse = ({ cents }: Payment): void => {
    if (cents === deadCents) throw new TypeError(refusal);
  };
  const control = memoryLedger({ name: "old", clock });
  const candidate = memoryLedger({ name: "new", clock, onWrite: refuse });
  const laboratory = new Laboratory({ clock, publishers, labels: { build: "b1" } });
  const payments = parallelWrites("payments", {
    control: control.side,
    candidate: candidate.side,
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    facts: ({ id }: Booking) => ({ entryId: id }),
    permanent: (error: unknown) => error instanceof TypeError,
    laboratory,
    clock,
    ...(options as object),
  });
  async function work(ms: number): Promise<void> {
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    // In steps: between two of them what is awaited goes on, however many turns it takes.
    for (let passed = 0; passed < ms; passed += stepMs) await clock.advanceAsync(stepMs);
    stop.abort();
    await clock.advanceAsync(0);
    await working;
    await laboratory.settled();
  }
  async function reconcile(): Promise<void> {
    let isOver = false;
    const reconciling = payments.reconcile().finally(() => (isOver = true));
    while (!isOver) await clock.advanceAsync(stepMs);
    await reconciling;
  }
  return { clock, control, candidate, payments, laboratory, work, reconcile };
}

/** How they stand with one operation followed, one dead, one blocked behind it, and one skipped; the records are not those of accounts. */
export async function broken(all: ToldBank): Promise<void> {
  const { payments, work, reconcile } = all;
  const op = (from: string, to: string, cents: number, paymentId: string): Payment => ({ from, to, cents, paymentId });
  await payments.write(op("s3cr3t-ada", "s3cr3t-bob", 100, "s3cr3t-1"));
  await work(2_000);
  await reconcile();
  await payments.write(op("s3cr3t-eve", "s3cr3t-mia", deadCents, "s3cr3t-2"));
  await work(2_000);
  await payments.skip("s3cr3t-2", { by: "s3cr3t-person", reason: "s3cr3t-reason" });
  await payments.write(op("s3cr3t-ada", "s3cr3t-bob", deadCents, "s3cr3t-3"));
  await payments.write(op("s3cr3t-bob", "s3cr3t-tom", 100, "s3cr3t-4"));
  await work(20_000);
}
