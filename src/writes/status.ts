import { lastReconciliation } from "./last-reconciliation.ts";
import { bucketCount, type SideName, type WritesLag } from "./outbox/store.ts";
import type { WritesServices } from "./services.ts";
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
  /** Since it ended, in milliseconds. */
  readonly ageMs: number;
}

/** Reads both databases. */
export async function statusOf(services: WritesServices): Promise<WritesStatus> {
  const { authority, name, sides } = services;
  await authority.ready();
  const { stage, share } = services.wish.now();
  const [control, candidate] = await Promise.all(
    [sides.control, sides.candidate].map((side) =>
      side.once(async (tx) => lagIn(await side.store.count(tx, side.stream))),
    ),
  );
  const holders = Array.from({ length: bucketCount }, (): SideName | "moving" => "moving");
  for (const side of [sides.control, sides.candidate]) {
    for (const { bucket, authority: holder, moving } of await side.once((tx) => side.store.fences(tx, side.stream))) {
      if (holder === side.name && !moving) holders[bucket] = holder;
    }
  }
  const held = (by: SideName | "moving"): number => holders.filter((each) => each === by).length;
  const last = await lastReconciliation(sides.control);
  return {
    ...{ name, stage, share, holders },
    lag: { control: control!, candidate: candidate! },
    buckets: { control: held("control"), candidate: held("candidate"), moving: held("moving") },
    ...(last !== undefined && {
      lastReconciliation: { clean: last.clean, summary: last.summary, ageMs: last.ageMs },
    }),
  };
}

function lagIn({ rows, oldestMs, dead, blocked }: WritesLag): WritesLag {
  return { rows, oldestMs, dead, blocked };
}
