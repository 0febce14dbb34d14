import type { AnyFunction } from "../model/any-function.ts";
import type { Rollout, RolloutSnapshot } from "../model/rollout.ts";
import { bucketCount as slots } from "../rollout/bucket.ts";
import { bucketCount, type SideName } from "./outbox/store.ts";
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
  const buckets = Array.from({ length: partitioned ? bucketCount : 1 }, (_, bucket) => bucket);
  const isAllOf = (side: SideName): boolean => buckets.every((bucket) => authority.of(bucket) === side);
  return {
    current() {
      authority.look();
      const { stage } = wish.now();
      // A wish alone moves nothing: a bucket that is held is still its authority's to answer.
      if (stage === "complete" && isAllOf("candidate")) return candidateAlone;
      if (stage === "off" && isAllOf("control")) return controlAlone;
      if (partitioned) return byPartition;
      return authority.of(0) === "control" ? control : candidate;
    },
    bucket: (_, partition) => (authority.of(bucketOf(partition)) === "candidate" ? 0 : slots - 1),
  };
}
