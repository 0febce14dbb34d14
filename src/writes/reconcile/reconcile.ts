import { aNumber, aWhole, orElse, where, type OptionTable } from "../../model/option-table.ts";
import { messageOf, refuse } from "../errors.ts";
import { differingInvariants } from "../invariants.ts";
import { keepReconciliation, noteBegin } from "../last-reconciliation.ts";
import type { Comparer } from "../comparer.ts";
import type { WritesServices } from "../services.ts";
import { checkpointOf, unfinished, type Begun } from "./checkpoint.ts";
import { Looking, type Finding } from "./looking.ts";
import { pacing } from "./pace.ts";

/** What `reconcile` takes: how often, how fast, what is repaired, and when to stop. */
export interface ReconcileOptions {
  /**
   * Begins anew so many milliseconds after the last one has ended, until `signal` is aborted; once, without it. One that fails causes an
   * event, and is tried again.
   */
  readonly everyMs?: number;
  /** The most records that are read in a second, of both sides together, those in digests included; 20 000 by default. */
  readonly rowsPerSecond?: number;
  /** Ends the comparison where it is, and the repetition with it: the next one goes on from there, for an hour. */
  readonly signal?: AbortSignal;
}

export const reconcileTable: OptionTable<ReconcileOptions, "rowsPerSecond"> = {
  everyMs: aWhole({ min: 1 }),
  rowsPerSecond: orElse(aNumber({ min: 1 }), 20_000),
  signal: where("an AbortSignal", (got) => got instanceof AbortSignal),
};

/** What one reconciliation came to. */
export interface Reconciliation {
  /** Whether all was looked at, and nothing differs. */
  readonly clean: boolean;
  /** Whether all was looked at: not where `signal` was aborted, or 1 000 records differ. */
  readonly complete: boolean;
  /** Keys that were looked at. */
  readonly keys: number;
  /** The first 100 of them. */
  readonly findings: readonly Finding[];
  readonly moreFindings: number;
  /** Keys that differed at first and kept moving, or could not be compared. */
  readonly inconclusive: number;
  /** The invariants that differ, or could not be looked at, and how. */
  readonly invariants: readonly string[];
}

interface Settled {
  readonly rowsPerSecond: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Compares all records of both sides, and the invariants; keeps in both databases what it came to.
 *
 * @throws {SidelaneError} `invalid-state` without `records` on both sides, or where keys are in another order than their bytes
 */
export async function reconcile(
  services: WritesServices,
  compare: Comparer,
  { everyMs, ...settled }: Settled & { readonly everyMs: number | undefined },
): Promise<Reconciliation> {
  const { place, sides, emit } = services;
  for (const { name, records } of [sides.control, sides.candidate]) {
    if (records === undefined)
      refuse("invalid-state", `${place}.reconcile`, `\`${name}.records\` is needed to look at all of them`);
  }
  if (everyMs === undefined) return reconcileOnce(services, compare, settled);
  let last: Reconciliation | undefined;
  for (;;) {
    try {
      last = await reconcileOnce(services, compare, settled);
    } catch (error) {
      emit({ kind: "unreconciled", reason: messageOf(error) });
      if (settled.signal?.aborted === true && last === undefined) throw error;
    }
    if (settled.signal?.aborted !== true) await services.sleep(everyMs, settled.signal);
    if (settled.signal?.aborted === true && last !== undefined) return last;
  }
}

async function reconcileOnce(
  services: WritesServices,
  compare: Comparer,
  { rowsPerSecond, signal }: Settled,
): Promise<Reconciliation> {
  await services.authority.ready();
  const begun = (await unfinished(services)) ?? (await begin(services));
  const checkpoint = checkpointOf(services, begun);
  const pace = pacing(services, rowsPerSecond, signal);
  const looking = new Looking(services, compare, { pace, signal, keep: checkpoint.keep }, begun.progress);
  try {
    await looking.all();
  } catch (error) {
    await checkpoint.free(looking.progress).catch(() => undefined);
    throw error;
  }
  const isAborted = signal?.aborted === true;
  const invariants = isAborted ? [] : await differingInvariants(services, compare);
  const { keys, found, findings, inconclusive } = looking.progress;
  const complete = !looking.isCut;
  const clean = complete && found === 0 && inconclusive === 0 && invariants.length === 0;
  if (isAborted) await checkpoint.free(looking.progress);
  else await end();
  return { clean, complete, keys, findings, moreFindings: found - findings.length, inconclusive, invariants };

  async function end(): Promise<void> {
    const counted = `${keys} keys, ${found} findings, ${inconclusive} inconclusive, ${invariants.length} invariants`;
    const summary = complete ? counted : `${counted}, and then no more was looked at`;
    const counts = { keys, findings: found, inconclusive, invariants: invariants.length };
    for (const side of [services.sides.control, services.sides.candidate]) {
      await keepReconciliation(side, { run: begun.run, clean, summary, counts, mark: begun.marks[side.name] });
    }
    await checkpoint.remove();
    if (!clean) services.emit({ kind: "found", reason: [summary, ...invariants].join("; ") });
  }
}

async function begin({ sides }: WritesServices): Promise<Begun> {
  const run = globalThis.crypto.randomUUID();
  const both = [sides.control, sides.candidate];
  // The marks first: what is written from here on is looked at again before a bucket moves.
  const [control, candidate] = await Promise.all(
    both.map(({ once, store, stream }) => once((tx) => store.mark(tx, stream))),
  );
  for (const side of both) await noteBegin(side, run);
  const progress = { after: undefined, keys: 0, found: 0, inconclusive: 0, findings: [] };
  return { run, marks: { control: control!, candidate: candidate! }, progress };
}
