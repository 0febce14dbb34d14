export { admits, bucketCount, bucketing, bucketsOf, bucketVersion, murmur3 } from "./bucket.ts";
export { decide } from "./decide.ts";
export { fromEnvironment, type EnvironmentOptions } from "./environment.ts";
export { fixedRollout, rolloutOf, sourceRollout, type RolloutOption } from "./fixed.ts";
export { memoryStore } from "./memory-store.ts";
export { fromOpenFeature, type FlagClient, type OpenFeatureOptions } from "./openfeature.ts";
export { ramp, type Ramp, type RampOptions, type RampStatus } from "./ramp.ts";
export { lesserOf, snapshotOf, stages, type RolloutSetting } from "./snapshot.ts";
export type { RolloutSource } from "./source.ts";
export {
  initialState,
  nextOf,
  readState,
  refusalOf,
  transition,
  type RolloutChange,
  type RolloutRequest,
  type RolloutState,
} from "./state.ts";
export type { ReportedTotals, RolloutStore } from "./store.ts";
