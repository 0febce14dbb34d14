import { match, type Comparison } from "../../model/comparison.ts";
import type { Result } from "../../model/result.ts";
import type { Sample } from "../../model/rollout.ts";
import { lookWasCutShort, surelyEqual } from "../../compare/equality/surely-equal.ts";
import { judge } from "../../compare/judge.ts";
import { present } from "../../records/present.ts";
import type { PresentedResult } from "../../records/record.ts";
import { compileRedaction } from "../../records/redaction.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import { tellOfNothing } from "../define/run-twice.ts";
import { ask } from "../define/services.ts";
import type { Timing } from "../record/pair-timer.ts";
import type { Receivers } from "../deliver/comparison-queue.ts";
import { WaitsForControl } from "../limits/waits-for-control.ts";
import { quietly } from "../runtime/current-run.ts";
import { mayFollow, watch } from "../runtime/promises.ts";
import type { CandidateRun } from "./candidate-run.ts";
import { kindOfRun, type EndedRun } from "./make-result.ts";

/** A call whose sides are compared. */
interface ComparedRun extends EndedRun {
  /** What is compared was prepared by a function of the user's, and may hold accessors. */
  readonly prepared: boolean;
}

/** A call whose sides have all settled. */
export interface SettledRun extends ComparedRun {
  readonly candidateRuns: readonly CandidateRun[];
  readonly self: unknown;
  readonly args: unknown[];
  readonly controlMs: number;
  readonly timing: Timing;
  /** Under `throwOnMismatch`: a caller is told. */
  readonly tellsCaller: boolean;
  result(): Result;
}

const redaction = compileRedaction();

/**
 * What can be said as soon as both sides are at hand: that they are surely equal, or what an own comparer says. `undefined`
 * where they are to be walked later.
 *
 * @param judges whether the caller's answer hangs on it: then they are walked now
 */
export function comparisonAtOnce(
  run: ComparedRun,
  candidateRun: CandidateRun,
  judges: boolean,
): Comparison | undefined {
  const { ownCompare, callerMs } = run.plan;
  const control = run.control!;
  const outcome = candidateRun.outcome!;
  const bothReturned = control.kind === "returned" && outcome.kind === "returned";
  if (bothReturned && !ownCompare && !candidateRun.looked) {
    if (surelyEqual(control.value, outcome.value, undefined, false, callerMs)) {
      if (outcome.value === undefined) tellOfNothing(run.plan);
      return match;
    }
    candidateRun.looked = !lookWasCutShort();
  }
  return ownCompare || judges || outcome.kind === "timed-out" ? comparisonOf(run, candidateRun) : undefined;
}

function comparisonOf(run: ComparedRun, candidateRun: CandidateRun): Comparison {
  const { judgement, services } = run.plan;
  const known = {
    looked: candidateRun.looked,
    areCopies: !run.prepared && run.controlEvidence === "captured" && candidateRun.evidence === "captured",
  };
  return quietly(() => judge(run.control!, candidateRun.outcome!, judgement, services.clock.now(), known));
}

/** A candidate that threw where control did not, or whose time was up, and not control's as well, has failed. */
export function tellBreakers({ candidateRuns, control }: SettledRun, now: number): void {
  for (const { outcome, candidateThrew, planned, failureTold } of candidateRuns) {
    if (failureTold) continue;
    const failed =
      outcome!.kind === "timed-out" ? control!.kind !== "timed-out" : candidateThrew && control!.kind === "returned";
    if (failed) planned.breaker.failed(now);
    else planned.breaker.succeeded();
  }
}

/** Counts a candidate's failure, though control has not settled and nobody knows whether it fails as well. */
export function waitsForControl(plan: ExperimentPlan): WaitsForControl<CandidateRun> {
  return new WaitsForControl(plan.services.deadlines, plan.timeoutMs, (candidateRun: CandidateRun) => {
    // A laboratory that closes waits for nobody, which says nothing of the candidate.
    if (plan.services.closed) return;
    candidateRun.failureTold = true;
    candidateRun.planned.breaker.failed(plan.services.clock.monotonic());
    const { experiment, candidate, candidateMs, key, at, epoch } = candidateRun;
    const sample: Sample = {
      ...{ experiment, candidate, candidateMs, key, at, epoch },
      kind: "inconclusive",
      controlMs: NaN,
      controlThrew: false,
      candidateThrew: true,
      aboutControl: "pending",
      result: () => undefined,
    };
    candidateRun.planned.record.failedWithoutControl(sample);
    recordIn(plan, sample);
  });
}

/** Compares what was put off, and counts. Once a run. */
export function conclude(run: SettledRun): void {
  const { plan } = run;
  for (const candidateRun of run.candidateRuns) {
    candidateRun.comparison ??= comparisonOf(run, candidateRun);
    const kind = candidateRun.kind;
    const { counters, record } = candidateRun.planned;
    counters.started += 1;
    counters.count(kind);
    if (run.timing !== "untimed") plan.pairs?.observe(candidateRun.syncEndedAt - candidateRun.startedAt);
    const { comparison, startedAt, candidateMs, pair, served } = candidateRun;
    const signature = comparison.kind === "mismatch" ? comparison.signature : undefined;
    if (kind !== "match" || candidateRun.controlThrew) record.add(candidateRun, run.snapshot, signature);
    else record.match(startedAt, run.controlMs, candidateMs, run.key, pair, run.snapshot, served);
    recordIn(plan, candidateRun);
  }
  plan.counters.ended(kindOfRun(run));
}

/** Tells the rollout of a comparison. It may be foreign code: what it throws is a counted fault, and what it calls is not observed. */
export function recordIn(plan: ExperimentPlan, sample: Sample): void {
  const { rollout } = plan;
  if (rollout?.record === undefined) return;
  try {
    const told = quietly((): unknown => rollout.record!(sample));
    if (told === undefined || !mayFollow(told)) return;
    const nothing = (): void => undefined;
    watch(told, nothing, (error) => plan.services.fault("rollout", error, plan));
  } catch (error) {
    plan.services.fault("rollout", error, plan);
  }
}

/** Files a mismatch, calls `afterRun`, and hands the result to the publishers that ask for it. */
export function finish(run: SettledRun, receivers: Receivers): void {
  const { plan, hooks } = run;
  const kind = kindOfRun(run);
  if (kind === "mismatch") fileMismatches(run);
  if (hooks.afterRun !== undefined) ask(plan.services, plan, "afterRun", hooks.afterRun, undefined, [run.result()]);
  if (receivers.wants(kind)) receivers.accept(run.result());
  if (plan.throwing?.kinds.has(kind) && !run.tellsCaller) plan.services.untold.add(plan.throwing.error(run.result()));
}

type Mismatch = Extract<Comparison, { kind: "mismatch" }>;

/** Files each under its kind, and looks whether control agrees with itself. */
function fileMismatches(run: SettledRun): void {
  const { plan } = run;
  const result = run.result();
  const mismatches: Mismatch[] = [];
  const drawn = (): PresentedResult => present(result, { values: "hidden", redaction });
  result.candidates.forEach(({ comparison }, index) => {
    if (comparison.kind !== "mismatch") return;
    // Noise is looked for in the values themselves, not in what `clean` leaves of them.
    mismatches.push(run.candidateRuns[index]!.comparison as Mismatch);
    const isNew = plan.groups.record(comparison.signature, comparison.differences, result.startedAt, drawn);
    if (isNew && plan.onNewMismatch) ask(plan.services, plan, "onNewMismatch", plan.onNewMismatch, undefined, [result]);
  });
  plan.noise?.consider(run, mismatches);
}
