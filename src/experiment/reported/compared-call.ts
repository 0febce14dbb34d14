import { match } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import type { FellBack } from "../../model/result.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { Awaited } from "../limits/deadlines.ts";
import { inFlight } from "../run/candidate-run.ts";
import type { ObservedRun } from "../run/observed-run.ts";
import { Mark } from "../runtime/current-run.ts";
import { later } from "../runtime/event-loop.ts";
import { Preparation } from "./preparation.ts";
import { describeReport, readOutcome, type Side } from "./read-report.ts";
import { ReportedCall } from "./reported-call.ts";

/** A candidate whose signal is aborted may say so: its call ends so much later. */
const lastWordMs = 1_000;

const nothingReported: Outcome = Object.freeze({ kind: "returned", value: undefined });

/**
 * A call that is compared: a run whose two outcomes are reported. From its beginning to its end it takes a place in flight, also for
 * what is prepared to be compared.
 */
export class ComparedCall extends ReportedCall implements Awaited {
  // Links of the deadline's line.
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Awaited["line"] = undefined;
  dueAt = 0;
  readonly compare = true;
  readonly #run: ObservedRun;
  readonly #prepare: AnyFunction | undefined;
  /** The breaker let it in to try the candidate. */
  readonly #probes: boolean;
  /** What keeps its place in flight: itself, and preparations that have not settled. */
  #holders = 1;
  #unsettled = 2;
  #candidateKind: Outcome["kind"] | undefined = undefined;
  /** The candidate's time is up, and its signal says so. */
  #timedOut = false;

  constructor(run: ObservedRun, prepare: AnyFunction | undefined, serve: Side, probes: boolean, now: number) {
    super(run.plan, serve, run.snapshot?.epoch ?? 0, undefined, now, run.snapshot?.stage !== "complete");
    const { plan } = run;
    this.#run = run;
    this.#prepare = prepare;
    this.#probes = probes;
    // That there is one says that the candidate is to answer.
    if (serve === "candidate") run.watcher = nobody;
    run.begin(now);
    inFlight(plan, 1);
    plan.services.deadlines.add(this, plan.timeoutMs, now);
  }

  /** Its time is up. */
  expire(): void {
    const { services } = this.plan;
    if (this.mark !== undefined && !this.candidateIsReported && !this.#timedOut && !services.closed) {
      this.#timedOut = true;
      services.deadlines.add(this, lastWordMs, services.clock.monotonic());
      this.mark.timeOut();
      return;
    }
    // Who listens may still say what there is.
    this.mark?.timeOut();
    if (!this.isOver && !(this.controlIsReported && this.candidateIsReported)) this.giveUp("abandoned");
  }

  override get tellsMatches(): boolean {
    const { hooks, throwing, services } = this.plan;
    return hooks.afterRun !== undefined || throwing !== undefined || services.comparisonQueue.wants("match");
  }

