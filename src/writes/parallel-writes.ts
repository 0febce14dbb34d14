import { defaultLaboratory } from "../default-laboratory.ts";
import type { Definition } from "../experiment/define/definition.ts";
import type { AnyFunction } from "../model/any-function.ts";
import { checkOptions } from "../model/check-options.ts";
import { SidelaneError } from "../model/errors.ts";
import { settle } from "../model/option-table.ts";
import { tellFailure } from "../model/silence.ts";
import { authorityOf } from "./authority.ts";
import { checkBesideChanges } from "./changes/changes-table.ts";
import { lookLater } from "./changes/look-later.ts";
import { readChanges } from "./changes/read-changes.ts";
import type { WritesEvent } from "./events.ts";
import { bucketOf, operationOf } from "./operation.ts";
import { parallelWritesTable, writesName, type ParallelWritesOptions, type UncheckedWrites } from "./options.ts";
import type { HistoryEntry, OutboxStore, SideName } from "./outbox/store.ts";
import { persons, type ByPerson } from "./persons.ts";
import { comparerOf } from "./comparer.ts";
import { comparisonOfRecords, readBackOf } from "./read-back.ts";
import { readsRollout, type ReadsPartition } from "./reads.ts";
import { reconcile, reconcileTable, type Reconciliation, type ReconcileOptions } from "./reconcile/reconcile.ts";
import { statusOf, type WritesStatus } from "./status.ts";
import { toldEvents } from "./told-events.ts";
import { toldStandingOf } from "./told-standing.ts";
import { backfill, type BackfillKey } from "./backfill.ts";
import { presenceOf, type ReadBackCounts } from "./presence.ts";
import { directions, type WritesServices } from "./services.ts";
import { sidesOf } from "./side.ts";
import { wishOf } from "./stage.ts";
import { work, workTable, type WorkOptions } from "./worker.ts";
import { write } from "./write.ts";

/** What persons did, the latest first. */
export interface WritesHistoryEntry extends HistoryEntry {
  /** Wall time in milliseconds since 1970, by the clock of the authority's database. */
  readonly at: number;
  readonly authority: SideName;
}

/** Two systems that record the same. */
export interface ParallelWrites<Op, Result> {
  /**
   * Writes an operation on its authority, and has the other side follow.
   *
   * @returns the authority's own result; for an id that is written already what `again` returns
   * @throws the authority's own error, when nothing was written
   * @throws {SidelaneError} `invalid-operation`, `already-written`, `id-taken`, `no-authority`; `invalid-state` where control has
   *   `changes`
   */
  write(op: Op): Promise<Result>;
  /**
   * An experiment whose calls the authority answers: of their partition, where there is `partition`, and everything else as for any
   * experiment. What this process knows of the authority may be a second old; the other side follows, so that a reader then sees what
   * was, at worst.
   *
   * @throws {SidelaneError} `invalid-definition`, `name-taken`
   */
  reads<Control extends AnyFunction>(name: string, definition: Definition<Control> & ReadsPartition<Control>): Control;
  /**
   * Follows: reads control's `changes`, where it has them, and brings operations across until `signal` is aborted, then resolves. Any number of processes may do it at once. Keeps the
   * process alive meanwhile.
   *
   * @throws {SidelaneError} `invalid-option`
   */
  work(options?: WorkOptions): Promise<void>;
  /**
   * Has a dead operation tried again.
   *
   * @throws {SidelaneError} `invalid-state` where no operation of that id is dead; `invalid-option` without an id, a name and a reason
   */
  retry(id: string, person: ByPerson): Promise<void>;
  /**
   * Copies a key's whole record from its authority, and with it those of every dead operation on it, which are thereby followed.
   *
   * @throws {SidelaneError} `invalid-state` without `copy` on the follower, or where nothing was ever written on the key
   */
  repair(key: string, person: ByPerson): Promise<void>;
  /**
   * Leaves a dead operation out on the follower: both sides differ from then on, until the records are repaired.
   *
   * @throws {SidelaneError} `invalid-state` where no operation of that id is dead
   */
  skip(id: string, person: ByPerson): Promise<void>;
  /**
   * Copies records whole from their authority, one after the other: those of the keys that the follower never saw. Operations go on
   * meanwhile.
   *
   * @param keys which ones to look at
   * @returns how many were copied
   * @throws {SidelaneError} `invalid-state` without `copy` on the follower; `invalid-option`, `invalid-operation`
   */
  backfill(keys: Iterable<BackfillKey> | AsyncIterable<BackfillKey>): Promise<number>;
  /**
   * Compares all records of both sides, by the streams of their `records`, and the `invariants`. What differs counts when it stands
   * three times while no operation on the key is on its way. Without a clean one that is less than a day old no bucket moves
   * to the candidate.
   *
   * @returns what the last one came to; with `everyMs` once `signal` is aborted
   * @throws {SidelaneError} `invalid-state` without `records` on both sides, or where these return no list in the byte order of its keys
   */
  reconcile(options?: ReconcileOptions): Promise<Reconciliation>;
  /** Stage, authority of each partition, lag and the last reconciliation, read from both databases. */
  status(): Promise<WritesStatus>;
  /** What persons and the rollout did, newest first, of both databases. */
  history(): Promise<readonly WritesHistoryEntry[]>;
}

