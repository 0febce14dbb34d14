import { Laboratory, memoryPublisher } from "../../../src/index.ts";
import {
  memoryOutbox,
  parallelWrites,
  type ParallelWrites,
  type WishedStage,
  type WritesEvent,
} from "../../../src/writes/index.ts";
import type { Booking, Ledger, Payment } from "../ledger.ts";
import { memoryLedger, sqliteLedger } from "../ledgers.ts";
import { loggedLedger, type LoggedLedger } from "./logged.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const open: { readonly laboratory: Laboratory; readonly candidate: Ledger }[] = [];

export async function closeFollowed(): Promise<void> {
  for (const { laboratory, candidate } of open.splice(0)) {
    await laboratory.close();
    await candidate.close();
  }
}

export interface Followed {
  readonly old: LoggedLedger;
  readonly candidate: Ledger;
  readonly payments: ParallelWrites<Payment, Booking>;
  readonly laboratory: Laboratory;
  readonly events: WritesEvent[];
  /** Follows until it holds, by so many workers. */
  readonly workUntil: (holds: () => boolean | Promise<boolean>, workers?: number) => Promise<void>;
  /** Whether all that was logged is followed. */
  readonly isFollowed: () => Promise<boolean>;
}

export type Kind = "memory" | "sqlite" | "an outbox of its own";

/** An old ledger that cannot be touched, and a new one that follows its log. */
export function followed(
  kind: Kind,
  given: {
    readonly old?: LoggedLedger;
    readonly control?: object;
    readonly options?: object;
    readonly stage?: () => WishedStage;
    readonly copies?: boolean;
    readonly onCandidate?: (op: Payment) => void;
  } = {},
): Followed {
  const { old = loggedLedger("old"), copies = false, onCandidate } = given;
  const candidate = (kind === "sqlite" ? sqliteLedger : memoryLedger)({
    ...{ name: "new", copies },
    ...(onCandidate !== undefined && { onWrite: onCandidate }),
  });
  const own = memoryOutbox();
  const { transaction, outbox } =
    kind === "an outbox of its own" ? { transaction: own.transaction, outbox: own } : candidate.side;
  const laboratory = new Laboratory({ publishers: [memoryPublisher()] });
  const events: WritesEvent[] = [];
  const payments = parallelWrites("payments", {
    control: {
      changes: old.changes,
      read: (key: string) => old.account(key),
      records: {
        scan: ({ after = "", limit }: { readonly after: string | undefined; readonly limit: number }) =>
          [...old.accounts.keys()]
            .filter((key) => key > after)
            .sort()
            .slice(0, limit)
            .map((key) => ({ key, record: old.accounts.get(key)! })),
      },
      ...{ transaction, outbox, behindMs: 40 },
      ...given.control,
    },
    candidate: candidate.side,
    id: (op: Payment) => op.paymentId,
    keys: (op: Payment) => [op.from, op.to],
    ...{ laboratory, onEvent: (event: WritesEvent) => void events.push(event) },
    ...(given.stage !== undefined && { rollout: { current: given.stage } }),
    ...given.options,
  });
  open.push({ laboratory, candidate });
  const isFollowed = async (): Promise<boolean> =>
    old.acknowledged >= Math.min(old.log.length, old.visible) && (await payments.status()).lag.control.rows === 0;
  const workUntil: Followed["workUntil"] = async (holds, workers = 1) => {
    const stop = new AbortController();
    const working = Array.from({ length: workers }, () => payments.work({ signal: stop.signal }));
    let held = false;
    for (let waited = 0; waited < 500 && !held; waited++) {
      held = await holds();
      if (!held) await pause(10);
    }
    stop.abort();
    await Promise.all(working);
    await laboratory.settled();
    if (!held)
      throw new Error(
        `it does not hold after 5 s: ${old.acknowledged} of ${old.log.length} acknowledged, ${JSON.stringify([(await payments.status()).lag, await candidate.entries(), events])}`,
      );
  };
  return { old, candidate, payments, laboratory, events, workUntil, isFollowed };
}
