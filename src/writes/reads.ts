import type { AnyFunction } from "../model/any-function.ts";
import type { Rollout, RolloutSnapshot } from "../model/rollout.ts";
import { bucketCount as slots } from "../rollout/bucket.ts";
import type { WritesServices } from "./services.ts";

/** What `reads` takes besides a definition. */
export interface ReadsPartition<Control extends AnyFunction> {
  /** The partition of a call, as `partition` of the operations has it; needed where the authority goes by partition. */
  readonly partition?: (...args: Parameters<Control>) => string;
}

const served = (stage: RolloutSnapshot["stage"], share: number, compare: number): RolloutSnapshot =>
  Object.freeze({ stage, share, compare, epoch: 1 });

const control = served("shadow", 0, 1);
const candidate = served("live", 1, 1);
const byPartition = served("ramp", 0.5, 1);
const controlAlone = served("off", 0, 0);
const candidateAlone = served("complete", 1, 0);

/** A rollout that serves each call by the side that is the authority of its partition, as far as this process knows. */
export function readsRollout(services: WritesServices, partitioned: boolean): Rollout {
  const { authority, bucketOf, wish } = services;
  return {
    current() {
      authority.look();
      const { stage } = wish.now();
      // What control commits then is not the candidate's to answer: it only follows.
      if (stage === "complete" && services.sides.control.changes === undefined) return candidateAlone;
      if (stage === "off" && authority.of(0) === "control") return controlAlone;
      if (partitioned) return byPartition;
      return authority.of(0) === "control" ? control : candidate;
    },
    bucket: (_, partition) => (authority.of(bucketOf(partition)) === "candidate" ? 0 : slots - 1),
  };
}
