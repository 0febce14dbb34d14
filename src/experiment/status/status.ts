import type { Operation } from "../../model/fault.ts";
import type { DeliveryCounts } from "../../model/publisher.ts";
import type { ServedStage } from "../../model/result.ts";
import type { RuleEnd } from "../../model/start-record.ts";
import type { PresentedResult } from "../../records/record.ts";
import type { GroupSummary } from "../../stats/groups.ts";
import type { TallyData } from "../../stats/tally.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";
import type { Verdict } from "../../stats/verdict.ts";
import type { MemoryStatus } from "../deliver/memory-budget.ts";
import type { BreakerState } from "../limits/circuit-breaker.ts";
import type { Counters, SkipReason } from "../record/counters.ts";
import type { NoiseReport } from "../record/noise-reruns.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import { ruleEndsOf } from "./rule-ends.ts";
import { stageOf, verdictOn } from "./text-report.ts";
import { writesOf } from "./writes-of.ts";

/** Counts of what came of calls, or of one candidate's runs. */
export interface OutcomeCounts {
  readonly started: number;
  readonly matched: number;
  readonly mismatched: number;
  readonly ignored: number;
  readonly inconclusive: number;
  readonly timedOut: number;
  readonly skips: Readonly<Partial<Record<SkipReason, number>>>;
}

/** One candidate of an experiment: its counts, its evidence, and whether its breaker lets it run. */
export interface CandidateStatus extends OutcomeCounts {
  readonly breaker: BreakerState;
  /** Counts and latencies that add up over processes: every report, record and verdict is made of them. */
  readonly tally: TallyData;
  /** What the evidence says: the rollout's verdict where it judges by itself, else that of all calls so far. */
  readonly verdict: Verdict;
}

/**
 * One experiment so far. At every moment: `calls` = all `skips` + `started`, and `started` = `matched` + `mismatched` +
 * `ignored` + `inconclusive` + `timedOut` + `inFlight`.
 */
export interface ExperimentStatus extends OutcomeCounts {
  readonly calls: number;
  /** Which code the candidates are, as the rollout or the laboratory's label `build` names it; absent without either. */
  readonly version?: string;
  /** Where the rollout stands; absent without one. */
  readonly rollout?: ServedStage;
  /** Calls whose outcomes were looked at and told: `matched` + `mismatched` + `ignored`. */
  readonly compared: number;
  /** Started calls that have not ended. */
  readonly inFlight: number;
  /** Candidates running now, timed-out ones that have not settled included. */
  readonly candidatesInFlight: number;
  /** Candidates that timed out and have not settled since. */
  readonly stalled: number;
  /** Calls that a candidate answered. */
  readonly served: number;
  /** Calls in which control answered in a candidate's place, since that failed, or differed. */
  readonly fellBack: number;
  /** Of the calls that `checkArguments` looked at: those in which the candidate changed its arguments. */
  readonly argumentsMutated: number;
  /** What foreign code did wrong, by what Sidelane was doing. */
  readonly faults: Readonly<Partial<Record<Operation, number>>>;
  readonly candidates: Readonly<Record<string, CandidateStatus>>;
  /** Kinds of mismatch, the most frequent first; with values hidden, and of paths only what looks like a name in code. */
  readonly groups: readonly GroupSummary<PresentedResult>[];
  /** Of parallel writes: how they stood when a worker of this process last read both databases; absent before. */
  readonly writes?: WritesStanding;
  /** Present where `noise` is looked for. */
  readonly noise?: NoiseReport;
  /**
   * What observing costs: mean milliseconds per started call that callers waited for candidates' synchronous parts, and
   * about how many bytes of evidence were copied so far.
   */
  readonly cost: { readonly meanPathMs: number; readonly capturedBytes: number };
  readonly about: { readonly owner?: string; readonly link?: string; readonly overdue: boolean };
  /** Its rules for known mismatches that end; absent where none does. */
  readonly knownMismatches?: readonly RuleEnd[];
}

/** Status of every experiment and publisher, plus faults that belong to no experiment. */
export interface LaboratoryStatus {
  readonly enabled: boolean;
  readonly closed: boolean;
  /** Of all experiments, timed-out candidates that have not settled included. */
  readonly candidatesInFlight: number;
  readonly experiments: Readonly<Record<string, ExperimentStatus>>;
  readonly publishers: Readonly<Record<string, DeliveryCounts>>;
  readonly memory: MemoryStatus;
  readonly faults: Readonly<Partial<Record<Operation, number>>>;
}

export function statusOf(plan: ExperimentPlan): ExperimentStatus {
  const { counters, state, about } = plan;
  const { owner, link, untilMs } = about;
  const noise = plan.noise?.report(plan.groups);
  const stage = stageOf(plan);
  const writes = writesOf(plan);
  return {
    calls: counters.calls,
    ...(plan.version !== undefined && { version: plan.version }),
    ...(stage && { rollout: stage }),
    ...countsOf(counters),
    compared: counters.match + counters.mismatch + counters.ignored,
    inFlight: counters.inFlight,
    candidatesInFlight: state.inFlight,
    stalled: state.stalled,
    served: state.served,
    fellBack: state.fellBack,
    argumentsMutated: counters.argumentsMutated,
    faults: { ...counters.faults },
    candidates: Object.fromEntries(
      plan.hooks.candidates.map((candidate) => [candidate.name, candidateOf(plan, candidate)]),
    ),
    groups: plan.groups.list(),
    ...(writes && { writes }),
    ...(noise && { noise }),
    cost: {
      meanPathMs: counters.started === 0 ? 0 : counters.totalPathMs / counters.started,
      capturedBytes: counters.capturedBytes,
    },
    about: {
      ...(owner !== undefined && { owner }),
      ...(link !== undefined && { link }),
      overdue: untilMs !== undefined && plan.services.clock.now() >= untilMs,
    },
    ...ruleEndsOf(plan),
  };
}

function candidateOf(plan: ExperimentPlan, candidate: PlannedCandidate): CandidateStatus {
  const { counters, breaker, record } = candidate;
  return {
    ...countsOf(counters),
    breaker: breaker.state,
    tally: record.tally.toJSON(),
    verdict: verdictOn(plan, candidate),
  };
}

function countsOf(counters: Counters): OutcomeCounts {
  return {
    started: counters.started,
    matched: counters.match,
    mismatched: counters.mismatch,
    ignored: counters.ignored,
    inconclusive: counters.inconclusive,
    timedOut: counters.timedOut,
    skips: counters.skipped(),
  };
}
