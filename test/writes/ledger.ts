import type { Clock } from "../../src/model/clock.ts";
import type { OutboxStore, WriteSide } from "../../src/writes/index.ts";

/** Money from one account to another. */
export interface Payment {
  readonly paymentId: string;
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

/** An account: what it has, and the payments that it took part in, in their order. */
export interface Account {
  readonly cents: number;
  readonly payments: readonly string[];
}

export interface BookingFacts {
  readonly entryId: string;
}

export interface Booking {
  readonly id: string;
}

/** A ledger under test, and its side of `parallelWrites`. */
export interface Ledger {
  readonly side: WriteSide<Payment, BookingFacts, never, Booking, Account> & { readonly outbox: OutboxStore };
  /** Every account, by name. */
  accounts(): Promise<Record<string, Account>>;
  /** What was booked, in order of booking: facts as they were taken down. */
  entries(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface LedgerOptions {
  readonly name: string;
  readonly clock?: Clock;
  /** Whether it can put a whole record in place. */
  readonly copies?: boolean;
  /** Called within each write, before anything is booked. */
  readonly onWrite?: (op: Payment) => void | Promise<void>;
}

export const empty: Account = { cents: 0, payments: [] };

export type Row = Readonly<Record<string, string | number | null>>;

export function accountOf(row: Row): Account {
  return { cents: Number(row["cents"]), payments: JSON.parse(String(row["payments"])) as string[] };
}

/** Both ledgers equal: accounts, the order of payments on each, and what was booked under which entry. */
export async function differencesBetween(control: Ledger, candidate: Ledger): Promise<string[]> {
  const [a, b] = [await control.accounts(), await candidate.accounts()];
  const differing = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  );
  return differing.map((key) => `${key}: ${JSON.stringify(a[key])} / ${JSON.stringify(b[key])}`);
}
