import type { Sample } from "../../model/rollout.ts";
import { isDrawn, type PairTimer, type Timing } from "./pair-timer.ts";

/** When a behavior was called, returned, and settled. */
export interface Stamps {
  readonly startedAt: number;
  readonly syncEndedAt: number;
  readonly endedAt: number;
}

/** What a timed call of one candidate comes to, control called first; the timer learns from it. */
export function learnFrom(pairs: PairTimer, timing: Timing, control: Stamps, candidate: Stamps): Sample["pair"] {
  pairs.observe(candidate.syncEndedAt - candidate.startedAt);
  return timedPair(control, candidate, [control, candidate], isDrawn(timing), pairs.isLong);
}

/**
 * How long both sides of a timed call took, each without the synchronous parts of those that were called after it: while these ran,
 * its own answer could not come in.
 *
 * @param all every behavior of the call, control and the candidate among them
 * @param drawn whether their order was drawn
 * @param isLong whether the candidate's synchronous part is too long for that
 */
export function timedPair(
  control: Stamps,
  candidate: Stamps,
  all: readonly Stamps[],
  drawn: boolean,
  isLong: boolean,
): Sample["pair"] {
  // Sides that answer at once do not get in each other's way, however long they take.
  const atOnce = all.every(({ syncEndedAt, endedAt }) => syncEndedAt === endedAt);
  if (!drawn || (isLong && !atOnce)) return isLong ? "synchronous" : undefined;
  return { controlMs: ownMs(control, all), candidateMs: ownMs(candidate, all) };
}

function ownMs(side: Stamps, all: readonly Stamps[]): number {
  const durationMs = side.endedAt - side.startedAt;
  if (side.endedAt === side.syncEndedAt) return durationMs;
  let othersMs = 0;
  for (const { startedAt, syncEndedAt } of all) if (startedAt > side.startedAt) othersMs += syncEndedAt - startedAt;
  return Math.max(durationMs - othersMs, side.syncEndedAt - side.startedAt);
}
