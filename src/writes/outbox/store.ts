/** One of the two systems. */
export type SideName = "control" | "candidate";

/** Whose operations are meant: those of one `parallelWrites`, written while this side was their authority. */
export interface StreamOf {
  readonly name: string;
  /** The authority's side. */
  readonly side: SideName;
}

/** How many buckets partitions fall into. */
export const bucketCount = 64;

/** What an authority's own database says of one bucket of partitions. */
export interface Fence {
  readonly bucket: number;
  readonly authority: SideName;
  /** While the authority moves: writers wait. */
  readonly moving: boolean;
  /** Whether operations are kept for the other side. */
  readonly follows: boolean;
  /** Grows by one whenever following begins anew: what was followed in an earlier one may lack operations. */
  readonly generation: number;
  /** Grows by one with every change of this row. */
  readonly epoch: number;
}

/** An id that was written already. */
export interface KnownId {
  /** Of the operation, as JSON with sorted keys: SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** What `facts` made of the result, as JSON. */
  readonly facts: string | null;
  /** Drawn anew for every attempt to write. */
  readonly token: string;
}

/** What `enqueue` keeps of one operation. */
export interface OutboxEntry {
  readonly id: string;
  readonly token: string;
  readonly digest: string;
  /** In byte order. */
  readonly keys: readonly string[];
  /** As JSON. */
  readonly op: string;
  /** As JSON. */
  readonly facts: string | null;
  /** The schema of `op`, a whole number. */
  readonly schema: number;
  readonly bucket: number;
  readonly generation: number;
}

/** One operation that waits to be followed. */
export interface OutboxRow extends OutboxEntry {
  /** The place of the operation in each key's own sequence, in the order of `keys`. */
  readonly seqs: readonly number[];
  /** Failed tries so far. */
  readonly attempts: number;
  /** Times that it had to wait for an earlier operation. */
  readonly waits: number;
  readonly state: "due" | "dead";
  /** What failed last. */
  readonly error: string | null;
}

/** How far a key is followed. */
export interface Position {
  readonly seq: number;
  readonly generation: number;
}

/** A later try of one row. */
export interface Postponed {
  readonly id: string;
  readonly delayMs: number;
  readonly attempts: number;
  readonly waits: number;
  readonly error: string | null;
}

/** Something that a person did, or that was done in the name of one. */
export interface HistoryEntry {
  readonly kind: string;
  /** The id or key that it was done to. */
  readonly subject: string;
  readonly by: string;
  readonly reason: string;
}

/** An entry of the history. */
export interface PastEntry extends HistoryEntry {
  /** Wall time in milliseconds since 1970, by the store's clock. */
  readonly at: number;
  /** In milliseconds, by the store's clock. */
  readonly ageMs: number;
}

/** How far following lags behind, counted in the authority's database. */
export interface WritesLag {
  /** Operations that are not followed yet, dead ones included. */
  readonly rows: number;
  /** Age of the oldest of them, in milliseconds; 0 without any. */
  readonly oldestMs: number;
  readonly dead: number;
  /** Keys that wait behind a dead operation. */
  readonly blocked: number;
}

/** The same, and where it stands among all that was ever taken down. */
export interface OutboxCounts extends WritesLag {
  /** The number of the oldest of them, in the order in which they were taken down; 0 without any. */
  readonly first: number;
  /** Grows with every operation that is taken down, from its statement on, whether its transaction ends or not: the number of the last one. */
  readonly latest: number;
}

/** Something that is kept under a name. */
export interface KeptItem {
  readonly item: string;
  /** As JSON. */
  readonly value: string;
  /** Since it was kept last, in milliseconds, by the store's clock. */
  readonly ageMs: number;
}

/** What waits to be followed in one bucket. */
export interface BucketLag {
  readonly rows: number;
  /** Of them, those that have failed and are tried again. */
  readonly failed: number;
  /** Age of the oldest of them, in milliseconds; 0 without any. */
  readonly oldestMs: number;
}

/**
 * Where one side keeps what following needs: heads, operations, ids, positions, fences. A contract: `testOutbox` of
 * `sidelane/testing` holds an implementation to it.
 *
 * Every method but `prepare` runs in a transaction of its side, which it is handed as `tx`, or by `outside`. Times are those of
 * the store's own clock. Methods that change what another process may change hold their locks until the transaction ends.
 */
export interface OutboxStore {
  /** Makes the tables that are missing. Any number of processes may call it at once. */
  prepare(): Promise<void>;
  /** Runs a single statement outside a transaction, where that is possible; absent: the side's `transaction` is used. */
  readonly outside?: <Value>(work: (tx: unknown) => Promise<Value>) => Promise<Value>;

  /** Makes the 64 fences that are missing: control is the authority, epoch 1, generation 1. */
  found(tx: unknown, of: StreamOf & { readonly follows: boolean }): Promise<void>;
  /** Every fence, by bucket. */
  fences(tx: unknown, of: StreamOf): Promise<readonly Fence[]>;
  /**
   * The fence of a bucket, held in share until the transaction ends, so that it does not change before; and the id, where it was
   * written already.
   */
  enter(
    tx: unknown,
    of: StreamOf & { readonly bucket: number; readonly id: string },
  ): Promise<{ readonly fence: Fence; readonly known: KnownId | undefined }>;
  /**
   * Changes a fence, once every transaction that has entered by it has ended.
   *
   * @returns whether it was in that epoch
   */
  changeFence(
    tx: unknown,
    of: StreamOf & { readonly bucket: number; readonly epoch: number; readonly to: Omit<Fence, "bucket" | "epoch"> },
  ): Promise<boolean>;
  /** What is known of an operation's id; `undefined` where it was never entered, or was pruned. */
  known(tx: unknown, of: StreamOf & { readonly id: string }): Promise<KnownId | undefined>;
  /** What is known of all ids, those after `after`, in byte order. */
  ids(
    tx: unknown,
    of: StreamOf & { readonly after: string | undefined; readonly limit: number },
  ): Promise<readonly (KnownId & { readonly id: string })[]>;

