import type { RolloutSnapshot } from "../../model/rollout.ts";
import { limitedBy, snapshotOf } from "../snapshot.ts";
import type { RolloutSource } from "../sources/source.ts";
import type { GrantingState } from "../state.ts";
import { latchOf } from "../versions.ts";

/** What runs, and whether that is less than what the state grants since the source allows less. */
export interface Running {
  readonly snapshot: RolloutSnapshot;
  readonly limited: boolean;
}

/**
 * What a state grants to a process: no more than shadow to one whose version is another one, and nothing where that was switched
 * off, or where the state is not known, since it may have been.
 *
 * @param version of the process's candidate; `null` where the state is another program's
 * @param compare the share of calls to compare where no person has said another one
 */
export function grantedBy(
  state: GrantingState | undefined,
  version: string | null | undefined,
  compare: number,
): RolloutSnapshot {
  if (state === undefined) return snapshotOf("off");
  const { stage, share, candidateVersion, versions = [] } = state;
  const compared = state.compare ?? compare;
  if (version === candidateVersion || stage === "off" || stage === "complete")
    return snapshotOf(stage, share, 0, compared);
  return snapshotOf(latchOf(versions, version ?? undefined)?.off ? "off" : "shadow", 0, 0, compared);
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