/** Which names are taken in an outbox: two of one name would take each other's operations. */
const takenNames = new WeakMap<OutboxStore, Set<string>>();

/**
 * Two systems that record the same operations, in the same order for each record, exactly once: one is the authority and answers,
 * the other follows from an outbox that commits with the authority's own writes.
 *
 * @param name what the operations are kept, counted and published under: one in a laboratory and in a database
 * @throws {SidelaneError} `invalid-definition`, `name-taken`
 * @example
 * const payments = parallelWrites("payments", {
 *   control: { transaction: (work) => inTx(oldPool, work), write: oldBook, read: oldAccount, outbox: postgresqlOutbox(oldPool) },
 *   candidate: { transaction: (work) => inTx(newPool, work), write: newBook, read: newAccount, outbox: postgresqlOutbox(newPool) },
 *   id: (op) => op.paymentId,
 *   keys: (op) => [op.from, op.to],
 * })
 * await payments.write({ paymentId: "p-1", from: "a", to: "b", cents: 100 })
 */
export function parallelWrites<
  Op,
  Facts,
  ControlTx,
  CandidateTx,
  Result,
  Value,
  CandidateValue = Value,
  ChangesTx = unknown,
>(
  name: string,
  options: ParallelWritesOptions<Op, Facts, ControlTx, CandidateTx, Result, Value, CandidateValue, ChangesTx>,
): ParallelWrites<Op, Awaited<Result>> {
  const services = servicesOf(name, options as unknown as UncheckedWrites, (event) => publish(event));
  const laboratory = services.options.laboratory ?? defaultLaboratory();
  const told = toldStandingOf(services);
  const compare = comparerOf(services.options.compare, services.place);
  const comparing = comparisonOfRecords(laboratory, services, told);
  const publish = toldEvents(comparing.calls, services.wish, services.clock);
  const readBack = readBackOf(services, comparing, lookLater(services, compare));
  const counts = (): ReadBackCounts =>
    countsOf(laboratory.status().experiments[name]?.candidates["candidate"]?.tally.kinds);
  const presence = presenceOf(services, counts);
  const byPerson = persons(services);
  const { authority } = services;

  return {
    write(op) {
      presence.beat();
      return write(services, op) as Promise<Awaited<Result>>;
    },
    async work(given) {
      const check = checkOptions(`${services.place}.work`);
      const { concurrency, signal = new AbortController().signal } = settle(check, workTable, given);
      await Promise.all([
        work(services, { presence, told, compare, readBack }, { concurrency, signal }),
        readChanges(services, signal),
      ]);
    },
    reads(readsName, { partition, ...definition }) {
      const rollout = readsRollout(services, partition !== undefined);
      const keyed = partition === undefined ? {} : { key: partition };
      return laboratory.experiment(readsName, { ...definition, ...keyed, rollout } as never);
    },
    ...byPerson,
    backfill: (keys) => backfill(services, keys),
    async reconcile(given) {
      const check = checkOptions(`${services.place}.reconcile`);
      const { everyMs, rowsPerSecond, signal } = settle(check, reconcileTable, given);
      return reconcile(services, compare, { everyMs, rowsPerSecond, signal });
    },

    status: () => statusOf(services),
    async history() {
      await authority.ready();
      const both = await Promise.all(
        directions(services).map(async ({ from }) => {
          const entries = await from.once((tx) => from.store.history(tx, from.stream));
          return entries.map((entry) => ({ ...entry, authority: from.name }));
        }),
      );
      return both.flat().sort((a, b) => b.at - a.at);
    },
  };
}

