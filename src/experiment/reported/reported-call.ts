import { SidelaneError } from "../../model/errors.ts";
import type { Outcome } from "../../model/observation.ts";
import type { FellBack } from "../../model/result.ts";
import type { Stop } from "../../model/stop.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import type { SkipReason } from "../record/counters.ts";
import { callAs, Mark } from "../runtime/current-run.ts";
import type { LeanCall } from "./comparison-call.ts";
import { fallBackReasons, isDuration, type Side } from "./read-report.ts";

/** What all calls whose outcomes are reported have in common. What is reported wrongly is a counted fault, and no more. */
export abstract class ReportedCall implements LeanCall {
  readonly serve: Side;
  abstract readonly compare: boolean;
  readonly epoch: number;
  readonly skipped: SkipReason | undefined;
  protected readonly plan: ExperimentPlan;
  /** Stamps of the monotonic clock: the call began; a side was called by {@link as}. */
  protected readonly begunAt: number;
  protected controlAt: number | undefined = undefined;
  protected candidateAt: number | undefined = undefined;
  /** The candidate's; made when it is first asked for. */
  protected mark: Mark | undefined = undefined;
  protected controlIsReported = false;
  protected candidateIsReported = false;
  protected isOver = false;
  /** The caller gets the candidate's outcome, whatever it is. */
  protected isAnswered = false;

  readonly #mayFallBack: boolean;

  constructor(
    plan: ExperimentPlan,
    serve: Side,
    epoch: number,
    skipped: SkipReason | undefined,
    begunAt: number,
    mayFallBack = true,
  ) {
    this.#mayFallBack = mayFallBack;
    this.plan = plan;
    this.serve = serve;
    this.epoch = epoch;
    this.skipped = skipped;
    this.begunAt = begunAt;
  }

  get ended(): boolean {
    return this.isOver;
  }

  get mayFallBack(): boolean {
    return this.serve === "candidate" && this.#mayFallBack && !this.isAnswered;
  }

  get signal(): AbortSignal {
    return this.candidateMark().signal;
  }

  get tellsMatches(): boolean {
    return true;
  }

  matched(_controlMs: number, _candidateMs: number): boolean {
    return false;
  }

  get stop(): Stop {
    return this.candidateMark();
  }

  as<Returned>(side: Side, run: () => Returned): Returned {
    const { plan } = this;
    const { clock, trackRuns } = plan.services;
    if (typeof run !== "function") {
      this.fault(`\`as\` expects a function to run, got ${typeof run}`);
      return undefined as Returned;
    }
    if (side === "control") {
      this.controlAt ??= clock.monotonic();
      const mark = this.serve === "control" ? plan.controlMark : plan.besideMark;
      return callAs(mark, false, run, undefined, []) as Returned;
    }
    if (side !== "candidate") {
      this.fault('`as` expects "control" or "candidate"');
      return run();
    }
    this.candidateAt ??= clock.monotonic();
    return callAs(this.candidateMark(), trackRuns, run, undefined, []) as Returned;
  }

  control(outcome: Outcome, durationMs?: number): void {
    const isSecond = this.controlIsReported;
    this.controlIsReported = true;
    if (isSecond) this.fault("control's outcome was reported twice");
    else if (this.isOver) this.fault("control's outcome was reported after the call had ended");
    else this.take("control", outcome, durationMs);
  }

  candidate(outcome: Outcome, durationMs?: number): void {
    const isSecond = this.candidateIsReported;
    this.candidateIsReported = true;
    if (isSecond) this.fault("the candidate's outcome was reported twice");
    else if (this.isOver) this.fault("the candidate's outcome was reported after the call had ended");
    else this.take("candidate", outcome, durationMs);
  }

  fellBack(reason: FellBack): void {
    if (!fallBackReasons.includes(reason)) {
      this.fault(`\`fellBack\` expects one of ${fallBackReasons.map((each) => JSON.stringify(each)).join(", ")}`);
    } else if (this.serve === "control") this.fault("`fellBack` was said of a call that control was to serve");
    else this.fallBack(reason);
  }

  answered(): void {
    if (this.serve === "control") this.fault("`answered` was said of a call that control was to serve");
    else if (this.candidateIsReported) this.fault("`answered` was said after the candidate's outcome");
    else this.isAnswered = true;
  }

  abandon(reason?: string): void {
    if (this.isOver) {
      this.fault("`abandon` was said after the call had ended");
      return;
    }
    const told = typeof reason === "string" ? reason.trim().slice(0, mostOfReason) : "";
    if (reason !== undefined && told === "") this.fault("`abandon` expects a text that says why");
    this.giveUp(told === "" ? "abandoned" : `abandoned: ${told}`);
    this.mark?.abort("The call was abandoned", "AbortError");
  }

  protected abstract take(side: Side, given: unknown, durationMs: unknown): void;
  protected abstract fallBack(reason: FellBack): void;
  /** It ends, and something has not been told. */
  protected abstract giveUp(why: string): void;
  protected abstract makeMark(): Mark;

  protected candidateMark(): Mark {
    return (this.mark ??= this.makeMark());
  }

  /** What was handed in, where it can be one; `undefined` where the time is to be taken. */
  protected durationOf(side: Side, given: unknown): number | undefined {
    if (given === undefined || isDuration(given)) return given;
    this.fault(
      `${side}: expected \`durationMs\` to be a number of at least 0, got ${nameOf(given)}; the time is taken`,
    );
    return undefined;
  }

  protected fault(message: string): void {
    const { plan } = this;
    plan.services.fault("report", new SidelaneError("invalid-option", `${plan.place}: ${message}`), plan);
  }
}

const mostOfReason = 200;

function nameOf(given: unknown): string {
  return typeof given === "number" ? String(given) : typeof given;
}

/** A call that control serves, and that is not compared: nothing of it is kept. */
export class ControlCall extends ReportedCall {
  readonly compare = false;

  protected take(side: Side): void {
    if (side === "candidate") this.fault("the candidate's outcome was reported of a call that is not compared");
    else this.isOver = true;
  }

  protected fallBack(): void {}

  protected giveUp(): void {
    this.isOver = true;
  }

  protected makeMark(): Mark {
    return new Mark(this.plan.name, this.plan.hooks.candidates[0].name);
  }
}
