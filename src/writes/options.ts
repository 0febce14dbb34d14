import { systemClock, type Clock } from "../model/clock.ts";
import {
  aClock,
  aFunction,
  aShare,
  aText,
  aWhole,
  compiled,
  objectOf,
  oneOf,
  optionsOf,
  orElse,
  required,
  withMethods,
  type OptionRule,
  type OptionTable,
} from "../model/option-table.ts";
import type { ChangesSide } from "./changes/changes-side.ts";
import { aSideWithChanges } from "./changes/changes-table.ts";
import type { Compare } from "../experiment/define/options.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import type { WritesEvent } from "./events.ts";
import type { UnorderedKey } from "./operation.ts";
import { anOutboxOrIntent } from "./outbox/outbox-rule.ts";
import type { OutboxStore } from "./outbox/store.ts";
import type { RecordStore } from "./records/record-store.ts";
import { aRecordStore } from "./records/records-rule.ts";
import type { WritesRollout } from "./stage.ts";

/** What a write is told besides the operation. */
export interface WriteAbout<Facts> {
  /** What the authority's own result came to, by `facts`; `undefined` for the authority itself, and where there is no `facts`. */
  readonly facts: Facts | undefined;
  /** The operation's id. */
  readonly id: string;
}

/** One of the two systems, where it writes in transactions of a database. */
export interface WriteSide<Op, Facts, Tx, Result, Value> {
  /**
   * Runs work in one transaction of the side's database: commits when it resolves, rolls back when it rejects, and settles as the
   * work did. It may run the work again after a conflict.
   */
  readonly transaction: <Returned>(work: (tx: Tx) => Promise<Returned>) => Promise<Returned>;
  /**
   * Writes one operation, all of it in the transaction `tx`. What it throws rolls the transaction back: from the authority it
   * goes to the caller, from a follower it counts as a failed try.
   */
  readonly write: (op: Op, tx: Tx, about: WriteAbout<Facts>) => Result | PromiseLike<Result>;
  /**
   * The record of a key as it is committed, for comparing; `undefined` where there is none. While a record is copied it is read with
   * `tx`, a transaction of the side's, and may be read by it.
   */
  readonly read: (key: string, tx: Tx | undefined) => Value | PromiseLike<Value>;
  /**
   * Puts a whole record, as the other side has read it, in the place of the one that is there. With it a key that the side never
   * saw, or has missed operations on, is copied; without it both sides have to begin alike, and such operations are dead.
   */
  readonly copy?: (key: string, record: never, tx: Tx) => unknown;
  /** The side's records as a whole, for `reconcile`: without it on both sides the authority stays where it is. */
  readonly records?: RecordStore<Value>;
  /** Where the side keeps what has to commit with its own writes. */
  readonly outbox: OutboxStore;
  /** Of a side with `outbox: "intent"` alone, and required there: whether the operation of an id is written. */
  readonly lookup?: undefined;
  readonly changes?: undefined;
}

/** What {@link IntentSide.lookup} has found. */
export interface FoundWrite<Result> {
  /** What `write` returned for it, or would have. */
  readonly result: Result;
}

/**
 * One of the two systems, where it has no transactions, such as an HTTP API. What is kept of it is kept in the other side's outbox: the
 * intent before each write, the result after it.
 */
export interface IntentSide<Op, Facts, Result, Value> {
  readonly outbox: "intent";
  /**
   * Whether the operation of an id is written, where a crash or an error has left that in doubt: what `write` returned for it, or
   * `undefined` where it is not written and never will be. Rejects where that cannot be said now: it is asked again.
   */
  readonly lookup: (
    id: string,
    op: Op,
  ) => FoundWrite<Awaited<Result>> | undefined | PromiseLike<FoundWrite<Awaited<Result>> | undefined>;
  /** Writes one operation, in no transaction. After an error `lookup` is asked whether it was written all the same. */
  readonly write: (op: Op, tx: undefined, about: WriteAbout<Facts>) => Result | PromiseLike<Result>;
  /** The record of a key, for comparing; `undefined` where there is none. */
  readonly read: (key: string, tx: undefined) => Value | PromiseLike<Value>;
  /** Puts a whole record, as the other side has read it, in the place of the one that is there; it may be put twice. */
  readonly copy?: (key: string, record: never, tx: undefined) => unknown;
  /** The side's records as a whole, for `reconcile`: without it on both sides the authority stays where it is. */
  readonly records?: RecordStore<Value>;
  readonly transaction?: undefined;
  readonly changes?: undefined;
}

