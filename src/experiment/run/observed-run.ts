import { forgetAlike } from "../../compare/kinds/alike-lists.ts";
import type { Captured } from "../../compare/copy/capture.ts";
import type { Comparison } from "../../model/comparison.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { FellBack, Result, ResultKind } from "../../model/result.ts";
import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import type { Comparable, Receivers } from "../deliver/comparison-queue.ts";
import { partOf } from "../../records/result-bytes.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { WaitsForControl } from "../limits/waits-for-control.ts";
import { StreamPair } from "../streams/stream-pair.ts";
import { CandidateRun, type CandidateCall } from "./candidate-run.ts";
import { comparisonAtOnce, conclude, finish, tellBreakers, waitsForControl, type SettledRun } from "./conclude.ts";
import { keepOutcome } from "./evidence.ts";
import { kindOfRun, makeResult } from "./make-result.ts";
import { isDrawn, type Timing } from "../record/pair-timer.ts";
import { timedPair } from "../record/timed-pair.ts";

/** What asks to be told when a side of a run has settled: serving the candidate does. */
export interface Watcher {
  /** Control has an outcome, and the candidate has none yet. */
  controlSettled?(now: number): void;
  /** With the run's outcome as the candidate returned or threw it. */
  candidateSettled?(candidateRun: CandidateRun): void;
  /** Everything is compared and counted. */
  ended(): void;
}

/**
 * One call of one experiment as it is seen: is told what control and the candidates came to, keeps that, has it compared, and
 * makes its result. Who calls both sides is no concern of it: a {@link Run} does, a program of its own, or a faster path.
 */
export class ObservedRun implements CandidateCall, SettledRun, Comparable {
  readonly plan: ExperimentPlan;
  readonly hooks: Hooks;
  readonly self: unknown;
  readonly args: unknown[];
  readonly candidateRuns: readonly CandidateRun[];
  readonly snapshot: RolloutSnapshot | undefined;
  readonly key: string | undefined;
  context: Readonly<Record<string, unknown>> | undefined = undefined;
  served = "control";
  fellBack: FellBack | undefined = undefined;
  /** Under `throwOnMismatch`: a caller is told, or is still to be. */
  tellsCaller = false;
  /** Called when everything is compared and counted. */
  whenEnded: (() => void) | undefined = undefined;
  startedAt = 0;
  control: Outcome | undefined = undefined;
  controlEvidence: Evidence = "live";
  prepared = false;
  /** The first copy of a side's value. */
  copied: Captured | undefined = undefined;
  /** Stamps of control's call, as a candidate's run has them of its own. */
  controlStartedAt = 0;
  controlSyncEndedAt = 0;
  controlEndedAt = 0;
  timing: Timing = "untimed";
  /** The caller's answer hangs on the comparison. */
  judgesAtOnce = false;
  /** Candidates wait for a later turn; not where they are to answer the caller. */
  deferred: boolean;
  watcher: Watcher | undefined = undefined;
  readonly streams: StreamPair | undefined;
  /** Control returned a stream, which its caller still has to read. */
  streaming = false;
  /** Sides that have not settled. */
  protected unsettled: number;
  /** Candidates are still to be called. */
  protected starting = true;
  /** Control returned a lazy thenable: only its caller sees what that comes to. */
  controlUnseen = false;
  #withoutControl: WaitsForControl<CandidateRun> | undefined = undefined;
  /** Why nothing of this call can be compared, where that is so. */
  protected inconclusive: Comparison | undefined = undefined;
  #toJudge = false;
  #ended = false;
  #result: Result | undefined = undefined;

  constructor(
    plan: ExperimentPlan,
    hooks: Hooks,
    candidates: readonly PlannedCandidate[],
    self: unknown,
    args: unknown[],
    snapshot: RolloutSnapshot | undefined,
    key: string | undefined,
  ) {
    this.plan = plan;
    this.hooks = hooks;
    this.self = self;
    this.args = args;
    this.snapshot = snapshot;
    this.key = key;
    this.candidateRuns = candidates.map((planned) => new CandidateRun(this, planned));
    this.unsettled = candidates.length + 1;
    this.deferred = plan.deferred;
    this.streams = plan.stream && new StreamPair(plan.services, plan.stream, plan.timeoutMs);
  }

