import type { Comparison } from "../../model/comparison.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import { capture } from "../../compare/copy/capture.ts";
import { compareValues } from "../../compare/compare.ts";
import { surelyEqual } from "../../compare/equality/surely-equal.ts";
import { judge, match } from "../../compare/judge.ts";
import { noRules } from "../../compare/rules/rules.ts";
import { derive } from "../runtime/native-promise.ts";
import { shapeOf } from "../runtime/promises.ts";
import { keep } from "./evidence.ts";
import type { Hooks, Plan, PlannedCandidate } from "../define/experiment-plan.ts";
import { recordIn } from "./conclude.ts";
import { FailedWithoutControl } from "./failed-without-control.ts";
import { makeResult, worse } from "./make-result.ts";
import { callAs, keepContext, quietly } from "../runtime/current-run.ts";
import { streamKind } from "../streams/stream-kind.ts";
import { StreamPair } from "../streams/stream-pair.ts";
import { timedPair } from "./timed-pair.ts";
import { kindOfTrial, Trial } from "./candidate-run.ts";

/** What asks to be told when a side of a run has settled: serving the candidate does. */
export interface Watcher {
  /** With the trial's outcome as the candidate gave it. */
  trialSettled?(trial: Trial): void;
  /** Everything is compared and counted. */
  ended(): void;
}

const cannotObserve: Comparison = Object.freeze({
  kind: "inconclusive",
  reason:
    "control gave a promise with methods of its own, or a lazy thenable; return a plain promise to have it compared",
});

/**
 * One call of one experiment: calls control and the candidates, keeps what they came to, and has it compared.
 *
 * Control's outcome goes to the caller as it is; everything else here happens beside that.
 */
export class Run {
  readonly plan: Plan;
  readonly hooks: Hooks;
  readonly self: unknown;
  readonly args: unknown[];
  readonly trials: Trial[] = [];
  readonly snapshot: RolloutSnapshot | undefined;
  readonly key: string | undefined;
  context: Readonly<Record<string, unknown>> | undefined = undefined;
  served = "control";
  startedAt = 0;
  control: Outcome | undefined = undefined;
  controlEvidence: Evidence = "live";
  /** Stamps of control's call, as a trial has them of its own. */
  controlStartedAt = 0;
  controlSyncEndedAt = 0;
  controlEndedAt = 0;
  /** Its sides are timed as a pair; and whose turn came first was drawn. */
  timed = false;
  drawn = false;
  /** The caller's answer hangs on the comparison. */
  judgesAtOnce = false;
  /** Candidates wait for a later turn; not where they are to answer the caller. */
  deferred: boolean;
  watcher: Watcher | undefined = undefined;
  readonly streams: StreamPair | undefined;
  /** Control gave a stream, which its caller still has to read. */
  streaming = false;
  #candidateArgs: unknown[];
  #unsettled = 0;
  #starting = true;
  /** Control gave a lazy thenable: what that comes to, nobody but its caller sees. */
  controlUnseen = false;
  #withoutControl: FailedWithoutControl | undefined = undefined;
  /** Why nothing of this call can be compared, where that is so. */
  #inconclusive: Comparison | undefined = undefined;
  #toJudge = false;
  #ended = false;
  #result: Result | undefined = undefined;

  constructor(
    plan: Plan,
    hooks: Hooks,
    candidates: readonly PlannedCandidate[],
    self: unknown,
    args: unknown[],
    candidateArgs: unknown[],
    snapshot: RolloutSnapshot | undefined,
    key: string | undefined,
  ) {
    this.plan = plan;
    this.hooks = hooks;
    this.self = self;
    this.args = args;
    this.#candidateArgs = candidateArgs;
    this.snapshot = snapshot;
    this.key = key;
    for (const planned of candidates) this.trials.push(new Trial(this, planned));
    this.#unsettled = candidates.length + 1;
    this.deferred = plan.deferred;
    this.streams = plan.stream && new StreamPair(plan.host, plan.stream, plan.timeoutMs);
  }