/**
 * A figure that has to be the same on both sides, such as the sum of all balances: a number, text, or data. All of a side are asked for
 * in one transaction of it, which they are handed, and which sees one moment.
 */
export interface Invariant<ControlTx = never, CandidateTx = never> {
  readonly control: (tx: ControlTx) => unknown;
  readonly candidate: (tx: CandidateTx) => unknown;
}

/** How much may wait to be followed before an event tells of it; writes go on. */
export interface MaxLag {
  /** Operations that wait; 100 000 by default. */
  readonly rows?: number;
  /** Age of the oldest, in milliseconds; 600 000 by default, 10 minutes. */
  readonly ms?: number;
}

/** What `parallelWrites` takes: the two systems, the outbox between them, and how they are compared. */
export interface ParallelWritesOptions<
  Op,
  Facts,
  ControlTx,
  CandidateTx,
  Result,
  Value,
  CandidateValue,
  ChangesTx = unknown,
> {
  /** The old system. */
  readonly control:
    | WriteSide<Op, Facts, ControlTx, Result, Value>
    | IntentSide<Op, Facts, Result, Value>
    | ChangesSide<Op, Facts, ChangesTx, Value>;
  /** The new system. */
  readonly candidate:
    WriteSide<Op, Facts, CandidateTx, Result, CandidateValue> | IntentSide<Op, Facts, Result, CandidateValue>;
  /** The operation's idempotency key, the caller's own: 1 to 512 bytes. The same id writes once in 30 days. */
  readonly id: (op: Op) => string;
  /** The records that the operation touches, 1 to 32 of at most 512 bytes; order is kept for each that is not `unordered`. */
  readonly keys: (op: Op) => readonly (string | UnorderedKey)[];
  /** What the follower must not invent: ids, times, rates. JSON, of at most 64 KB. Without it the follower gets none. */
  readonly facts?: (result: Awaited<Result>) => Facts;
  /** Answers for an id that is written already, with the facts of then. Without it `write` rejects with `already-written`. */
  readonly again?: (op: Op, facts: Facts) => Result | PromiseLike<Result>;
  /** The part that the operation belongs to, such as a tenant; no operation may cross two. Stage `ramp` needs it. */
  readonly partition?: (op: Op) => string;
  /** How two records of a key are compared: by default as data. */
  readonly compare?: Compare<Value, CandidateValue>;
  /** Figures that have to be the same on both sides, by name; looked at by `reconcile` while nothing is on its way. */
  readonly invariants?: Readonly<Record<string, Invariant<ControlTx, CandidateTx>>>;
  /** The share of keys that are read back once an operation is followed, from 0 to 1; 1 by default. */
  readonly readBack?: number;
  /** Which side is to be the authority: a stage, a rollout, or an object that says so now. `shadow` by default. */
  readonly rollout?: WritesRollout;
  /** The version of what `op` looks like, a whole number; 1 by default. */
  readonly schema?: number;
  /** Makes an operation of this `schema` of one that was written with an earlier one. Without it such operations are dead. */
  readonly upgrade?: (op: unknown, from: number) => Op;
  /** Whether an error of a follower's `write` will come again however often it is tried: the operation is dead at once. */
  readonly permanent?: (error: unknown) => boolean;
  /** How much may wait to be followed before an event tells of it; writes go on. */
  readonly maxLag?: MaxLag;
  /** Called with what a person should know of. What it throws is dropped. */
  readonly onEvent?: (event: WritesEvent) => void;
  /** Where comparisons are counted and published, under the same name; the default laboratory by default. */
  readonly laboratory?: Laboratory;
  /**
   * How long a process that says nothing is taken for one that runs, in milliseconds: before a bucket moves to the candidate all
   * processes that run have to be on the stage. 10 000 by default, at least 300.
   */
  readonly heardWithinMs?: number;
  /**
   * How long what a process has begun is left to it, in milliseconds: after that another worker takes the operation, or asks `lookup`
   * for it. 30 000 by default, at least 100, at most a day. The same in all processes.
   */
  readonly leaseMs?: number;
  /** For delays; the system's by default. Whether a row is due is decided by its store's own clock. */
  readonly clock?: Clock;
  /** For jitter and drawing what is read back: from 0 to below 1; `Math.random` by default. */
  readonly random?: () => number;
}

