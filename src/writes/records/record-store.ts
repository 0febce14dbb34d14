/** Some keys: those after `after` up to and including `to`, in byte order; `undefined` is no bound. */
export interface KeyRange {
  readonly after: string | undefined;
  readonly to: string | undefined;
}

/** One record as `scan` lists it. */
export interface ScannedRecord<Value> {
  readonly key: string;
  /** As `read` returns it. */
  readonly record: Value;
}

/** What the records of one range come to. Whole numbers, as a database's client returns them. */
export interface Digest {
  /** The last key that is in it. */
  readonly to: string;
  readonly count: number | bigint | string;
  /** The sums of the upper and of the lower half of each record's digest: two records that are exchanged change neither, one does. */
  readonly sums: readonly [number | bigint | string, number | bigint | string];
}

/** All records of a side, in the byte order of their keys (`COLLATE "C"` in PostgreSQL). */
export interface RecordStore<Value> {
  /** The records of a range, in order, at most `limit`: it is asked for what comes behind them, until there is none. */
  scan(
    range: KeyRange & { readonly limit: number },
  ): PromiseLike<readonly ScannedRecord<Value>[]> | readonly ScannedRecord<Value>[];
  /**
   * The digests of a range that is divided into at most so many parts of about as many records each, in order, without empty ones.
   * With it on both sides only what differs is read: `digestSql` has the sums for SQL, `sqlRecords` all of it for one table.
   */
  digests?(range: KeyRange & { readonly parts: number }): PromiseLike<readonly Digest[]> | readonly Digest[];
}
