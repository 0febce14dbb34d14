export { gates, type ExternalGate, type Gate, type GateDefinition, type SlowerOptions } from "../stats/gates.ts";
export type { GateJudge } from "../stats/gate-judge.ts";
export type { EvidenceTotals } from "../stats/evidence-totals.ts";
export type { GateReading } from "../stats/gate-reading.ts";
export type { Verdict } from "../stats/verdict.ts";
export type { Command } from "./ramp/command.ts";
export { ramp, type Ramp } from "./ramp/ramp.ts";
export type { RampOptions, RampStatus } from "./ramp/ramp-options.ts";
export type { KeysStep, RampStep } from "./ramp/steps.ts";
export type { RolloutSetting } from "./snapshot.ts";
export { fromEnvironment, type EnvironmentOptions } from "./sources/environment.ts";
export { fromOpenFeature, type FlagClient, type OpenFeatureOptions } from "./sources/openfeature.ts";
export type { RolloutSource } from "./sources/source.ts";
export type { RolloutChange, RolloutState } from "./state.ts";
export { memoryStore } from "./stores/memory.ts";
export type {
  Evidence,
  FleetVerdict,
  ProcessReport,
  Report,
  ReportedUnits,
  Retired,
  RolloutStore,
  Sync,
  SyncedState,
} from "./stores/store.ts";
export type { Decision, DefinedWith, Rollout, RolloutHost, RolloutSnapshot, Sample, Stage } from "../model/rollout.ts";
export type { RolloutOption } from "./to-rollout.ts";