function countsOf(kinds: Readonly<Record<string, number>> | undefined): ReadBackCounts {
  const { match = 0, mismatch = 0, ignored = 0 } = kinds ?? {};
  return { compared: match + mismatch + ignored, mismatched: mismatch };
}

/** Checks the options, and takes the name. */
function servicesOf(name: string, unchecked: UncheckedWrites, publish: (event: WritesEvent) => void): WritesServices {
  const unnamed = checkOptions("parallelWrites", "invalid-definition");
  writesName.check(unnamed, "name", name);
  if (name.length > 120 || /[\0\p{Surrogate}]/u.test(name)) {
    unnamed.fail("name", "at most 120 characters, without NUL or half a surrogate pair", name);
  }
  const place = `parallelWrites(${JSON.stringify(name)})`;
  const check = checkOptions(place, "invalid-definition");
  const options = settle(check, parallelWritesTable, unchecked, "definition");
  const wish = wishOf(options.rollout ?? "shadow", place, options.partition !== undefined);
  const { control, candidate } = options;
  const sides = sidesOf({ control, candidate }, name, place);
  if (control.changes !== undefined) checkBesideChanges(check, { ...options, control, stage: wish.now().stage });
  for (const [side, { outbox }] of Object.entries({ control, candidate })) {
    if (outbox !== "intent") takeName(outbox, `${side}:${name}`, place);
  }
  const { clock, random, schema } = options;
  const emit: WritesServices["emit"] = (told) => {
    const event = { ...told, name, at: clock.now() };
    tell(options.onEvent, event);
    publish(event);
  };
  return {
    ...{ name, place, options, sides, schema, clock, random, wish, emit },
    authority: authorityOf(sides, wish, clock, emit),
    bucketOf: (partition) => bucketOf(name, partition),
    operationOf: (op) => operationOf(name, place, options, op),
    sleep: (ms, signal) => sleep(clock, ms, signal),
  };
}

function takeName(store: OutboxStore, name: string, place: string): void {
  const taken = takenNames.get(store) ?? new Set();
  if (taken.has(name)) {
    const mend = "Give each a name of its own, or an outbox with another `prefix`";
    throw new SidelaneError("name-taken", `${place}: this outbox is in use under that name already. ${mend}`);
  }
  takenNames.set(store, taken.add(name));
}

function tell(onEvent: AnyFunction | undefined, event: WritesEvent): void {
  try {
    tellFailure(onEvent?.(event));
  } catch {
    // A listener keeps nothing from being followed.
  }
}

/** Resolves after that time, or once the signal is aborted. Keeps the process alive meanwhile. */
function sleep(clock: WritesServices["clock"], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done, true);
    if (signal?.aborted === true) done();
    else signal?.addEventListener("abort", done);
  });
}
