import { Laboratory, memoryPublisher } from "../../src/index.ts";
import { parallelWrites, type ParallelWrites, type WritesEvent } from "../../src/writes/index.ts";
import type { Booking, Ledger, LedgerOptions, Payment } from "./ledger.ts";
import { memoryLedger, sqliteLedger } from "./ledgers.ts";

const ledgers: Readonly<Record<"memory" | "sqlite", (options: LedgerOptions) => Ledger>> = {
  memory: memoryLedger,
  sqlite: sqliteLedger,
};

export interface Bank {
  readonly control: Ledger;
  readonly candidate: Ledger;
  readonly payments: ParallelWrites<Payment, Booking>;
  readonly laboratory: Laboratory;
  readonly events: WritesEvent[];
  /** Follows until nothing is left to be followed, or only dead operations and what is behind them. */
  readonly settle: () => Promise<void>;
}

export type Options = Parameters<typeof parallelWrites<Payment, { entryId: string }, never, never, Booking, never>>[1];

const open: Bank[] = [];

export async function closeBanks(): Promise<void> {
  for (const { control, candidate, laboratory } of open) {
    await laboratory.close();
    await control.close();
    await candidate.close();
  }
  open.length = 0;
}

export function bank(
  kind: keyof typeof ledgers,
  given: Partial<Options> & {
    onCandidate?: (op: Payment) => void;
    onControl?: (op: Payment) => void;
    copies?: boolean;
  } = {},
): Bank {
  const { onCandidate, onControl, copies, ...options } = given;
  const with_ = (onWrite: ((op: Payment) => void) | undefined) => ({
    ...(onWrite !== undefined && { onWrite }),
    ...(copies !== undefined && { copies }),
  });
  const control = ledgers[kind]({ name: "old", ...with_(onControl) });
  const candidate = ledgers[kind]({ name: "new", ...with_(onCandidate) });
  const laboratory = new Laboratory({ publishers: [memoryPublisher()] });
  const events: WritesEvent[] = [];
  const payments = parallelWrites("payments", {
    control: control.side,
    candidate: candidate.side,
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    facts: ({ id }: Booking) => ({ entryId: id }),
    laboratory,
    onEvent: (event: WritesEvent) => void events.push(event),
    ...(options as object),
  });
  const settle = async (): Promise<void> => {
    const stop = new AbortController();
    const working = payments.work({ signal: stop.signal });
    for (let waited = 0; waited < 400; waited++) {
      const { lag } = await payments.status();
      if (lag.control.rows === lag.control.dead && lag.candidate.rows === lag.candidate.dead) break;
      if (lag.control.dead > 0 && waited > 20) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    stop.abort();
    await working;
    await laboratory.settled();
  };
  const made = { control, candidate, payments, laboratory, events, settle };
  open.push(made);
  return made;
}

let ids = 0;
/** How many payments were made. */
export const paid = (): number => ids;
export const pay = (from: string, to: string, cents = 100): Payment => ({ paymentId: `p-${++ids}`, from, to, cents });

export function kindsOf(laboratory: Laboratory): Readonly<Record<string, number>> {
  return laboratory.status().experiments["payments"]!.candidates["candidate"]!.tally.kinds;
}

export const person = { by: "Ada", reason: "looked into it" };
