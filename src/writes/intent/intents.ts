import type { Clock } from "../../model/clock.ts";
import type { OutboxEntry, OutboxStore, StreamOf } from "../outbox/store.ts";

/** What is kept of an operation before it is written on a side without transactions, until it is known whether it was. */
export type Intent = Omit<OutboxEntry, "facts" | "generation">;

/** One that is kept. */
export interface KeptIntent extends Intent {
  /** Whether its process could not find out what became of it. */
  readonly isInDoubt?: boolean;
  /** Since its process said last that it is at it, in milliseconds. */
  readonly ageMs: number;
}

const ofId = "intent:id:";
const ofKey = "intent:key:";

/**
 * Keeps an intent where no other is of its id or of any of its keys, so that no two operations on a key are on their way to the side at
 * once: their order would not be known.
 *
 * @returns whether it is kept; if not, the transaction is to be rolled back
 */
export async function claimIntent(store: OutboxStore, tx: unknown, of: StreamOf, intent: Intent): Promise<boolean> {
  if (!(await store.claim(tx, { ...of, item: `${ofId}${intent.id}`, value: JSON.stringify(intent) }))) return false;
  for (const key of intent.keys) if (!(await claimKey(store, tx, of, key))) return false;
  return true;
}

/** Keeps others from writing on a key, until it is released. @returns whether nobody does */
export function claimKey(store: OutboxStore, tx: unknown, of: StreamOf, key: string): Promise<boolean> {
  return store.claim(tx, { ...of, item: `${ofKey}${key}`, value: "1" });
}

export function releaseKey(store: OutboxStore, tx: unknown, of: StreamOf, key: string): Promise<void> {
  return store.keep(tx, { ...of, item: `${ofKey}${key}`, value: null });
}

export async function releaseIntent(store: OutboxStore, tx: unknown, of: StreamOf, intent: Intent): Promise<void> {
  await store.keep(tx, { ...of, item: `${ofId}${intent.id}`, value: null });
  for (const key of intent.keys) await releaseKey(store, tx, of, key);
}

/** All that are kept. */
export async function intentsOf(store: OutboxStore, tx: unknown, of: StreamOf): Promise<readonly KeptIntent[]> {
  const kept = await store.kept(tx, { ...of, prefix: ofId });
  return kept.map(({ value, ageMs }) => ({ ...(JSON.parse(value) as Intent), ageMs }));
}

/** Says that a process is still at it, or that it cannot find out what became of it. */
export async function renewIntent(
  store: OutboxStore,
  tx: unknown,
  of: StreamOf,
  intent: Intent & Pick<KeptIntent, "isInDoubt">,
): Promise<void> {
  const own = (await intentsOf(store, tx, of)).find(({ id, token }) => id === intent.id && token === intent.token);
  if (own !== undefined) await store.keep(tx, { ...of, item: `${ofId}${intent.id}`, value: JSON.stringify(intent) });
}

/** The outbox of a side without transactions, in another side's: what is on its way to the side counts as not followed. */
export function storeOfIntents(store: OutboxStore): OutboxStore {
  return {
    ...store,
    async count(tx, of) {
      const counts = await store.count(tx, of);
      const intents = await intentsOf(store, tx, of);
      const oldestMs = Math.max(counts.oldestMs, ...intents.map(({ ageMs }) => ageMs));
      return { ...counts, oldestMs, rows: counts.rows + intents.length };
    },
    async lagOf(tx, of) {
      const lag = await store.lagOf(tx, of);
      const intents = (await intentsOf(store, tx, of)).filter(({ bucket }) => bucket === of.bucket);
      const oldestMs = Math.max(lag.oldestMs, ...intents.map(({ ageMs }) => ageMs));
      return { ...lag, oldestMs, rows: lag.rows + intents.length };
    },
    async heads(tx, of) {
      const intents = await intentsOf(store, tx, of);
      const heads = await store.heads(tx, of);
      // Its record may have moved already.
      return heads.map((head, index) => head + Number(intents.some(({ keys }) => keys.includes(of.keys[index]!))));
    },
  };
}

/** Runs `renew` thrice a lease while work goes on. Never rejects for it. */
export async function renewing<Value>(
  clock: Clock,
  leaseMs: number,
  renew: () => Promise<unknown>,
  work: () => Value | PromiseLike<Value>,
): Promise<Value> {
  let cancel: () => void = () => undefined;
  let isOver = false;
  const next = (): void => {
    cancel = clock.after(leaseMs / 3, () => {
      renew()
        .catch(() => undefined)
        .finally(() => {
          if (!isOver) next();
        });
    });
  };
  next();
  try {
    return await work();
  } finally {
    isOver = true;
    cancel();
  }
}
