export type { Cancel, Clock } from "./model/clock.ts";
export type { Comparison, Difference, DifferenceKind } from "./model/comparison.ts";
export { SidelaneError, type SidelaneErrorCode } from "./model/errors.ts";
export type { Fault, Operation } from "./model/fault.ts";
export type { Evidence, Observation, Outcome } from "./model/observation.ts";
export type { DeliveryCounts, DropReason, FlushReport, Publisher, PublisherLike } from "./model/publisher.ts";
export type { CandidateObservation, Result, ResultKind, ServedStage } from "./model/result.ts";
export type { Decision, Rollout, RolloutEvent, RolloutHost, RolloutSnapshot, Sample, Stage } from "./model/rollout.ts";
