import type { RolloutSnapshot } from "../../model/rollout.ts";
import { limitedBy, snapshotOf } from "../snapshot.ts";
import type { RolloutSource } from "../sources/source.ts";
import type { RolloutState } from "../state.ts";

/** What runs, and whether that is less than what the state grants since the source allows less. */
export interface Running {
  readonly snapshot: RolloutSnapshot;
  readonly limited: boolean;
}

/** What a state grants to a process: to one whose state is not known, or whose version is another one, no more than shadow. */
export function grantedBy({ stage, share }: RolloutState, trusted: boolean, compare: number): RolloutSnapshot {
  if (trusted || stage === "off" || stage === "complete") return snapshotOf(stage, share, 0, compare);
  return snapshotOf("shadow", 0, 0, compare);
}

/** The lesser of what is granted and what the source allows. */
export function runningOf(
  granted: RolloutSnapshot,
  source: RolloutSource | undefined,
  before: RolloutSnapshot,
  epoch: number,
  onFault: (error: unknown) => void,
): Running {
  let running = granted;
  if (source) {
    try {
      running = limitedBy(granted, source.current());
    } catch (error) {
      // The last known good is what it said before; with nothing known, no one is served.
      running = limitedBy(granted, before);
      onFault(error);
    }
  }
  const { stage, share, compare } = running;
  return {
    snapshot: Object.freeze({ stage, share, compare, epoch }),
    limited: stage !== granted.stage || share !== granted.share,
  };
}
