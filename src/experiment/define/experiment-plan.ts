import type { Rollout } from "../../model/rollout.ts";
import type { CaptureLimits } from "../../compare/copy/capture-limits.ts";
import type { Judgement } from "../../compare/judge.ts";
import type { PresentedResult } from "../../records/record.ts";
import type { MismatchGroups } from "../../stats/groups.ts";
import type { CandidateBreaker } from "../limits/circuit-breaker.ts";
import type { Counters } from "../record/counters.ts";
import type { CpuBudget } from "../limits/cpu-budget.ts";
import type { Services } from "./services.ts";
import type { Throwing } from "./throw-options.ts";
import type { NoiseRuns } from "../record/noise-reruns.ts";
import type { PairTimer } from "../record/pair-timer.ts";
import type { CandidateRecord } from "../record/candidate-record.ts";
import type { ControlMark } from "../runtime/current-run.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";

/** One candidate of an experiment: what is called, and what is kept about it from call to call. */
export interface PlannedCandidate {
  readonly name: string;
  readonly call: AnyFunction;
  readonly breaker: CandidateBreaker;
  readonly counters: Counters;
  readonly record: CandidateRecord;
}

/** The user's functions; in `science` they are those of the present call. */
export interface Hooks {
  readonly control: AnyFunction;
  /** Whether control is known to return plain promises, and nothing else. */
  readonly givesPromises: boolean;
  readonly candidates: readonly [PlannedCandidate, ...PlannedCandidate[]];
  readonly enabled: AnyFunction | undefined;
  readonly key: AnyFunction | undefined;
  readonly context: AnyFunction | Readonly<Record<string, unknown>> | undefined;
  readonly prepare: AnyFunction | undefined;
  readonly beforeRun: AnyFunction | undefined;
  readonly afterRun: AnyFunction | undefined;
  readonly clean: AnyFunction | undefined;
}

/** An experiment, checked and compiled once; nothing of it is looked up again in a call. */
export interface ExperimentPlan {
  readonly name: string;
  /** What it is called in messages, such as `experiment("price")`. */
  readonly place: string;
  readonly services: Services;
  readonly counters: Counters;
  readonly hooks: Hooks;
  readonly controlMark: ControlMark;
  /** Of a control beside a candidate that is to answer. */
  readonly besideMark: ControlMark;
  readonly allowed: boolean;
  readonly sample: number;
  readonly deferred: boolean;
  readonly randomOrder: boolean;
  /** Which calls are timed as pairs; absent where nobody looks at them. */
  readonly pairs: PairTimer | undefined;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  readonly callerMs: number;
  readonly capture: boolean;
  readonly captureLimits: CaptureLimits | undefined;
  readonly isolate: boolean;
  readonly checkArguments: number;
  readonly stream: { readonly maxItems: number; readonly maxBytes: number } | undefined;
  readonly judgement: Judgement;
  /** Whether the user's own function compares: it gets both values at once where both are at hand. */
  readonly ownCompare: boolean;
  /** Whether a call may leave nothing but counts when both sides answer at once and alike. */
  readonly fast: boolean;
  readonly rollout: Rollout | undefined;
  /** The version of the candidates, which results carry; absent where nothing names it. */
  readonly version: string | undefined;
  readonly waitForMatch: boolean;
  readonly graceMs: number;
  /** What is thrown to callers; nothing in production. */
  readonly throwing: Throwing | undefined;
  /** No call has a key, and each one below `live` is drawn anew. */
  readonly drawsByCall: boolean;
  readonly budget: CpuBudget;
  readonly groups: MismatchGroups<PresentedResult>;
  readonly noise: NoiseRuns | undefined;
  readonly onNewMismatch: AnyFunction | undefined;
  readonly about: { readonly owner?: string; readonly link?: string; readonly untilMs?: number };
  /** How parallel writes stand, where it compares their records. */
  readonly writes: (() => WritesStanding | undefined) | undefined;
  /** Written by runs. */
  readonly state: PlanState;
}

export interface PlanState {
  inFlight: number;
  /** Candidates that timed out and have not settled since. */
  stalled: number;
  /** Calls that the candidate answered, and those it failed so that control answered in its place. */
  served: number;
  fellBack: number;
  /** Control is known to return promises: so must whatever answers in its place. */
  asynchronous: boolean;
  /** Its rollout, or its `prepare`, is being asked at this moment: either would be asked for ever by one that calls the experiment. */
  askingRollout: boolean;
  preparing: boolean;
  /** Of what cannot be run twice as it is: told once. */
  toldOfCallback: boolean;
  toldOfNothing: boolean;
}

/**
 * What of a definition keeps its calls from being fast: anything but a candidate called with control's own arguments, right
 * after it. A call under a rollout does not ask.
 */
export function canBeFast(plan: Omit<ExperimentPlan, "fast">): boolean {
  return (
    plan.hooks.candidates.length === 1 &&
    !plan.deferred &&
    !plan.randomOrder &&
    !plan.isolate &&
    !plan.ownCompare &&
    plan.checkArguments === 0 &&
    plan.stream === undefined &&
    plan.throwing === undefined
  );
}

/** Whether this call can be fast; in `science` every call brings functions of its own. */
export function isFast(plan: ExperimentPlan, hooks: Hooks): boolean {
  return (
    plan.fast &&
    hooks.prepare === undefined &&
    hooks.key === undefined &&
    hooks.context === undefined &&
    hooks.beforeRun === undefined &&
    hooks.afterRun === undefined &&
    hooks.candidates[0].breaker.state === "closed"
  );
}