  /** Control was called, and returned a value; the candidate was called as well, and its run, which is returned, is still to be told. */
  bothCalled(value: unknown, startedAt: number, controlEndedAt: number): CandidateRun {
    this.controlCalled(startedAt, controlEndedAt);
    this.controlSettled({ kind: "returned", value }, controlEndedAt);
    this.starting = false;
    return this.candidateRuns[0]!;
  }

  /** The candidate was called before control; its run, which is returned, is to be told before control is called. */
  candidateCalled(): CandidateRun {
    this.starting = false;
    return this.candidateRuns[0]!;
  }

  /**
   * Control was called and returned a promise, and so was the candidate; something else follows both, and tells what they
   * come to by {@link controlSettledAs} and {@link candidateSettledAs}.
   */
  bothCalledElsewhere(
    startedAt: number,
    syncEndedAt: number,
    candidateStartedAt: number,
    candidateSyncEndedAt: number,
  ): void {
    this.controlCalled(startedAt, syncEndedAt);
    this.starting = false;
    this.candidateRuns[0]!.calledElsewhere(candidateStartedAt, candidateSyncEndedAt);
  }

  controlSettledAs(outcome: Outcome, evidence: Evidence, endedAt: number): void {
    this.controlEvidence = evidence;
    this.controlSettled(outcome, endedAt);
  }

  candidateSettledAs(outcome: Outcome, evidence: Evidence, endedAt: number): void {
    this.candidateRuns[0]!.settledAs(outcome, evidence, endedAt);
  }

  /** It begins; others call both sides, and tell what they come to by {@link controlSettledAs} and {@link candidateSettledAs}. */
  begin(now: number): void {
    this.plan.counters.started += 1;
    this.plan.counters.inFlight += 1;
    this.startedAt = now;
    this.starting = false;
  }

  /** Something of it will never be told, or cannot be looked at: nothing of it is compared. */
  cannotBeCompared(inconclusive: Extract<Comparison, { kind: "inconclusive" }>): void {
    this.inconclusive ??= inconclusive;
  }

  /** After {@link bothCalled}, when the candidate's run has been told. */
  bothTold(controlEndedAt: number, endedAt: number): void {
    this.plan.counters.totalPathMs += endedAt - controlEndedAt;
    if (this.unsettled > 0) this.keepControl();
  }

  protected controlCalled(startedAt: number, syncEndedAt: number): void {
    this.controlStartedAt = startedAt;
    this.controlSyncEndedAt = syncEndedAt;
  }

  protected controlSettled(outcome: Outcome, now: number): void {
    this.#withoutControl?.controlSettled();
    this.control = outcome;
    this.controlEndedAt = now;
    this.unsettled -= 1;
    if (this.unsettled > 0) this.keepControl();
    for (const candidateRun of this.candidateRuns) if (candidateRun.outcome !== undefined) this.#compare(candidateRun);
    if (this.unsettled === 0) this.#end(now);
    else if (!this.starting) this.watcher?.controlSettled?.(now);
  }

  candidateSettled(candidateRun: CandidateRun): void {
    this.unsettled -= 1;
    if (this.control !== undefined) this.#compare(candidateRun);
    else if (candidateRun.outcome!.kind !== "returned")
      (this.#withoutControl ??= waitsForControl(this.plan)).add(candidateRun);
    this.watcher?.candidateSettled?.(candidateRun);
    if (this.unsettled > 0) this.#keepCandidate(candidateRun);
    if (this.unsettled === 0) this.#end(candidateRun.endedAt);
  }

  /** Before control's caller gets the value and may change it. When the candidates follow in this turn nothing is copied. */
  protected keepControl(): void {
    if (this.inconclusive !== undefined || (this.starting && !this.deferred)) return;
    const kept = this.#keep(this.control, this.controlEvidence);
    if (kept === undefined) return;
    this.control = kept;
    this.controlEvidence = "captured";
  }

  #keepCandidate(candidateRun: CandidateRun): void {
    const kept = this.#keep(candidateRun.outcome, candidateRun.evidence);
    if (kept === undefined) return;
    candidateRun.outcome = kept;
    candidateRun.evidence = "captured";
  }

