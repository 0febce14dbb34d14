import { checkOptions } from "../../model/check-options.ts";
import { systemClock, type Clock } from "../../model/clock.ts";
import { oneAfterAnother } from "../../model/one-after-another.ts";
import { aClock, orElse, settle, type OptionTable } from "../../model/option-table.ts";
import { byBytes } from "./byte-order.ts";
import { transactionOf, type MemoryTransaction } from "./memory-transaction.ts";
import {
  bucketCount,
  type Fence,
  type HistoryEntry,
  type KeptItem,
  type KnownId,
  type OutboxRow,
  type OutboxStore,
  type Position,
  type StreamOf,
} from "./store.ts";

/** An outbox of one process, and the transactions that go with it. */
export interface MemoryOutbox extends OutboxStore {
  /** Runs one work after the other; takes back by `tx` what a failed one has changed. */
  transaction<Value>(this: void, work: (tx: MemoryTransaction) => Promise<Value>): Promise<Value>;
}

/** What `memoryOutbox` takes; every option has a default. */
export interface MemoryOutboxOptions {
  /** The clock that says when rows are due; the system's by default. */
  readonly clock?: Clock;
}

export const memoryOutboxTable: OptionTable<MemoryOutboxOptions, "clock"> = { clock: orElse(aClock, systemClock) };

interface StoredRow extends OutboxRow {
  readonly position: number;
  readonly nextAt: number;
  readonly createdAt: number;
}

interface StoredHead {
  readonly seq: number;
  readonly touched: number;
  readonly bucket: number;
}

/** What is kept of one stream. */
interface Kept {
  readonly fences: Map<number, Fence>;
  readonly ids: Map<string, KnownId & { readonly at: number }>;
  readonly heads: Map<string, StoredHead>;
  readonly rows: Map<string, StoredRow>;
  readonly applied: Map<string, Position>;
  readonly history: Map<number, HistoryEntry & { readonly at: number }>;
  readonly items: Map<string, { readonly value: string; readonly at: number }>;
  /** How many operations were ever taken down. */
  latest: number;
}

/**
 * An outbox in memory, for tests: what is in it ends with the process. Its side's `transaction` is its own.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example
 * const outbox = memoryOutbox()
 * const side = { transaction: outbox.transaction, write: (op, tx) => tx.set(records, op.id, op), read: (key) => records.get(key), outbox }
 */
