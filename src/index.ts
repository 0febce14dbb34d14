export { defaultLaboratory, experiment, science } from "./default-laboratory.ts";
export type { CaptureLimits } from "./compare/copy/capture.ts";
export type { KnownMismatch, Outcomes } from "./compare/rules/known-mismatches.ts";
export type { CompareRules } from "./compare/rules/rules.ts";
export type { BreakerState } from "./experiment/limits/circuit-breaker.ts";
export type { SkipReason } from "./experiment/record/counters.ts";
export { Laboratory } from "./experiment/laboratory.ts";
export type { LaboratoryLimits, LaboratoryOptions } from "./experiment/define/laboratory-options.ts";
export { MismatchError } from "./experiment/status/mismatch-error.ts";
export { currentRun, type CurrentRun } from "./experiment/runtime/current-run.ts";
export type { CandidateStatus, ExperimentStatus, LaboratoryStatus, OutcomeCounts } from "./experiment/status/status.ts";
export type {
  About,
  AnyFunction,
  Compare,
  Definition,
  ExperimentLimits,
  ExperimentMaker,
  NoiseOptions,
  ScienceMaker,
  StreamLimits,
} from "./experiment/define/options.ts";
export type { Cancel, Clock } from "./model/clock.ts";
export type { Comparison, Difference, DifferenceKind } from "./model/comparison.ts";
export { SidelaneError, type SidelaneErrorCode } from "./model/errors.ts";
export type { Fault, Operation } from "./model/fault.ts";
export type { Evidence, Observation, Outcome } from "./model/observation.ts";
export type { DeliveryCounts, DropReason, FlushReport, Publisher, PublisherLike } from "./model/publisher.ts";
export type { CandidateObservation, Result, ResultKind, ServedStage } from "./model/result.ts";
export type { Decision, Rollout, RolloutEvent, RolloutHost, RolloutSnapshot, Sample, Stage } from "./model/rollout.ts";
export { consolePublisher, type ConsolePublisherOptions } from "./publishers/console.ts";
export { memoryPublisher, type MemoryPublisher, type MemoryPublisherOptions } from "./publishers/memory.ts";
export type { GroupSummary } from "./stats/groups.ts";
export type { HistogramData } from "./stats/histogram.ts";
export type { TallyData } from "./stats/tally.ts";
export type { GateReading, Verdict } from "./stats/verdict.ts";