  #keep(outcome: Outcome | undefined, evidence: Evidence): Outcome | undefined {
    // What cleans one side's copy in place must not clean the other's with it.
    const beside = this.hooks.clean === undefined ? this.copied : undefined;
    const kept = keepOutcome(this.plan, outcome, evidence, beside);
    if (kept === undefined) return undefined;
    this.copied ??= kept;
    return { kind: "returned", value: kept.value };
  }

  /** Both are at hand; what needs a walk is walked off the caller's path, on copies. */
  #compare(candidateRun: CandidateRun): void {
    // Who reports both sides may know already.
    candidateRun.comparison ??=
      this.inconclusive ?? candidateRun.inconclusive ?? comparisonAtOnce(this, candidateRun, this.judgesAtOnce);
    if (candidateRun.comparison === undefined) this.#toJudge = true;
  }

  #end(now: number): void {
    const { comparisonQueue } = this.plan.services;
    tellBreakers(this, now);
    if (this.#toJudge) {
      this.keepControl();
      for (const candidateRun of this.candidateRuns)
        if (candidateRun.comparison === undefined) this.#keepCandidate(candidateRun);
      forgetAlike();
      comparisonQueue.add(this, now);
      return;
    }
    this.conclude();
    const kind = this.kind();
    const isWanted = kind === "mismatch" || this.hooks.afterRun !== undefined || comparisonQueue.wants(kind);
    if (isWanted || this.plan.throwing?.kinds.has(kind)) comparisonQueue.add(this, now);
  }

  get settled(): boolean {
    return this.unsettled === 0;
  }

  get isServed(): boolean {
    return this.watcher !== undefined;
  }

  get isAwaited(): boolean {
    return this.judgesAtOnce || this.watcher !== undefined;
  }

  get controlMs(): number {
    return this.controlEndedAt - this.controlStartedAt;
  }

  /** Or it was told that it timed out: either way it has no value. */
  get controlThrew(): boolean {
    return this.control!.kind !== "returned";
  }

  get controlTimedOut(): boolean {
    return this.control!.kind === "timed-out";
  }

  kind(): ResultKind {
    return kindOfRun(this);
  }

  conclude(): void {
    if (this.#ended) return;
    this.#ended = true;
    conclude(this);
    this.watcher?.ended();
    this.whenEnded?.();
  }

  finish(receivers: Receivers): void {
    try {
      this.conclude();
      finish(this, receivers);
    } catch (error) {
      this.plan.services.fault("internal", error, this.plan);
    }
  }

  parts(): unknown[] {
    return [partOf(this.control), this.args, this.context, ...this.candidateRuns.map(({ outcome }) => partOf(outcome))];
  }

  /** How long control and a candidate took, where this call is timed. */
  pairOf(candidateRun: CandidateRun): Sample["pair"] {
    const { pairs } = this.plan;
    if (this.timing === "untimed" || pairs === undefined) return undefined;
    const control = {
      startedAt: this.controlStartedAt,
      syncEndedAt: this.controlSyncEndedAt,
      endedAt: this.controlEndedAt,
    };
    return timedPair(control, candidateRun, [control, ...this.candidateRuns], isDrawn(this.timing), pairs.isLong);
  }

  /** The frozen result; made when it is first asked for. */
  result(): Result {
    return (this.#result ??= makeResult(this, this.plan.services.comparisonQueue.nextId()));
  }
}
