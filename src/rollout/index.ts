export { admits, bucketCount, bucketing, bucketsOf, bucketVersion, murmur3 } from "./bucket.ts";
export { decide } from "./decide.ts";
export { fromEnvironment, type EnvironmentOptions } from "./sources/environment.ts";
export { fixedRollout, rolloutOf, sourceRollout, type RolloutOption } from "./to-rollout.ts";
export { memoryStore } from "./stores/memory.ts";
export { fromOpenFeature, type FlagClient, type OpenFeatureOptions } from "./sources/openfeature.ts";
export { ramp, type Ramp } from "./ramp/ramp.ts";
export type { RampOptions, RampStatus } from "./ramp/ramp-options.ts";
export { lesserOf, snapshotOf, stages, type RolloutSetting } from "./snapshot.ts";
export type { RolloutSource } from "./sources/source.ts";
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
export type { ReportedTotals, RolloutStore } from "./stores/store.ts";
