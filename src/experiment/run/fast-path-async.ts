import type { Captured } from "../../compare/copy/capture.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import { lookWasCutShort, surelyEqual } from "../../compare/equality/surely-equal.ts";
import { Attempt } from "../limits/attempt.ts";
import { derive } from "../runtime/native-promise.ts";
import { watchPromise } from "../runtime/promises.ts";
import { keep } from "./evidence.ts";
import type { Sample } from "../../model/rollout.ts";
import type { Timing } from "../record/pair-timer.ts";
import { learnFrom } from "../record/timed-pair.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import { tellOfNothing } from "../define/run-twice.ts";
import { callAs, Mark } from "../runtime/current-run.ts";
import { runOf, type Run } from "./run.ts";
import { tellMatch, type MatchedSide } from "./told-match.ts";
import { inFlight } from "./candidate-run.ts";

type Side = "control" | "candidate";

/** Pairs that are over and wait for their next call; of all experiments, and so many at most. */
const idle: FastAsyncCall[] = [];
const mostIdle = 100;

/** A pair for a call whose control returned a plain promise. */
export function aFastAsyncCall(): FastAsyncCall {
  return idle.pop() ?? new FastAsyncCall();
}

/**
 * Two promises of a fast call in flight, control's and the candidate's. While both are fulfilled in time, and alike, they
 * leave two counts and nothing else. As soon as it is anything more, a run takes over with all that is known by then, and
 * is told what is still to come.
 *
 * A pair whose promises have both been fulfilled has heard of them for the last time, and serves another call: a new one
 * with its four reactions would be a third of what a call allocates.
 */
class FastAsyncCall extends Attempt {
  // Of the present call; an idle pair has none.
  private plan!: ExperimentPlan;
  private hooks!: Hooks;
  private self: unknown = undefined;
  private args!: unknown[];
  private timing: Timing = "untimed";
  /** Stamps: control called, and returned its promise; one of both was fulfilled. */
  private controlStartedAt = 0;
  private controlSyncEndedAt = 0;
  private cameAt = 0;
  /** Who came first, and with what: copied, where it could be. */
  private first: Side | undefined = undefined;
  private value: unknown = undefined;
  private copied: Captured | undefined = undefined;
  /** What has taken over. */
  private run: Run | undefined = undefined;

  private readonly controlFulfilled = (value: unknown): unknown => {
    this.came("control", value, this.plan.services.clock.monotonic());
    return value;
  };
  private readonly controlRejected = (error: unknown): never => {
    this.tell("control", { kind: "threw", error }, "live", this.plan.services.clock.monotonic());
    throw error;
  };
  private readonly candidateFulfilled = (value: unknown): void => this.fulfilled(value);
  private readonly candidateRejected = (error: unknown): void => this.rejected(error);

  /** Follows control's promise, and calls the candidate; the caller's promise comes back. */
  conduct(
    plan: ExperimentPlan,
    hooks: Hooks,
    self: unknown,
    args: unknown[],
    timing: Timing,
    startedAt: number,
    calledAt: number,
    promise: unknown,
  ): Promise<unknown> {
    this.begin(plan, hooks, self, args, timing);
    this.controlStartedAt = startedAt;
    this.controlSyncEndedAt = calledAt;
    const [{ name, call }] = hooks.candidates;
    const derived = derive(promise, this.controlFulfilled, this.controlRejected);
    const gaveAt = this.call(new Mark(plan.name, name), call, self, args, calledAt);
    // The candidate's synchronous part is what this caller waits for beyond control.
    plan.counters.totalPathMs += gaveAt - calledAt;
    return derived;
  }

  /** A call of two sides that are known to return plain promises, the candidate called first; the caller's promise comes back. */
  conductCandidateFirst(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[]): Promise<unknown> {
    const { counters, services, controlMark } = plan;
    counters.started += 1;
    counters.inFlight += 1;
    this.begin(plan, hooks, self, args, "candidate-first");
    const [{ name, call }] = hooks.candidates;
    const startedAt = services.clock.monotonic();
    // Where the candidate throws after all, for want of a stack, it is asked for before control has begun.
    this.controlStartedAt = this.controlSyncEndedAt = startedAt;
    const calledAt = this.call(new Mark(plan.name, name), call, self, args, startedAt);
    counters.totalPathMs += calledAt - startedAt;
    this.controlStartedAt = this.controlSyncEndedAt = calledAt;
    let promise: unknown;
    try {
      promise = callAs(controlMark, false, hooks.control, self, args);
    } catch (error) {
      this.tell("control", { kind: "threw", error }, "live", services.clock.monotonic());
      throw error;
    }
    this.controlSyncEndedAt = services.clock.monotonic();
    return derive(promise, this.controlFulfilled, this.controlRejected);
  }

  private begin(plan: ExperimentPlan, hooks: Hooks, self: unknown, args: unknown[], timing: Timing): void {
    this.plan = plan;
    this.hooks = hooks;
    this.self = self;
    this.args = args;
    this.timing = timing;
  }

  protected get services(): ExperimentPlan["services"] {
    return this.plan.services;
  }

  protected get timeoutMs(): number {
    return this.plan.timeoutMs;
  }