/** Options as they arrive where nothing has been checked yet. */
export type UncheckedWrites = ParallelWritesOptions<unknown, unknown, unknown, unknown, unknown, unknown, unknown>;

/** A side as the engine knows it. */
export type UncheckedSide =
  | WriteSide<unknown, unknown, unknown, unknown, unknown>
  | IntentSide<unknown, unknown, unknown, unknown>
  | ChangesSide<unknown, unknown, unknown, unknown>;

/** All that a side may have. */
type AnySide = {
  readonly [Name in Exclude<keyof WriteSide<never, never, never, never, never>, "changes">]?: unknown;
};

export const writeSideTable: OptionTable<AnySide> = {
  transaction: aFunction,
  write: required(aFunction),
  read: required(aFunction),
  copy: aFunction,
  records: aRecordStore,
  lookup: aFunction,
  outbox: required(anOutboxOrIntent),
};

export const maxLagTable: OptionTable<MaxLag, "rows" | "ms"> = {
  rows: orElse(aWhole({ min: 1 }), 100_000),
  ms: orElse(aWhole({ min: 1 }), 600_000),
};

const invariantTable: OptionTable<Invariant> = { control: required(aFunction), candidate: required(aFunction) };

export const parallelWritesTable: OptionTable<
  UncheckedWrites,
  "readBack" | "schema" | "heardWithinMs" | "leaseMs" | "clock" | "random"
> = {
  control: required({
    takes: "a side",
    check: (check, option, got): void => {
      const hasChanges = typeof got === "object" && got !== null && "changes" in got;
      (hasChanges ? aSideWithChanges : optionsOf("a side", writeSideTable)).check(check, option, got);
    },
  }),
  candidate: required(optionsOf("a side", writeSideTable)),
  id: required(aFunction),
  keys: required(aFunction),
  facts: aFunction,
  again: aFunction,
  partition: aFunction,
  compare: compiled("rules, or a function of both records"),
  invariants: objectOf("an object of `{ control, candidate }`", optionsOf("both sides' figures", invariantTable)),
  readBack: orElse(aShare, 1),
  rollout: compiled(`${oneOf("off", "shadow", "live", "ramp-down", "complete").takes}, or a rollout`),
  schema: orElse(aWhole({ min: 1, max: 2_147_483_647 }), 1),
  upgrade: aFunction,
  permanent: aFunction,
  maxLag: optionsOf("an object", maxLagTable),
  onEvent: aFunction,
  laboratory: withMethods("a Laboratory", "comparison", "experiment", "status"),
  heardWithinMs: orElse(aWhole({ min: 300 }), 10_000),
  leaseMs: orElse(aWhole({ min: 100, max: 86_400_000 }), 30_000),
  clock: orElse(aClock, systemClock),
  random: orElse(aFunction, Math.random),
};

/** The name of one `parallelWrites`. */
export const writesName: OptionRule = aText;
