import type { OutboxStore } from "../outbox/store.ts";
import type { RecordStore } from "../records/record-store.ts";

/** One operation that control has committed. */
export interface Change<Op, Facts = unknown> {
  readonly op: Op;
  /** What the follower must not invent: ids, times, rates. JSON, of at most 64 KB. */
  readonly facts?: Facts;
  /**
   * Called once the change is kept, and never before: tells the source that it need not yield it again. One that was not acknowledged has
   * to come again when the changes are read anew, and may come any number of times.
   */
  readonly acknowledge?: () => unknown;
}

/**
 * What control commits, in the order of its commits. Each time that it is read anew, by a function with a signal that is aborted at the end,
 * it begins with the first change that was not acknowledged, or with an earlier one. Where it ends it is read anew after a while.
 */
export type Changes<Op, Facts = unknown> =
  AsyncIterable<Change<Op, Facts>> | ((signal: AbortSignal) => AsyncIterable<Change<Op, Facts>>);

/**
 * A control that cannot be touched: it is followed by what it says it has committed, such as from logical decoding, a topic of Kafka, or an
 * audit table. It is the authority in every stage, and `write` is refused.
 */
export interface ChangesSide<Op, Facts, Tx, Value> {
  /** What control commits, in the order of its commits. */
  readonly changes: Changes<Op, Facts>;
  /** Runs work in one transaction of the database that `outbox` is in: any that the worker can write to, such as the candidate's. */
  readonly transaction: <Returned>(work: (tx: Tx) => Promise<Returned>) => Promise<Returned>;
  /** Where changes are kept until they are followed: the candidate's own, or one of another database. */
  readonly outbox: OutboxStore;
  /** The record of a key as it is committed in control, for comparing; `undefined` where there is none. */
  readonly read: (key: string, tx: undefined) => Value | PromiseLike<Value>;
  /** Control's records as a whole, for `reconcile`. */
  readonly records?: RecordStore<Value>;
  /**
   * How long after its commit a change is kept at the latest, in milliseconds: a difference counts only where both records stayed as they
   * are for that long. 5 000 by default.
   */
  readonly behindMs?: number;
  /**
   * Whether a change may be written again on a record that has it already, and others after it, such as one that sets whole records.
   * `copy` of the candidate needs it: control's record may have changes that were not yielded yet. `false` by default.
   */
  readonly repeatable?: boolean;
  readonly write?: undefined;
  readonly copy?: undefined;
  readonly lookup?: undefined;
}
