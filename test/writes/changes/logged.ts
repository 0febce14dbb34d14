import type { Change, Changes } from "../../../src/writes/index.ts";
import { storedLedger, type StoredLedger } from "../intent/api.ts";
import type { BookingFacts, Payment } from "../ledger.ts";

/** A ledger that others write to, and the log of what it has committed. */
export interface LoggedLedger extends StoredLedger {
  readonly log: Change<Payment, BookingFacts>[];
  /** How many of them were acknowledged. */
  acknowledged: number;
  /** How often the log was begun to be read. */
  readings: number;
  /** Reads what was not acknowledged, and waits for more. */
  readonly changes: Changes<Payment, BookingFacts>;
  /** The log's readers see only so many; all by default. */
  visible: number;
}

export function loggedLedger(name: string, { tail = true }: { readonly tail?: boolean } = {}): LoggedLedger {
  const stored = storedLedger(name);
  const log: Change<Payment, BookingFacts>[] = [];
  const ledger: LoggedLedger = {
    ...stored,
    ...{ log, acknowledged: 0, readings: 0, visible: Infinity },
    async book(op, entryId) {
      const booking = await stored.book(op, entryId);
      log.push({ op, facts: { entryId: booking.id } });
      return booking;
    },
    async *changes(signal: AbortSignal) {
      ledger.readings += 1;
      for (let at = ledger.acknowledged; !signal.aborted;) {
        if (at < Math.min(log.length, ledger.visible)) {
          const position = ++at;
          const acknowledge = (): void => void (ledger.acknowledged = Math.max(ledger.acknowledged, position));
          yield { acknowledge, ...log[at - 1]! };
        } else if (tail) await new Promise((resolve) => setTimeout(resolve, 2));
        else return;
      }
    },
  };
  return ledger;
}