  /** Runs both sides and gives the caller control's own answer, or throws what control throws. */
  conduct(): unknown {
    const { plan } = this;
    plan.counters.started += 1;
    plan.counters.inFlight += 1;
    let startedAt = (this.startedAt = plan.host.clock.monotonic());
    if (plan.pairs !== undefined && !this.deferred && this.streams === undefined) {
      this.timed = plan.randomOrder || plan.pairs.take();
    }
    this.drawn = plan.randomOrder || (this.timed && plan.pairs!.mayDraw);
    if (this.drawn && (plan.randomOrder ? plan.host.random() : plan.pairs!.random()) < 0.5) {
      startedAt = this.#startTrials(startedAt);
    }
    let given: unknown;
    try {
      given = callAs(plan.controlMark, false, this.hooks.control, this.self, this.args);
    } catch (error) {
      this.controlThrewAtOnce(error, startedAt);
      throw error;
    }
    return this.controlGave(given, startedAt, plan.host.clock.monotonic());
  }

  /** Control was called, and threw: its caller gets the error when this returns. */
  controlThrewAtOnce(error: unknown, startedAt: number): void {
    const now = this.plan.host.clock.monotonic();
    this.#controlCalled(startedAt, now);
    this.#controlSettled({ kind: "threw", error }, now);
    this.#afterSyncControl(now);
  }

