import { judge, type Judgement } from "../../compare/judge.ts";
import { noRules } from "../../compare/rules/rules.ts";
import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Evidence, Observation, Outcome } from "../../model/observation.ts";
import type { CandidateObservation, FellBack, Result, ResultKind } from "../../model/result.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import { hideReason } from "../../records/names-in-code.ts";
import { ask, failed } from "../define/services.ts";

/** Stamps of the monotonic clock. */
export interface Stamps {
  readonly startedAt: number;
  readonly syncEndedAt: number;
  readonly endedAt: number;
}

/** One candidate of a call that has ended. */
export interface EndedCandidate extends Stamps {
  readonly candidate: string;
  readonly kind: ResultKind;
  readonly outcome: Outcome | undefined;
  readonly evidence: Evidence;
  readonly comparison: Comparison | undefined;
  readonly argumentsMutated: boolean | undefined;
}

/** What a result is made of: a call whose sides have ended. Stamps are of the monotonic clock. */
export interface EndedRun {
  readonly plan: ExperimentPlan;
  readonly hooks: Hooks;
  readonly candidateRuns: readonly EndedCandidate[];
  readonly snapshot: RolloutSnapshot | undefined;
  readonly context: Readonly<Record<string, unknown>> | undefined;
  readonly key: string | undefined;
  /** Who answered the caller: `control`, or the candidate's name. */
  readonly served: string;
  readonly fellBack: FellBack | undefined;
  readonly startedAt: number;
  readonly control: Outcome | undefined;
  readonly controlEvidence: Evidence;
  readonly controlStartedAt: number;
  readonly controlSyncEndedAt: number;
  readonly controlEndedAt: number;
}

const severity: Record<ResultKind, number> = { match: 0, ignored: 1, inconclusive: 2, "timed-out": 3, mismatch: 4 };

/** The worse of two. */
export function worseOf(one: ResultKind, other: ResultKind): ResultKind {
  return severity[other] > severity[one] ? other : one;
}

/** The worst of its candidates' kinds. */
export function kindOfRun({ candidateRuns }: EndedRun): ResultKind {
  let worst = candidateRuns[0]!.kind;
  for (let index = 1; index < candidateRuns.length; index++) worst = worseOf(worst, candidateRuns[index]!.kind);
  return worst;
}

/** Makes the result of a run that has ended: frozen, with all that Sidelane itself has made of it. */
export function makeResult(run: EndedRun, id: string): Result {
  const { plan, snapshot } = run;
  const startedAt = plan.services.comparisonQueue.wallTimeOf(run.startedAt);
  const control = Object.freeze(
    observe(run, "control", run.control!, run.controlEvidence, {
      startedAt: run.controlStartedAt,
      syncEndedAt: run.controlSyncEndedAt,
      endedAt: run.controlEndedAt,
    }),
  );
  const candidates = run.candidateRuns.map((candidateRun) => observeCandidate(run, candidateRun, control, startedAt));
  const result: Writable<Result> = {
    id,
    experiment: plan.name,
    startedAt,
    served: run.served,
    context: contextOf(plan.services.context, run.context),
    control,
    candidates: Object.freeze(candidates) as Result["candidates"],
    kind: kindOfRun(run),
  };
  // Not by spreading: a result that is told costs a third of that.
  if (run.fellBack !== undefined) result.fellBack = run.fellBack;
  if (plan.version !== undefined) result.version = plan.version;
  const { labels, unitOf } = plan.services;
  if (labels.build !== undefined) result.build = labels.build;
  if (unitOf !== undefined && run.key !== undefined) result.unit = unitOf(plan.name, run.key);
  if (snapshot !== undefined) {
    result.rollout = Object.freeze({ stage: snapshot.stage, share: snapshot.share, epoch: snapshot.epoch });
  }
  return Object.freeze(result);
}

type Writable<Frozen> = { -readonly [Field in keyof Frozen]: Frozen[Field] };

type Context = Readonly<Record<string, unknown>>;
const noContext: Context = Object.freeze({});

function contextOf(shared: Context | undefined, own: Context | undefined): Context {
  return shared === undefined && own === undefined ? noContext : Object.freeze({ ...shared, ...own });
}

function observeCandidate(
  run: EndedRun,
  candidateRun: EndedCandidate,
  control: Observation,
  at: number,
): CandidateObservation {
  const { outcome, evidence, argumentsMutated } = candidateRun;
  const observed = observe(
    run,
    candidateRun.candidate,
    outcome!,
    evidence,
    candidateRun,
  ) as Writable<CandidateObservation>;
  const isCleaned = run.hooks.clean !== undefined;
  observed.comparison = frozen(
    isCleaned ?
      cleanComparison(candidateRun.comparison!, control.outcome, observed.outcome, at)
    : candidateRun.comparison!,
  );
  if (argumentsMutated !== undefined) observed.argumentsMutated = argumentsMutated;
  return Object.freeze(observed);
}

function observe(run: EndedRun, name: string, outcome: Outcome, evidence: Evidence, stamps: Stamps): Observation {
  // A side of which nothing was told has no stamps.
  const durationMs = stamps.endedAt - stamps.startedAt || 0;
  const syncMs = stamps.syncEndedAt - stamps.startedAt || 0;
  const offsetMs = stamps.startedAt - run.startedAt || 0;
  const { clean } = run.hooks;
  if (clean === undefined || outcome.kind !== "returned") {
    return { name, outcome: Object.freeze(outcome), evidence, durationMs, syncMs, offsetMs };
  }
  const cleaned = ask(run.plan.services, run.plan, "clean", clean, undefined, [outcome.value]);
  const omitted = cleaned === failed;
  return {
    name,
    outcome: Object.freeze({ kind: "returned", value: omitted ? undefined : cleaned }),
    evidence: omitted ? "omitted" : "cleaned",
    durationMs,
    syncMs,
    offsetMs,
  };
}

const plainly: Judgement = {
  compare: undefined,
  rules: noRules,
  errorRules: noRules,
  knownMismatches: [],
  onFault: () => undefined,
};

/**
 * What was found about two values, told by what `clean` left of them: the differences are those of the cleaned values, and
 * where these are equal, one at `$` that shows nothing. Kind, rule and signature stay those of the whole values.
 */
function cleanComparison(comparison: Comparison, control: Outcome, candidate: Outcome, at: number): Comparison {
  if (comparison.kind === "match") return comparison;
  // What was thrown may be made of the whole values; it is told as a fault.
  if (comparison.kind === "inconclusive") return { kind: "inconclusive", reason: hideReason(comparison.reason) };
  const left = judge(control, candidate, plainly, at);
  const differences = left.kind === "mismatch" ? left.differences : ([{ path: "$", kind: "value" }] as const);
  return { ...comparison, differences };
}

/** Freezes what was found, but not the values in it: they are the callers'. */
function frozen(comparison: Comparison): Comparison {
  if (Object.isFrozen(comparison)) return comparison;
  if ("differences" in comparison) {
    Object.freeze(comparison.differences);
    comparison.differences.forEach((difference: Difference) => Object.freeze(difference));
  }
  return Object.freeze(comparison);
}