  /**
   * Takes down the id and, for each key in byte order, the head's next number, held until the transaction ends; and the operation
   * with them.
   *
   * @returns `false` where the id has been written meanwhile, and nothing was taken down
   */
  enqueue(tx: unknown, of: StreamOf & { readonly entry: OutboxEntry }): Promise<boolean>;
  /** Takes down the id alone, where nobody follows. */
  remember(
    tx: unknown,
    of: StreamOf & Pick<OutboxEntry, "id" | "token" | "digest"> & { readonly facts: string | null },
  ): Promise<boolean>;
  /** The numbers that keys have come to; 0 for keys without a head. */
  heads(tx: unknown, of: StreamOf & { readonly keys: readonly string[] }): Promise<readonly number[]>;
  /** Holds a key's head until the transaction ends, so that no operation on it can commit. Makes the head that is missing. */
  holdHead(
    tx: unknown,
    of: StreamOf & { readonly key: string; readonly bucket: number },
  ): Promise<Position & { readonly bucket: number }>;

  /** Rows that exist and are due and wait behind no dead one; nobody else gets them for `leaseMs`. Of one bucket, or of all. Oldest first, as far as that is known. */
  take(
    tx: unknown,
    of: StreamOf & { readonly limit: number; readonly leaseMs: number; readonly bucket?: number },
  ): Promise<readonly OutboxRow[]>;
  /** Takes rows away; with dead ones, what they block. */
  acknowledge(tx: unknown, of: StreamOf & { readonly ids: readonly string[] }): Promise<void>;
  /** Makes rows due again after their delay, with what they failed with. */
  postpone(tx: unknown, of: StreamOf & { readonly rows: readonly Postponed[] }): Promise<void>;
  /** Makes a row dead, and blocks its keys. */
  bury(
    tx: unknown,
    of: StreamOf & { readonly id: string; readonly attempts: number; readonly error: string },
  ): Promise<void>;
  /** Makes a dead row due. @returns whether there was one */
  revive(tx: unknown, of: StreamOf & { readonly id: string }): Promise<boolean>;
  /** The row of an id, or dead rows that touch a key, or all dead rows; at most 1 000. */
  find(tx: unknown, of: StreamOf & { readonly id?: string; readonly key?: string }): Promise<readonly OutboxRow[]>;
  /** How many rows wait, are dead or blocked, and how old the oldest is. */
  count(tx: unknown, of: StreamOf): Promise<OutboxCounts>;
  /** Rows of one bucket that are not followed yet. */
  lagOf(tx: unknown, of: StreamOf & { readonly bucket: number }): Promise<BucketLag>;
  /**
   * A mark between operations: each that was committed before has a lower number, each that is enqueued later this number or a
   * higher one. Never goes back, but where the whole store does.
   */
  mark(tx: unknown, of: StreamOf): Promise<number>;
  /** Keys of a bucket whose last operation has this number or a higher one: those after `after`, in byte order. */
  touched(
    tx: unknown,
    of: StreamOf & {
      readonly bucket: number;
      readonly since: number;
      readonly after: string | undefined;
      readonly limit: number;
    },
  ): Promise<readonly string[]>;
  /** Has all that the transaction reads from here on be of one moment; the first that it is asked for. Absent: it is so anyway. */
  readonly snapshot?: (tx: unknown) => Promise<void>;

  /** The follower's positions, in the order of the keys; `undefined` for a key that it never saw. */
  positions(
    tx: unknown,
    of: StreamOf & { readonly keys: readonly string[] },
  ): Promise<readonly (Position | undefined)[]>;
  /**
   * Moves each key from the number before to its own, and takes down the id for the follower's side.
   *
   * @returns `false` where a key stood elsewhere, or this same operation was taken down before: the transaction is to be rolled back
   */
  advance(
    tx: unknown,
    of: StreamOf & { readonly row: OutboxRow; readonly follower: SideName; readonly keys: readonly string[] },
  ): Promise<boolean>;
  /** Says that a key's record is copied up to a number; held until the transaction ends. Never moves it back. */
  place(tx: unknown, of: StreamOf & { readonly key: string } & Position): Promise<void>;

  /** Keeps a value under a name, in the place of the one before; `null` takes it away. */
  keep(tx: unknown, of: StreamOf & { readonly item: string; readonly value: string | null }): Promise<void>;
  /**
   * Keeps a value under a name that has none, and waits for another transaction that is about to.
   *
   * @returns whether it had none
   */
  claim(tx: unknown, of: StreamOf & { readonly item: string; readonly value: string }): Promise<boolean>;
  /** What is kept under names that begin like this. */
  kept(tx: unknown, of: StreamOf & { readonly prefix: string }): Promise<readonly KeptItem[]>;
  /** Adds an entry to the history. */
  note(tx: unknown, of: StreamOf & { readonly entry: HistoryEntry }): Promise<void>;
  /** The latest entries, newest first, at most 1 000, with their times in milliseconds since 1970 and their ages. */
  history(tx: unknown, of: StreamOf): Promise<readonly PastEntry[]>;
  /** Takes away ids older than that. @returns how many */
  prune(tx: unknown, of: StreamOf & { readonly olderThanMs: number }): Promise<number>;
}