  override matched(controlMs: number, candidateMs: number): boolean {
    if (this.isOver || this.#timedOut || this.controlIsReported || this.candidateIsReported) return false;
    this.controlIsReported = this.candidateIsReported = true;
    this.plan.services.deadlines.remove(this);
    this.#candidateKind = "returned";
    this.#run.candidateRuns[0]!.comparison = match;
    const controlAt = this.controlAt ?? this.begunAt;
    const candidateAt = this.candidateAt ?? this.begunAt;
    this.#settle("control", nothingReported, controlAt, controlAt + controlMs, "omitted");
    this.#settle("candidate", nothingReported, candidateAt, candidateAt + candidateMs, "omitted");
    return true;
  }

  protected makeMark(): Mark {
    return new Mark(this.plan.name, this.#run.candidateRuns[0]!.candidate, this.serve === "candidate");
  }

  protected take(side: Side, given: unknown, durationMs: unknown): void {
    const { services } = this.plan;
    const now = services.clock.monotonic();
    if (this.controlIsReported && this.candidateIsReported) services.deadlines.remove(this);
    let outcome = readOutcome(given);
    const calledAt = side === "control" ? this.controlAt : this.candidateAt;
    let ms = this.durationOf(side, durationMs);
    if (outcome?.kind === "timed-out" && ms === undefined && outcome.afterMs >= 0) ms = outcome.afterMs;
    const startedAt = calledAt ?? (ms === undefined ? this.begunAt : Math.max(this.begunAt, now - ms));
    const endedAt = ms === undefined ? now : startedAt + ms;
    if (outcome === undefined) {
      const who = side === "control" ? "control" : "the candidate";
      this.fault(
        `${who}: expected an outcome { kind: "returned", value }, { kind: "threw", error } or { kind: "timed-out", afterMs }, got ${describeReport(given)}`,
      );
      this.#run.cannotBeCompared({
        kind: "inconclusive",
        reason: `what was reported of ${who} is no outcome`,
      });
      this.#unreported(side, startedAt, endedAt);
      return;
    }
    if (outcome.kind === "timed-out" || (side === "candidate" && this.#timedOut)) {
      outcome = { kind: "timed-out", afterMs: endedAt - startedAt };
    }
    if (side === "candidate") this.#candidateKind = outcome.kind;
    if (outcome.kind !== "returned" || this.#prepare === undefined) this.#settle(side, outcome, startedAt, endedAt);
    else this.#prepareLater(side, outcome.value, startedAt, endedAt);
  }

  protected fallBack(reason: FellBack): void {
    const run = this.#run;
    if (run.fellBack === reason) return;
    if (this.isOver || run.fellBack !== undefined) this.fault("`fellBack` was said after the call had ended, or twice");
    else run.fellBack = reason;
  }

  protected giveUp(why: string): void {
    const run = this.#run;
    const now = this.plan.services.clock.monotonic();
    this.plan.services.deadlines.remove(this);
    run.cannotBeCompared({ kind: "inconclusive", reason: why });
    const controlIsMissing = run.control === undefined;
    if (run.candidateRuns[0]!.outcome === undefined) this.#unreported("candidate", NaN, now);
    if (controlIsMissing) this.#unreported("control", NaN, now);
    // What the other side came to says nothing of the candidate either.
    this.isOver = true;
  }

  /** Nothing is known of it: neither breaker nor gates learn anything. */
  #unreported(side: Side, startedAt: number, endedAt: number): void {
    const run = this.#run;
    run.controlUnseen = true;
    run.candidateRuns[0]!.failureTold = true;
    if (this.#probes) run.candidateRuns[0]!.planned.breaker.release(endedAt);
    this.#settle(side, nothingReported, startedAt, endedAt, "omitted");
  }

  #settle(
    side: Side,
    outcome: Outcome,
    startedAt: number,
    endedAt: number,
    evidence: "live" | "captured" | "omitted" = "live",
  ): void {
    const run = this.#run;
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#end();
    if (side === "control") {
      run.controlStartedAt = run.controlSyncEndedAt = startedAt;
      run.controlSettledAs(outcome, evidence, endedAt);
    } else {
      run.candidateRuns[0]!.calledElsewhere(startedAt, startedAt);
      run.candidateSettledAs(outcome, evidence, endedAt);
    }
  }

  /** Before the last side is told to the run, which is then compared and counted. */
  #end(): void {
    this.isOver = true;
    if (this.serve === "candidate") this.#tellWhoServed();
    this.#release();
  }

  #tellWhoServed(): void {
    const run = this.#run;
    const { state } = this.plan;
    const fails = !this.isAnswered && run.fellBack === undefined;
    if (fails && (this.#candidateKind === "threw" || this.#candidateKind === "timed-out")) {
      run.fellBack = this.#candidateKind;
    }
    if (run.fellBack !== undefined) state.fellBack += 1;
    else {
      run.served = run.candidateRuns[0]!.candidate;
      if (this.isAnswered || this.#candidateKind !== undefined) state.served += 1;
    }
  }

  #release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) inFlight(this.plan, -1);
  }

  /** In a later turn, outside the caller's request. */
  #prepareLater(side: Side, value: unknown, startedAt: number, endedAt: number): void {
    this.#run.prepared = true;
    const preparation = new Preparation(this.plan, this.#prepare!, (change) => {
      if (change === 1) this.#holders += 1;
      else this.#release();
    });
    const ended = (outcome: Outcome, evidence: "live" | "captured"): void => {
      if (!this.isOver) this.#settle(side, outcome, startedAt, endedAt, evidence);
    };
    const start = (): void => {
      if (this.isOver) return;
      preparation.start(value, side, {
        done: (data) => ended({ kind: "returned", value: data }, data === value ? "live" : "captured"),
        failed: (inconclusive) => {
          this.#run.cannotBeCompared(inconclusive);
          ended({ kind: "returned", value }, "live");
        },
      });
    };
    this.plan.services.detached(() => later(start));
  }
}

const nobody = { ended: (): void => undefined };
