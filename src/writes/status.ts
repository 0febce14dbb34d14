import { lastReconciliation, voidedBy, type ReconciledCounts } from "./last-reconciliation.ts";
import type { WritesHolder } from "../model/writes-standing.ts";
import { bucketCount, type Fence, type SideName, type WritesLag } from "./outbox/store.ts";
import type { WritesServices } from "./services.ts";
import type { Side } from "./side.ts";
import type { WritesStage } from "./stage.ts";

/** How one `parallelWrites` stands, read from both databases. */
export interface WritesStatus {
  readonly name: string;
  /** What is wished. */
  readonly stage: WritesStage;
  /** Of partitions, from 0 to 1, where the stage is `ramp`. */
  readonly share: number;
  /** What waits to be followed, by the side that was the authority of it. */
  readonly lag: Readonly<Record<SideName, WritesLag>>;
  /** Operations that a person skipped since all records were last compared, by the side that was the authority of them; 1 000 at most. */
  readonly skipped: Readonly<Record<SideName, number>>;
  /** How many of the 64 buckets each side is the authority of, by its own fences; `moving` has none. */
  readonly buckets: Readonly<Record<SideName | "moving", number>>;
  /** Who is the authority of each of them, by its number. */
  readonly holders: readonly (SideName | "moving")[];
  /** The last time that all records were compared; absent where that never was. */
  readonly lastReconciliation?: ReconciliationStatus;
}

/** What the last reconciliation found, as `status()` tells it. */
export interface ReconciliationStatus {
  readonly clean: boolean;
  /** What it came to, as a sentence. */
  readonly summary: string;
  /** The same in numbers; absent where an older release made it. */
  readonly counts?: ReconciledCounts;
  /** Since it ended, in milliseconds. */
  readonly ageMs: number;
}

/** What one side's database says. */
export interface SideStatus {
  readonly lag: WritesLag;
  readonly skipped: number;
  readonly fences: readonly Fence[];
  readonly last: Awaited<ReturnType<typeof lastReconciliation>>;
}

/** Reads both databases. */
export async function statusOf(services: WritesServices): Promise<WritesStatus> {
  const { authority, name, sides } = services;
  await authority.ready();
  const { stage, share } = services.wish.now();
  const [control, candidate] = await Promise.all([sideStatusOf(sides.control), sideStatusOf(sides.candidate)]);
  const holders = holdersOf(control.fences, candidate.fences) as WritesStatus["holders"];
  const held = (by: SideName | "moving"): number => holders.filter((each) => each === by).length;
  const { last } = control;
  return {
    ...{ name, stage, share, holders },
    lag: { control: control.lag, candidate: candidate.lag },
    skipped: { control: control.skipped, candidate: candidate.skipped },
    buckets: { control: held("control"), candidate: held("candidate"), moving: held("moving") },
    ...(last !== undefined && {
      lastReconciliation: {
        ...{ clean: last.clean, summary: last.summary, ageMs: last.ageMs },
        ...(last.counts && { counts: last.counts }),
      },
    }),
  };
}

/** Reads one side's database. */
export async function sideStatusOf(side: Side): Promise<SideStatus> {
  const { once, store, stream } = side;
  const { rows, oldestMs, dead, blocked } = await once((tx) => store.count(tx, stream));
  const fences = await once((tx) => store.fences(tx, stream));
  const last = await lastReconciliation(side);
  const since = voidedBy(await once((tx) => store.history(tx, stream)), last?.run ?? "");
  const skipped = since.filter(({ kind }) => kind === "skipped").length;
  return { lag: { rows, oldestMs, dead, blocked }, skipped, fences, last };
}

/** Who is the authority of each bucket, by its own fence; of a side that could not be read there are none. */
export function holdersOf(
  control: readonly Fence[] | undefined,
  candidate: readonly Fence[] | undefined,
): WritesHolder[] {
  const nobody = control === undefined || candidate === undefined ? "unknown" : "moving";
  const holders = Array.from({ length: bucketCount }, (): WritesHolder => nobody);
  for (const [name, fences = []] of [["control", control] as const, ["candidate", candidate] as const]) {
    for (const { bucket, authority, moving } of fences) {
      if (authority === name && !moving) holders[bucket] = name;
    }
  }
  return holders;
}
