import { eachByItself } from "./each-by-itself.ts";
import { decideDoubts } from "./intent/write-by-intent.ts";
import type { Presence } from "./presence.ts";
import type { WritesServices } from "./services.ts";
import type { Switch } from "./switch.ts";
import type { ToldStanding } from "./told-standing.ts";

const idsLastMs = 30 * 24 * 60 * 60 * 1_000;
const pruneEveryMs = 60_000;
const toldEveryMs = 15_000;
const moveEveryMs = 200;
const doubtEveryMs = 1_000;

/** Runs a part of what a worker does. Never rejects: where it fails that is told, and all else goes on. */
export type Contained = (part: string, run: () => Promise<unknown>) => Promise<void>;

/** A part of a worker's, each how often. */
interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
}

/**
 * What a worker does beside following, each at its own pace, also while others fail: both databases read for records, fences as
 * wished, doubts decided, buckets moved, old ids taken away. Never rejects.
 */
export function maintenance(
  services: WritesServices,
  presence: Presence,
  told: ToldStanding,
  moveOn: Switch,
  contained: Contained,
): () => Promise<void> {
  const { authority, clock, sides } = services;
  const both = [sides.control, sides.candidate];

  const prune = (): Promise<void> =>
    eachByItself(both, ({ once, store, stream }) =>
      once((tx) => store.prune(tx, { ...stream, olderThanMs: idsLastMs })),
    );

  const moving = async (): Promise<void> => {
    await authority.ready();
    await moveOn();
  };

  const doubts = both
    .filter(({ lookup }) => lookup !== undefined)
    .map((side): Chore => {
      const name = `what is in doubt on ${side.name} cannot be decided`;
      return { name, everyMs: doubtEveryMs, run: () => decideDoubts(services, side) };
    });
  const chores: readonly Chore[] = [
    { name: "reading both databases", everyMs: toldEveryMs, run: () => told.look() },
    { name: "aligning", everyMs: 0, run: () => authority.align() },
    ...doubts,
    { name: "moving", everyMs: moveEveryMs, run: moving },
    { name: "forgetting ids", everyMs: pruneEveryMs, run: prune },
    { name: "forgetting processes", everyMs: pruneEveryMs, run: () => presence.tidy() },
  ];
  const ranAt = new Map<Chore, number>();

  return async () => {
    const now = clock.monotonic();
    presence.beat();
    for (const chore of chores) {
      if (now - (ranAt.get(chore) ?? -Infinity) < chore.everyMs) continue;
      ranAt.set(chore, now);
      await contained(chore.name, chore.run);
    }
  };
}
