export { defaultLaboratory, experiment, science } from "./default-laboratory.ts";
export { Laboratory } from "./experiment/laboratory.ts";
export { MismatchError } from "./experiment/status/mismatch-error.ts";
export { currentRun } from "./experiment/runtime/current-run.ts";
export { SidelaneError } from "./model/errors.ts";
export { consolePublisher } from "./publishers/console.ts";
export { memoryPublisher } from "./publishers/memory.ts";

// At most 40 names of types: what a user writes, hands in or receives. Parts of these are read off the whole.
export type { Definition, ExperimentMaker } from "./experiment/define/definition.ts";
export type { About, Compare, ExperimentLimits, StreamLimits } from "./experiment/define/options.ts";
export type { ThrowOptions } from "./experiment/define/throw-options.ts";
export type { NoiseOptions } from "./experiment/record/noise-reruns.ts";
export type { LaboratoryLimits, LaboratoryOptions } from "./experiment/define/laboratory-options.ts";
export type { CaptureLimits } from "./compare/copy/capture-limits.ts";
export type { KnownMismatch } from "./compare/rules/known-mismatches.ts";
export type { CompareRules } from "./compare/rules/rules.ts";
export type { CurrentRun } from "./experiment/runtime/current-run.ts";
export type { SkipReason } from "./experiment/record/counters.ts";
export type { CandidateStatus, ExperimentStatus, LaboratoryStatus } from "./experiment/status/status.ts";
export type { Cancel, Clock } from "./model/clock.ts";
export type { Comparison, Difference } from "./model/comparison.ts";
export type { SidelaneErrorCode } from "./model/errors.ts";
export type { Fault, Operation } from "./model/fault.ts";
export type { Evidence, Observation, Outcome } from "./model/observation.ts";
export type { DeliveryCounts, FlushReport, Publisher, PublisherLike } from "./model/publisher.ts";
export type { CandidateObservation, FellBack, Result, ResultKind, ServedStage } from "./model/result.ts";
export type { RolloutEvent } from "./model/rollout.ts";
export type { Verdict } from "./stats/verdict.ts";
