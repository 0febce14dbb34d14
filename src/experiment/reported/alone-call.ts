import type { FellBack } from "../../model/result.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { Awaited } from "../limits/deadlines.ts";
import type { SkipReason } from "../record/counters.ts";
import { inFlight } from "../run/candidate-run.ts";
import { recordAlone } from "../run/serve-alone.ts";
import { AnsweringMark, type Mark } from "../runtime/current-run.ts";
import { describeReport, readOutcome, type Side } from "./read-report.ts";
import { ReportedCall } from "./reported-call.ts";

/**
 * A call that the candidate serves, and that is not compared. Where the candidate fails, its caller turns to control, and what
 * that comes to says whether the failure was the candidate's: nothing is waited for longer than `timeoutMs`. In stage
 * `complete` the candidate's outcome is the caller's, whatever it is.
 */
export class AloneCall extends ReportedCall implements Awaited {
  // Links of the deadline's line.
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Awaited["line"] = undefined;
  dueAt = 0;
  readonly compare = false;
  readonly #snapshot: RolloutSnapshot;
  readonly #key: string | undefined;
  readonly #isComplete: boolean;
  #candidateMs = NaN;
  #failed = false;
  #controlThrew: boolean | undefined = undefined;
  #fellBack: FellBack | undefined = undefined;

  constructor(
    plan: ExperimentPlan,
    skipped: SkipReason,
    snapshot: RolloutSnapshot,
    key: string | undefined,
    now: number,
    isAlone: boolean,
  ) {
    super(plan, "candidate", snapshot.epoch, skipped, now, !isAlone && snapshot.stage !== "complete");
    this.isAnswered = isAlone;
    this.#snapshot = snapshot;
    this.#key = key;
    this.#isComplete = snapshot.stage === "complete";
    if (this.#isComplete) return;
    inFlight(plan, 1);
    plan.services.deadlines.add(this, plan.timeoutMs, now);
  }

  /** Its time is up: of a candidate that failed it is known now that control does not say so; of any other, nothing is. */
  expire(): void {
    const { services } = this.plan;
    if (this.#failed) {
      // A laboratory that closes just stops waiting.
      if (services.closed) this.#end();
      else this.#tellFailure(false);
      return;
    }
    this.giveUp();
    this.mark?.timeOut();
    this.fault("nothing was reported of a call that the candidate served alone until its time was up");
  }

  protected makeMark(): Mark {
    return new AnsweringMark(this.plan.name, this.#planned.name, true);
  }

  protected take(side: Side, given: unknown, durationMs: unknown): void {
    const outcome = readOutcome(given);
    if (outcome === undefined) {
      const who = side === "control" ? "control" : "the candidate";
      this.fault(`${who}: expected an outcome, got ${describeReport(given)}`);
      if (side === "candidate") this.giveUp();
      return;
    }
    if (side === "control") {
      this.#controlThrew = outcome.kind !== "returned";
      if (this.#failed) this.#tellFailure(this.#controlThrew);
      return;
    }
    const ms = this.durationOf(side, durationMs);
    this.#candidateMs = ms ?? this.plan.services.clock.monotonic() - (this.candidateAt ?? this.begunAt);
    if (this.#isComplete) {
      this.plan.state.served += 1;
      this.isOver = true;
    } else if (outcome.kind === "returned") this.#answered();
    else this.#fail(outcome.kind);
  }

  protected fallBack(reason: FellBack): void {
    if (this.#fellBack === reason) return;
    if (this.isOver || this.#isComplete || this.#fellBack !== undefined) {
      this.fault("`fellBack` was said after the call had ended, in stage `complete`, or twice");
      return;
    }
    this.#fellBack = reason;
    this.plan.state.fellBack += 1;
  }

  protected giveUp(): void {
    // That control's outcome will not be heard of does not undo the failure.
    if (this.#failed) {
      this.#tellFailure(false);
      return;
    }
    if (this.isAnswered && this.#fellBack === undefined) this.plan.state.served += 1;
    if (!this.#isComplete) this.#planned.breaker.release(this.plan.services.clock.monotonic());
    this.#end();
  }

  get #planned(): PlannedCandidate {
    return this.plan.hooks.candidates[0];
  }

  #answered(): void {
    if (this.#fellBack === undefined) this.plan.state.served += 1;
    this.#planned.breaker.succeeded();
    this.#end();
    this.#record(false);
  }

  #fail(kind: "threw" | "timed-out"): void {
    const { services, timeoutMs } = this.plan;
    this.#failed = true;
    if (this.isAnswered) {
      this.plan.state.served += 1;
      this.#tellFailure(false);
      return;
    }
    if (this.#fellBack === undefined) this.fallBack(kind);
    if (this.#controlThrew !== undefined) {
      this.#tellFailure(this.#controlThrew);
      return;
    }
    services.deadlines.remove(this);
    services.deadlines.add(this, timeoutMs, services.clock.monotonic());
  }

  /** What both fail at is no failure of the candidate's. */
  #tellFailure(controlThrew: boolean): void {
    const { breaker } = this.#planned;
    if (controlThrew) breaker.succeeded();
    else breaker.failed(this.plan.services.clock.monotonic());
    this.#end();
    this.#record(!controlThrew);
  }

  #end(): void {
    this.isOver = true;
    if (this.#isComplete) return;
    this.plan.services.deadlines.remove(this);
    inFlight(this.plan, -1);
  }

  #record(failed: boolean): void {
    recordAlone(this.plan, this.#planned, {
      candidateMs: this.#candidateMs,
      failed,
      fellBack: this.#fellBack,
      key: this.#key,
      epoch: this.#snapshot.epoch,
    });
  }
}