  protected countInFlight(change: 1 | -1): void {
    inFlight(this.plan, change);
  }

  protected countStalled(change: 1 | -1): void {
    this.plan.state.stalled += change;
  }

  protected override followNatively(promise: unknown): void {
    watchPromise(promise, this.candidateFulfilled, this.candidateRejected);
  }

  protected returned(value: unknown, now: number): void {
    this.came("candidate", value, now);
  }

  protected threw(error: unknown, now: number): void {
    this.tell("candidate", { kind: "threw", error }, "live", now);
  }

  protected timedOut(afterMs: number, now: number): void {
    this.tell("candidate", { kind: "timed-out", afterMs }, "live", now);
  }

  private came(who: Side, value: unknown, now: number): void {
    if (this.run !== undefined) this.tell(who, { kind: "returned", value }, "live", now);
    else if (this.first === undefined) this.keepFirst(who, value, now);
    else if (this.isSurely(value)) this.matched(who, value, now);
    else {
      const looked = !lookWasCutShort();
      this.run = this.takenOver();
      this.run.candidateRuns[0]!.looked = looked;
      this.tell(who, { kind: "returned", value }, "live", now);
    }
  }

  private keepFirst(who: Side, value: unknown, now: number): void {
    this.first = who;
    this.cameAt = now;
    this.copied = keep(this.plan, value);
    this.value = this.copied === undefined ? value : this.copied.value;
  }

  private isSurely(value: unknown): boolean {
    return surelyEqual(this.value, value, undefined, this.copied?.symbols === false, this.plan.callerMs);
  }

  private matched(last: Side, value: unknown, now: number): void {
    const { counters } = this.plan;
    const planned = this.hooks.candidates[0];
    const controlEndedAt = last === "control" ? now : this.cameAt;
    const candidateEndedAt = last === "control" ? this.cameAt : now;
    const controlMs = controlEndedAt - this.controlStartedAt;
    if (this.value === undefined) tellOfNothing(this.plan);
    counters.matched();
    planned.counters.started += 1;
    planned.counters.match += 1;
    planned.breaker.succeeded();
    const candidateMs = candidateEndedAt - this.startedAt;
    const pair = this.timing === "untimed" ? undefined : this.pair(controlEndedAt, candidateEndedAt);
    planned.record.match(this.controlStartedAt, controlMs, candidateMs, undefined, pair);
    if (this.plan.services.comparisonQueue.wants("match"))
      this.tellMatched(last, value, controlEndedAt, candidateEndedAt);
    this.retire();
  }

  private tellMatched(last: Side, value: unknown, controlEndedAt: number, candidateEndedAt: number): void {
    const { plan, hooks, args } = this;
    const evidence = this.copied === undefined ? "live" : "captured";
    const isLast = last === "control";
    // Not by spreading, which takes as long as all the rest.
    const control: MatchedSide = {
      value: isLast ? value : this.value,
      evidence: isLast ? "live" : evidence,
      startedAt: this.controlStartedAt,
      syncEndedAt: this.controlSyncEndedAt,
      endedAt: controlEndedAt,
    };
    const candidate: MatchedSide = {
      value: isLast ? this.value : value,
      evidence: isLast ? evidence : "live",
      startedAt: this.startedAt,
      syncEndedAt: this.syncEndedAt,
      endedAt: candidateEndedAt,
    };
    tellMatch(plan, hooks, args, control, candidate, isLast ? controlEndedAt : candidateEndedAt);
  }

  private pair(controlEndedAt: number, candidateEndedAt: number): Sample["pair"] {
    const { controlStartedAt, controlSyncEndedAt, startedAt, syncEndedAt } = this;
    const control = { startedAt: controlStartedAt, syncEndedAt: controlSyncEndedAt, endedAt: controlEndedAt };
    const candidate = { startedAt, syncEndedAt, endedAt: candidateEndedAt };
    return learnFrom(this.plan.pairs!, this.timing, control, candidate);
  }

  /** Forgets its call, and waits for the next one. */
  private retire(): void {
    if (idle.length === mostIdle) return;
    this.plan = this.hooks = this.args = undefined as never;
    this.self = this.value = this.first = undefined;
    this.copied = undefined;
    this.reset();
    idle.push(this);
  }

  private tell(who: Side, outcome: Outcome, evidence: Evidence, at: number): void {
    const run = (this.run ??= this.takenOver());
    if (who === "control") run.controlSettledAs(outcome, evidence, at);
    else run.candidateSettledAs(outcome, evidence, at);
  }

  /** A run that goes on with what is known so far. */
  private takenOver(): Run {
    const { plan, first, controlStartedAt, startedAt } = this;
    const run = runOf(plan, this.hooks, this.self, this.args, this.timing, Math.min(controlStartedAt, startedAt));
    this.run = run;
    run.bothCalledElsewhere(controlStartedAt, this.controlSyncEndedAt, startedAt, this.syncEndedAt);
    if (first !== undefined) {
      run.copied = this.copied;
      const evidence = this.copied === undefined ? "live" : "captured";
      this.tell(first, { kind: "returned", value: this.value }, evidence, this.cameAt);
    }
    this.value = this.copied = undefined;
    return run;
  }
}
