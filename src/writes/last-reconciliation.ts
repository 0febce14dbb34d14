import type { PastEntry } from "./outbox/store.ts";
import type { Side } from "./side.ts";

/** What one came to, in numbers. */
export interface ReconciledCounts {
  /** Keys that were looked at. */
  readonly keys: number;
  /** Those that differ. */
  readonly findings: number;
  /** Those that kept moving, or could not be compared. */
  readonly inconclusive: number;
  /** Invariants that differ, or could not be looked at. */
  readonly invariants: number;
}

/** What is kept of a reconciliation in each side's own database. */
export interface KeptReconciliation {
  /** Drawn anew for each one. */
  readonly run: string;
  readonly clean: boolean;
  /** What it came to, as a sentence. */
  readonly summary: string;
  /** The same in numbers; absent where an older release kept it. */
  readonly counts?: ReconciledCounts;
  /** Where this side's operations stood when it began. */
  readonly mark: number;
}

const item = "reconciled";

/** The last one, and its age in milliseconds; `undefined` where there was none. */
export async function lastReconciliation(
  side: Side,
): Promise<(KeptReconciliation & { readonly ageMs: number }) | undefined> {
  const kept = await side.once((tx) => side.store.kept(tx, { ...side.stream, prefix: item }));
  const last = kept.find((each) => each.item === item);
  return last === undefined ? undefined : { ...(JSON.parse(last.value) as KeptReconciliation), ageMs: last.ageMs };
}

/** Notes in a side's history that one begins: what a person does from here on it has not seen. */
export function noteBegin(side: Side, run: string): Promise<void> {
  const entry = { kind: "reconciling", subject: run, by: "reconcile", reason: "all records are compared" };
  return side.transact((tx) => side.store.note(tx, { ...side.stream, entry }));
}

/** Keeps in a side's database what one came to. */
export function keepReconciliation(side: Side, came: KeptReconciliation): Promise<void> {
  const entry = {
    ...{ kind: "reconciled", subject: came.clean ? "clean" : "not clean", by: "reconcile", reason: came.summary },
  };
  return side.transact(async (tx) => {
    await side.store.note(tx, { ...side.stream, entry });
    await side.store.keep(tx, { ...side.stream, item, value: JSON.stringify(came) });
  });
}

/** What a reconciliation says nothing about where it comes after its beginning. */
const voids: ReadonlySet<string> = new Set(["skipped", "repaired", "following"]);

/** What voids a reconciliation of this history, the latest first. Where its beginning is not there any more all is taken to be later. */
export function voidedBy(history: readonly PastEntry[], run: string): readonly PastEntry[] {
  const began = history.findIndex(({ kind, subject }) => kind === "reconciling" && subject === run);
  return (began < 0 ? history : history.slice(0, began)).filter(({ kind }) => voids.has(kind));
}
