import { decideDoubts } from "./intent/write-by-intent.ts";
import type { Presence } from "./presence.ts";
import { messageOf } from "./errors.ts";
import type { WritesServices } from "./services.ts";
import { directions } from "./services.ts";
import type { Switch } from "./switch.ts";
import type { ToldStanding } from "./told-standing.ts";

const idsLastMs = 30 * 24 * 60 * 60 * 1_000;
const pruneEveryMs = 60_000;
const lagEveryMs = 5_000;
const toldEveryMs = 15_000;
const moveEveryMs = 200;
const doubtEveryMs = 1_000;

/**
 * What a worker does beside following, each at its own pace: both databases read for records, doubts decided, fences as wished, buckets
 * moved, old ids taken away, an alarm for a large lag.
 */
export function maintenance(
  services: WritesServices,
  presence: Presence,
  told: ToldStanding,
  moveOn: Switch,
): () => Promise<void> {
  const { clock, options, sides } = services;
  const { rows: mostRows = 100_000, ms: mostMs = 600_000 } = options.maxLag ?? {};
  let movedAt = -Infinity;
  let prunedAt = -Infinity;
  let lookedAt = -Infinity;
  let toldAt = -Infinity;
  let doubtedAt = -Infinity;
  let isUndecided = false;
  const isLagging = new Set<string>();

  async function prune(): Promise<void> {
    for (const side of [sides.control, sides.candidate]) {
      await side.once((tx) => side.store.prune(tx, { ...side.stream, olderThanMs: idsLastMs }));
    }
  }

  async function lookAtLag(): Promise<void> {
    for (const { from } of directions(services)) {
      const { rows, oldestMs } = await from.once((tx) => from.store.count(tx, from.stream));
      if (rows <= mostRows && oldestMs <= mostMs) {
        isLagging.delete(from.name);
      } else if (!isLagging.has(from.name)) {
        isLagging.add(from.name);
        const reason = `${rows} operations wait, the oldest for ${Math.round(oldestMs / 1_000)} s`;
        services.emit({ kind: "lagging", authority: from.name, reason });
      }
    }
  }

  /** Never rejects: while a side cannot be asked all else goes on. */
  async function decide(): Promise<void> {
    for (const side of [sides.control, sides.candidate]) {
      if (side.lookup === undefined) continue;
      try {
        await decideDoubts(services, side);
        isUndecided = false;
      } catch (error) {
        const reason = `what is in doubt on ${side.name} cannot be decided: ${messageOf(error)}`;
        if (!isUndecided) services.emit({ kind: "worker", reason });
        isUndecided = true;
      }
    }
  }

  return async () => {
    const now = clock.monotonic();
    presence.beat();
    if (now - toldAt >= toldEveryMs) {
      toldAt = now;
      // Before all that fails while a side cannot be reached: just then people look at it.
      await told.look();
    }
    await services.authority.align();
    if (now - doubtedAt >= doubtEveryMs) {
      doubtedAt = now;
      await decide();
    }
    if (now - movedAt >= moveEveryMs) {
      movedAt = now;
      await moveOn();
    }
    if (now - lookedAt >= lagEveryMs) {
      lookedAt = now;
      await lookAtLag();
    }
    if (now - prunedAt >= pruneEveryMs) {
      prunedAt = now;
      await prune();
      await presence.tidy();
    }
  };
}