  /** Control was called, and gave this back; what its caller gets comes back. */
  controlGave(given: unknown, startedAt: number, now: number): unknown {
    this.#controlCalled(startedAt, now);
    const shape = this.hooks.givesPromises ? "promise" : shapeOf(given);
    if (shape === "promise") return this.#followPromise(given, now);
    // Nothing of a thenable's future can be seen without running it, or taking its rejection away from the host.
    if (shape === "thenable") {
      this.#inconclusive = cannotObserve;
      this.controlUnseen = true;
    }
    if (!this.#observesStream(given)) this.#controlSettled({ kind: "returned", value: given }, now);
    this.#afterSyncControl(now);
    return given;
  }

  /** Control was called, and gave a value; the candidate was called as well, and its trial, which comes back, is still to be told. */
  bothCalled(value: unknown, startedAt: number, controlEndedAt: number): Trial {
    this.#controlCalled(startedAt, controlEndedAt);
    this.#controlSettled({ kind: "returned", value }, controlEndedAt);
    this.#starting = false;
    return this.trials[0]!;
  }

  /** Control was called and gave a promise, which somebody else follows, and so was the candidate: its trial comes back. */
  follow(startedAt: number, controlSyncEndedAt: number): Trial {
    this.#controlCalled(startedAt, controlSyncEndedAt);
    this.#starting = false;
    return this.trials[0]!;
  }

  /** After {@link follow}: control has settled, and this is what is left of it. */
  controlSettledAs(outcome: Outcome, evidence: Evidence, endedAt: number): void {
    this.controlEvidence = evidence;
    this.#controlSettled(outcome, endedAt);
  }

  /** After {@link bothCalled}, when the trial has been told. */
  bothTold(controlEndedAt: number, endedAt: number): void {
    this.plan.counters.totalPathMs += endedAt - controlEndedAt;
    if (this.#unsettled > 0) this.#keepControl();
  }

  #controlCalled(startedAt: number, syncEndedAt: number): void {
    this.controlStartedAt = startedAt;
    this.controlSyncEndedAt = syncEndedAt;
  }

  #followPromise(promise: unknown, syncEndedAt: number): Promise<unknown> {
    this.plan.state.asynchronous = true;
    const { clock } = this.plan.host;
    const derived = derive(
      promise,
      (value) => {
        if (!this.#observesStream(value)) this.#controlSettled({ kind: "returned", value }, clock.monotonic());
        this.#startDeferred();
        return value;
      },
      (error: unknown) => {
        this.#controlSettled({ kind: "threw", error }, clock.monotonic());
        this.#startDeferred();
        throw error;
      },
    );
    // The candidates' synchronous parts are what this caller waits for beyond control.
    if (!this.deferred) this.plan.counters.totalPathMs += this.#startTrials(syncEndedAt) - syncEndedAt;
    return derived;
  }

  #afterSyncControl(syncEndedAt: number): void {
    if (this.deferred) this.#startDeferred();
    else this.plan.counters.totalPathMs += this.#startTrials(syncEndedAt) - syncEndedAt;
    if (this.#unsettled > 0) this.#keepControl();
  }

  /** Each stamp ends one behavior and starts the next: the clock is the dearest part of a call. */
  #startTrials(now: number): number {
    if (!this.#starting) return now;
    this.#starting = false;
    for (const trial of this.trials) {
      if (this.#drawn(this.plan.checkArguments)) now = this.#startChecked(trial);
      else now = trial.start(this.#candidateArgs, now);
    }
    this.#candidateArgs = [];
    return now;
  }

  #drawn(share: number): boolean {
    return share > 0 && (share >= 1 || this.plan.host.random() < share);
  }

  /** Looks whether the candidate's synchronous part changes its arguments; what it does later cannot be told from others' doing. */
  #startChecked(trial: Trial): number {
    const before = capture(this.#candidateArgs);
    // Copying is nobody's time.
    const now = trial.start(this.#candidateArgs, this.plan.host.clock.monotonic());
    if (before.kind === "live") return now;
    const changed = compareValues(before.value, this.#candidateArgs, noRules).kind === "mismatch";
    trial.argumentsMutated = changed;
    if (changed) this.plan.counters.argumentsMutated += 1;
    return now;
  }

  #startDeferred(): void {
    if (!this.deferred) return;
    const { deferred, clock } = this.plan.host;
    const inContext = keepContext();
    deferred.add({
      budget: this.plan.budget,
      start: () => {
        const startedAt = clock.monotonic();
        return inContext(() => this.#startTrials(startedAt)) - startedAt;
      },
      abandon: () => {
        for (const trial of this.trials) trial.abandon();
      },
    });
  }

  /** A stream is an outcome only when the caller has read it to its end. */
  #observesStream(value: unknown): boolean {
    const { streams } = this;
    if (streams === undefined || streamKind(value) === undefined) return false;
    this.streaming = true;
    streams.observeControl(value as object, (end) => {
      const now = this.plan.host.clock.monotonic();
      if (end.kind === "lost") {
        this.#inconclusive = { kind: "inconclusive", reason: end.reason };
        this.controlEvidence = "omitted";
        this.#controlSettled({ kind: "returned", value: undefined }, now);
        return;
      }
      this.controlEvidence = "captured";
      this.plan.counters.capturedBytes += end.bytes;
      this.#controlSettled(end.outcome, now);
    });
    return true;
  }

  #controlSettled(outcome: Outcome, now: number): void {
    if (!this.streaming) this.streams?.noControl();
    this.#withoutControl?.controlSettled();
    this.control = outcome;
    this.controlEndedAt = now;
    this.#unsettled -= 1;
    if (this.#unsettled > 0) this.#keepControl();
    for (const trial of this.trials) if (trial.outcome !== undefined) this.#compare(trial);
    if (this.#unsettled === 0) this.#end(now);
  }

  /** Called by a trial when it has an outcome. */
  trialSettled(trial: Trial): void {
    this.#unsettled -= 1;
    if (this.control !== undefined) this.#compare(trial);
    else if (trial.outcome!.kind !== "returned")
      (this.#withoutControl ??= new FailedWithoutControl(this.plan)).add(trial);
    this.watcher?.trialSettled?.(trial);
    if (this.#unsettled > 0) this.#keepCandidate(trial);
    if (this.#unsettled === 0) this.#end(trial.endedAt);
  }

  /** Before control's caller gets the value and may change it. When the candidates follow in this very turn nothing is copied. */
  #keepControl(): void {
    if (this.control?.kind !== "returned" || this.controlEvidence !== "live") return;
    if (this.#inconclusive !== undefined || (this.#starting && !this.deferred)) return;
    const kept = keep(this.plan, this.control.value);
    if (kept === undefined) return;
    this.control = { kind: "returned", value: kept.value };
    this.controlEvidence = "captured";
  }

  #keepCandidate(trial: Trial): void {
    const outcome = trial.outcome!;
    if (outcome.kind !== "returned" || trial.evidence !== "live") return;
    const kept = keep(this.plan, outcome.value);
    if (kept === undefined) return;
    trial.outcome = { kind: "returned", value: kept.value };
    trial.evidence = "captured";
  }

  /** Both are at hand. What is surely equal is told at once; what needs a walk is walked off the caller's path, on copies. */
  #compare(trial: Trial): void {
    const { plan } = this;
    const control = this.control!;
    const outcome = trial.outcome!;
    const inconclusive = this.#inconclusive ?? trial.inconclusive;
    if (inconclusive !== undefined) trial.comparison = inconclusive;
    else if (
      !plan.ownCompare &&
      control.kind === "returned" &&
      outcome.kind === "returned" &&
      surelyEqual(control.value, outcome.value)
    ) {
      trial.comparison = match;
    } else if (plan.ownCompare || this.judgesAtOnce || outcome.kind === "timed-out") {
      this.#judge(trial);
    } else {
      this.#toJudge = true;
    }
  }

  #judge(trial: Trial): void {
    const { judgement, host } = this.plan;
    trial.comparison = quietly(() => judge(this.control!, trial.outcome!, judgement, host.clock.now()));
  }

  #end(now: number): void {
    const { plan } = this;
    for (const trial of this.trials) {
      if (trial.failureTold) continue;
      const failed = trial.outcome!.kind === "timed-out" || (trial.candidateThrew && !this.controlThrew);
      if (failed) trial.planned.breaker.failed(now);
      else trial.planned.breaker.succeeded();
    }
    if (this.#toJudge) {
      this.#keepControl();
      for (const trial of this.trials) if (trial.comparison === undefined) this.#keepCandidate(trial);
      plan.host.outbox.add(this);
      return;
    }
    this.conclude();
    if (this.#isWanted()) plan.host.outbox.add(this);
  }

  #isWanted(): boolean {
    return this.kind() === "mismatch" || this.hooks.afterRun !== undefined || this.plan.host.outbox.wants(this.kind());
  }

  /** Compares what was put off, and counts. Once. */
  conclude(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { plan } = this;
    for (const trial of this.trials) {
      if (trial.comparison === undefined) this.#judge(trial);
      const kind = kindOfTrial(trial);
      const { counters, record } = trial.planned;
      counters.started += 1;
      counters.count(kind);
      if (this.timed) plan.pairs?.observe(trial.syncEndedAt - trial.startedAt);
      if (kind !== "match" || this.timed) record.add(trial);
      else record.match(trial.startedAt, this.controlMs, trial.candidateMs, this.key);
      recordIn(plan, trial);
    }
    plan.counters.ended(this.kind());
    this.watcher?.ended();
  }

  get settled(): boolean {
    return this.#unsettled === 0;
  }

  get controlMs(): number {
    return this.controlEndedAt - this.controlStartedAt;
  }

  get controlThrew(): boolean {
    return this.control!.kind === "threw";
  }

  kind(): ResultKind {
    const { trials } = this;
    let kind = kindOfTrial(trials[0]!);
    for (let index = 1; index < trials.length; index++) kind = worse(kind, kindOfTrial(trials[index]!));
    return kind;
  }

  /** How long control and a candidate took, where this call is timed. */
  pairOf(trial: Trial): Sample["pair"] {
    const { pairs } = this.plan;
    if (!this.timed || pairs === undefined) return undefined;
    const control = {
      startedAt: this.controlStartedAt,
      syncEndedAt: this.controlSyncEndedAt,
      endedAt: this.controlEndedAt,
    };
    return timedPair(control, trial, [control, ...this.trials], this.drawn, pairs.isLong);
  }

  /** The frozen result; made when it is first asked for. */
  result(): Result {
    return (this.#result ??= makeResult(this, this.plan.host.outbox.nextId()));
  }
}