export function memoryOutbox(options: MemoryOutboxOptions = {}): MemoryOutbox {
  const { clock } = settle(checkOptions("memoryOutbox"), memoryOutboxTable, options);
  const streams = new Map<string, Kept>();
  const inTurn = oneAfterAnother();

  function keptOf({ name, side }: StreamOf): Kept {
    const stream = `${side}:${name}`;
    const kept = streams.get(stream) ?? {
      ...{ fences: new Map(), ids: new Map(), heads: new Map(), rows: new Map(), applied: new Map() },
      ...{ history: new Map(), items: new Map(), latest: 0 },
    };
    streams.set(stream, kept);
    return kept;
  }

  function takeDown(tx: MemoryTransaction, of: StreamOf, id: string, known: KnownId): boolean {
    const { ids } = keptOf(of);
    if (ids.has(id)) return false;
    const { digest, facts, token } = known;
    tx.set(ids, id, { digest, facts, token, at: clock.now() });
    return true;
  }

  const deadOf = (of: StreamOf): StoredRow[] => [...keptOf(of).rows.values()].filter(({ state }) => state === "dead");
  const blockedBy = (of: StreamOf): Set<string> => new Set(deadOf(of).flatMap(({ keys }) => keys));

  const oldestOf = (rows: readonly StoredRow[]): number =>
    rows.reduce((most, { createdAt }) => Math.max(most, clock.now() - createdAt), 0);

  function change(tx: unknown, of: StreamOf, id: string, to: Partial<StoredRow>): boolean {
    const { rows } = keptOf(of);
    const row = rows.get(id);
    if (row !== undefined) (tx as MemoryTransaction).set(rows, id, { ...row, ...to });
    return row !== undefined;
  }

  return {
    transaction: (work) =>
      inTurn(async () => {
        const undos: (() => void)[] = [];
        try {
          return await work(transactionOf(undos));
        } catch (error) {
          for (const undo of undos.reverse()) undo();
          throw error;
        }
      }),

    prepare: () => Promise.resolve(),
    found(tx, of) {
      const { fences } = keptOf(of);
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        if (fences.has(bucket)) continue;
        const fence: Fence = {
          ...{ bucket, authority: "control", moving: false, follows: of.follows, generation: 1, epoch: 1 },
        };
        (tx as MemoryTransaction).set(fences, bucket, fence);
      }
      return Promise.resolve();
    },
    fences: (_, of) => Promise.resolve([...keptOf(of).fences.values()].sort((a, b) => a.bucket - b.bucket)),
    enter: (_, of) => Promise.resolve({ fence: keptOf(of).fences.get(of.bucket)!, known: keptOf(of).ids.get(of.id) }),
    changeFence(tx, of) {
      const { fences } = keptOf(of);
      const is = fences.get(of.bucket);
      if (is?.epoch !== of.epoch) return Promise.resolve(false);
      (tx as MemoryTransaction).set(fences, of.bucket, { ...of.to, bucket: of.bucket, epoch: of.epoch + 1 });
      return Promise.resolve(true);
    },
    known: (_, of) => Promise.resolve(keptOf(of).ids.get(of.id)),
    ids(_, { after = "", limit, ...of }) {
      const all = [...keptOf(of).ids].map(([id, { digest, facts, token }]) => ({ id, digest, facts, token }));
      const later = all.filter(({ id }) => byBytes(id, after) > 0).sort((a, b) => byBytes(a.id, b.id));
      return Promise.resolve(later.slice(0, limit));
    },

    enqueue(tx, of) {
      const on = tx as MemoryTransaction;
      const { entry } = of;
      if (!takeDown(on, of, entry.id, entry)) return Promise.resolve(false);
      const kept = keptOf(of);
      const { heads, rows } = kept;
      const position = ++kept.latest;
      const seqs = entry.keys.map((key) => {
        const seq = (heads.get(key)?.seq ?? 0) + 1;
        on.set(heads, key, { seq, bucket: entry.bucket, touched: position });
        return seq;
      });
      const now = clock.now();
      on.set(rows, entry.id, {
        ...entry,
        ...{ position, seqs, attempts: 0, waits: 0, state: "due", error: null, nextAt: now, createdAt: now },
      });
      return Promise.resolve(true);
    },
    remember: (tx, of) => Promise.resolve(takeDown(tx as MemoryTransaction, of, of.id, of)),
    heads: (_, of) => Promise.resolve(of.keys.map((key) => keptOf(of).heads.get(key)?.seq ?? 0)),
    holdHead(tx, of) {
      const { heads, fences } = keptOf(of);
      const head = heads.get(of.key) ?? { seq: 0, bucket: of.bucket, touched: 0 };
      (tx as MemoryTransaction).set(heads, of.key, head);
      const { seq, bucket } = head;
      return Promise.resolve({ seq, bucket, generation: fences.get(bucket)!.generation });
    },

    take(tx, of) {
      const now = clock.now();
      const blocked = blockedBy(of);
      const taken = [...keptOf(of).rows.values()]
        .filter(({ state, nextAt }) => state === "due" && nextAt <= now)
        .filter(({ bucket, keys }) => (of.bucket ?? bucket) === bucket && !keys.some((key) => blocked.has(key)))
        .slice(0, of.limit);
      for (const { id } of taken) change(tx, of, id, { nextAt: now + of.leaseMs });
      return Promise.resolve(taken);
    },
    acknowledge(tx, of) {
      for (const id of of.ids) (tx as MemoryTransaction).delete(keptOf(of).rows, id);
      return Promise.resolve();
    },
    postpone(tx, of) {
      const now = clock.now();
      for (const { id, delayMs, ...row } of of.rows) change(tx, of, id, { ...row, nextAt: now + delayMs });
      return Promise.resolve();
    },
    bury(tx, of) {
      change(tx, of, of.id, { state: "dead", attempts: of.attempts, error: of.error });
      return Promise.resolve();
    },
    revive(tx, of) {
      if (keptOf(of).rows.get(of.id)?.state !== "dead") return Promise.resolve(false);
      return Promise.resolve(change(tx, of, of.id, { state: "due", attempts: 0, waits: 0, nextAt: clock.now() }));
    },
    find(_, of) {
      const { id, key } = of;
      if (id !== undefined) {
        const row = keptOf(of).rows.get(id);
        return Promise.resolve(row === undefined ? [] : [row]);
      }
      return Promise.resolve(deadOf(of).filter(({ keys }) => key === undefined || keys.includes(key)));
    },
    count(_, of) {
      const rows = [...keptOf(of).rows.values()];
      return Promise.resolve({
        rows: rows.length,
        oldestMs: oldestOf(rows),
        dead: deadOf(of).length,
        blocked: blockedBy(of).size,
        first: rows.reduce((least, { position }) => Math.min(least, position), rows[0]?.position ?? 0),
        latest: keptOf(of).latest,
      });
    },
    lagOf(_, of) {
      const rows = [...keptOf(of).rows.values()].filter(({ bucket }) => bucket === of.bucket);
      return Promise.resolve({
        rows: rows.length,
        failed: rows.filter(({ attempts }) => attempts > 0).length,
        oldestMs: oldestOf(rows),
      });
    },
    mark: (_, of) => Promise.resolve(keptOf(of).latest + 1),
    touched(_, { bucket, since, after, limit, ...of }) {
      const keys = [...keptOf(of).heads]
        .filter(([key, head]) => head.bucket === bucket && head.touched >= since && byBytes(key, after ?? "") > 0)
        .map(([key]) => key);
      return Promise.resolve(keys.sort(byBytes).slice(0, limit));
    },
    keep(tx, of) {
      const { items } = keptOf(of);
      if (of.value === null) (tx as MemoryTransaction).delete(items, of.item);
      else (tx as MemoryTransaction).set(items, of.item, { value: of.value, at: clock.now() });
      return Promise.resolve();
    },
    claim(tx, of) {
      const { items } = keptOf(of);
      if (items.has(of.item)) return Promise.resolve(false);
      (tx as MemoryTransaction).set(items, of.item, { value: of.value, at: clock.now() });
      return Promise.resolve(true);
    },
    kept(_, of) {
      const found = [...keptOf(of).items].filter(([item]) => item.startsWith(of.prefix));
      const items: KeptItem[] = found.map(([item, { value, at }]) => ({ item, value, ageMs: clock.now() - at }));
      return Promise.resolve(items.sort((a, b) => byBytes(a.item, b.item)));
    },

    positions: (_, of) => Promise.resolve(of.keys.map((key) => keptOf(of).applied.get(key))),
    advance(tx, of) {
      const on = tx as MemoryTransaction;
      const { row, follower, keys } = of;
      const { applied } = keptOf(of);
      const { ids } = keptOf({ name: of.name, side: follower });
      if (ids.get(row.id)?.token === row.token) return Promise.resolve(false);
      const seqOf = (key: string): number => row.seqs[row.keys.indexOf(key)]!;
      if (keys.some((key) => (applied.get(key)?.seq ?? seqOf(key) - 1) !== seqOf(key) - 1))
        return Promise.resolve(false);
      const { digest, facts, token } = row;
      on.set(ids, row.id, { digest, facts, token, at: clock.now() });
      for (const key of keys) on.set(applied, key, { seq: seqOf(key), generation: row.generation });
      return Promise.resolve(true);
    },
    place(tx, of) {
      const { applied } = keptOf(of);
      const { seq = 0, generation = 0 } = applied.get(of.key) ?? {};
      const to = { seq: Math.max(seq, of.seq), generation: Math.max(generation, of.generation) };
      (tx as MemoryTransaction).set(applied, of.key, to);
      return Promise.resolve();
    },

    note(tx, of) {
      const { history } = keptOf(of);
      (tx as MemoryTransaction).set(history, history.size, { ...of.entry, at: clock.now() });
      return Promise.resolve();
    },
    history(_, of) {
      const entries = [...keptOf(of).history.values()].reverse().slice(0, 1_000);
      return Promise.resolve(entries.map((entry) => ({ ...entry, ageMs: clock.now() - entry.at })));
    },
    prune(tx, of) {
      const { ids } = keptOf(of);
      const old = [...ids].filter(([, { at }]) => at < clock.now() - of.olderThanMs);
      for (const [id] of old) (tx as MemoryTransaction).delete(ids, id);
      return Promise.resolve(old.length);
    },
  };
}
