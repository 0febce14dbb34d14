export { admits, bucketCount, bucketing, bucketsOf, bucketVersion, murmur3 } from "./bucket.ts";
export { decide } from "./decide.ts";
export { fixedRollout, rolloutOf, sourceRollout, type RolloutOption } from "./fixed.ts";
export { lesserOf, snapshotOf, stages, type RolloutSetting } from "./snapshot.ts";
export type { RolloutSource } from "./source.ts";
