import type { Evidence, Outcome } from "../../model/observation.ts";
import { surelyEqual } from "../../compare/equality/surely-equal.ts";
import type { Awaited } from "../limits/deadlines.ts";
import { derive, isFollowedNatively } from "../runtime/native-promise.ts";
import { watchPromise } from "../runtime/promises.ts";
import { keep } from "./evidence.ts";
import type { Hooks, Plan } from "../define/experiment-plan.ts";
import { tellOfNothing } from "../define/run-twice.ts";
import { callAs, Mark } from "../runtime/current-run.ts";
import { Run } from "./run.ts";
import { inFlight, type Trial } from "./candidate-run.ts";

type Side = "control" | "candidate";

/** Pairs that are over and wait for their next call; of all experiments, and so many at most. */
const idle: Pair[] = [];
const mostIdle = 100;

/** A pair for a call whose control gave a plain promise. */
export function aPair(): Pair {
  return idle.pop() ?? new Pair();
}

/**
 * Two promises of a lean call in flight, control's and the candidate's. While both are fulfilled in time, and alike, they
 * leave two counts and nothing else. As soon as it is anything more, a run takes over, with all that is known by then.
 *
 * A pair whose promises have both been fulfilled has heard of them for the last time, and serves another call: a new one
 * with its four reactions would be a third of what a call allocates.
 */
class Pair implements Awaited {
  // Links of the deadline's line.
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Awaited["line"] = undefined;
  dueAt = 0;
  // Of the present call; an idle pair has none.
  private plan!: Plan;
  private hooks!: Hooks;
  private self: unknown = undefined;
  private args!: unknown[];
  private mark!: Mark;
  /** Stamps: control called, the candidate called, it gave its promise, one of them was fulfilled. */
  private startedAt = 0;
  private calledAt = 0;
  private gaveAt = 0;
  private cameAt = 0;
  /** Who came first, and with what: copied, where it could be. */
  private first: Side | undefined = undefined;
  private value: unknown = undefined;
  private evidence: Evidence = "live";
  private symbols = true;
  /** The candidate has a slot, and a deadline unless it is over. */
  private waiting = false;
  /** What has taken over. */
  private trial: Trial | undefined = undefined;

  private readonly controlFulfilled = (value: unknown): unknown => {
    this.controlCame(value, this.plan.host.clock.monotonic());
    return value;
  };
  private readonly controlRejected = (error: unknown): never => {
    tell(this.takeOver(), "control", { kind: "threw", error }, "live", this.plan.host.clock.monotonic());
    throw error;
  };
  private readonly candidateFulfilled = (value: unknown): void => this.candidateCame(value);
  private readonly candidateRejected = (error: unknown): void => this.takeOver().settle({ kind: "threw", error });

  /** Follows control's promise, and calls the candidate; the caller's promise comes back. */
  follow(
    plan: Plan,
    hooks: Hooks,
    self: unknown,
    args: unknown[],
    startedAt: number,
    calledAt: number,
    promise: unknown,
  ): Promise<unknown> {
    this.plan = plan;
    this.hooks = hooks;
    this.self = self;
    this.args = args;
    this.startedAt = startedAt;
    this.calledAt = calledAt;
    this.mark = new Mark(plan.name, hooks.candidates[0].name);
    const derived = derive(promise, this.controlFulfilled, this.controlRejected);
    this.callCandidate();
    // The candidate's synchronous part is what this caller waits for beyond control.
    plan.counters.totalPathMs += this.gaveAt - calledAt;
    return derived;
  }

  /** Its time is up, and it has left the line. */
  expire(): void {
    this.takeOver().expire();
  }

  private callCandidate(): void {
    const { plan, mark, calledAt } = this;
    const { host } = plan;
    let given: unknown;
    try {
      given = callAs(mark, host.trackRuns, this.hooks.candidates[0].call, this.self, this.args);
    } catch (error) {
      this.gaveAt = host.clock.monotonic();
      this.takeOver().threw(error, calledAt, this.gaveAt);
      return;
    }
    this.gaveAt = host.clock.monotonic();
    if (!isFollowedNatively(given)) {
      this.takeOver().gave(given, mark, calledAt, this.gaveAt);
      return;
    }
    this.waiting = true;
    inFlight(plan, 1);
    host.deadlines.add(this, plan.timeoutMs, calledAt);
    watchPromise(given, this.candidateFulfilled, this.candidateRejected);
  }

  private controlCame(value: unknown, now: number): void {
    if (this.trial !== undefined) tell(this.trial, "control", { kind: "returned", value }, "live", now);
    else this.came("control", value, now);
  }

  private candidateCame(value: unknown): void {
    if (this.trial !== undefined) {
      this.trial.settle({ kind: "returned", value });
      return;
    }
    const { host } = this.plan;
    host.deadlines.remove(this);
    this.waiting = false;
    inFlight(this.plan, -1);
    this.came("candidate", value, host.clock.monotonic());
  }

  private came(who: Side, value: unknown, now: number): void {
    if (this.first === undefined) this.keepFirst(who, value, now);
    else if (surelyEqual(this.value, value, undefined, !this.symbols)) this.matched(who, now);
    else tell(this.takeOver(), who, { kind: "returned", value }, "live", now);
  }

  private keepFirst(who: Side, value: unknown, now: number): void {
    this.first = who;
    this.cameAt = now;
    const kept = keep(this.plan, value);
    if (kept === undefined) {
      this.value = value;
      return;
    }
    this.value = kept.value;
    this.symbols = kept.symbols;
    this.evidence = "captured";
  }

  private matched(last: Side, now: number): void {
    const { counters } = this.plan;
    const planned = this.hooks.candidates[0];
    const controlEndedAt = last === "control" ? now : this.cameAt;
    const candidateEndedAt = last === "control" ? this.cameAt : now;
    if (this.value === undefined) tellOfNothing(this.plan);
    counters.matched();
    planned.counters.started += 1;
    planned.counters.match += 1;
    planned.breaker.succeeded();
    planned.record.match(this.startedAt, controlEndedAt - this.startedAt, candidateEndedAt - this.calledAt, undefined);
    this.retire();
  }

  /** Forgets its call, and waits for the next one. */
  private retire(): void {
    if (idle.length === mostIdle) return;
    this.plan = this.hooks = this.args = this.mark = undefined as never;
    this.self = this.value = this.first = undefined;
    this.evidence = "live";
    this.symbols = true;
    idle.push(this);
  }

  /** The trial of a run that goes on with what is known so far; made once. */
  private takeOver(): Trial {
    if (this.trial !== undefined) return this.trial;
    const { plan, first } = this;
    const run = runOf(plan, this.hooks, this.self, this.args, this.startedAt);
    const trial = run.follow(this.startedAt, this.calledAt);
    this.trial = trial;
    trial.follow(this.mark, this.calledAt, this.gaveAt, this.waiting);
    plan.host.deadlines.replace(this, trial);
    if (first !== undefined) tell(trial, first, { kind: "returned", value: this.value }, this.evidence, this.cameAt);
    this.value = undefined;
    return trial;
  }
}

function tell(trial: Trial, who: Side, outcome: Outcome, evidence: Evidence, at: number): void {
  if (who === "control") trial.run.controlSettledAs(outcome, evidence, at);
  else trial.settledAs(outcome, evidence, at);
}

/** A run of its own for a call that has been lean so far. */
export function runOf(plan: Plan, hooks: Hooks, self: unknown, args: unknown[], startedAt: number): Run {
  const run = new Run(plan, hooks, hooks.candidates, self, args, args, undefined, undefined);
  run.startedAt = startedAt;
  return run;
}
