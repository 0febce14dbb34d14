import type { Comparison } from "../../model/comparison.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import { kindOfCandidate, type FellBack, type Result, type ResultKind } from "../../model/result.ts";
import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import type { ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import { Attempt } from "../limits/attempt.ts";
import { Mark } from "../runtime/current-run.ts";
import { streamKind } from "../streams/stream-kind.ts";
import type { StreamPair } from "../streams/stream-pair.ts";

/** What a candidate's run needs of the call that it is part of. */
export interface CandidateCall {
  readonly plan: ExperimentPlan;
  readonly self: unknown;
  readonly key: string | undefined;
  readonly snapshot: RolloutSnapshot | undefined;
  readonly streams: StreamPair | undefined;
  /** Whether the caller waits for the candidate: who is served by it, or told of its mismatch. */
  readonly isAwaited: boolean;
  /** Whether the candidate is to answer it. */
  readonly isServed: boolean;
  readonly controlMs: number;
  readonly controlThrew: boolean;
  readonly fellBack: FellBack | undefined;
  /** Control returned a lazy thenable: what that comes to, nobody but its caller sees. */
  readonly controlUnseen: boolean;
  /** Only where others called it, and said so. */
  readonly controlTimedOut: boolean;
  /** How long control and a candidate took, where this call is timed. */
  pairOf(candidateRun: CandidateRun): Sample["pair"];
  /** The candidate has an outcome. */
  candidateSettled(candidateRun: CandidateRun): void;
  result(): Result;
}

type Ended = Parameters<typeof kindOfCandidate>[0];

/** One candidate of one call: called, awaited, given up on, compared. */
export class CandidateRun extends Attempt implements Sample {
  readonly run: CandidateCall;
  readonly candidate: string;
  readonly planned: PlannedCandidate;
  outcome: Outcome | undefined = undefined;
  evidence: Evidence = "live";
  /** Its value and control's were looked at together, and are not surely equal. */
  looked = false;
  comparison: Comparison | undefined = undefined;
  /** Why it cannot be compared, where that is so. */
  inconclusive: Comparison | undefined = undefined;
  /** A stamp of the monotonic clock: it settled, or was given up on. */
  endedAt = 0;
  argumentsMutated: boolean | undefined = undefined;
  /** Its failure was counted while control was still pending, and is not to be counted again. */
  failureTold = false;

  constructor(run: CandidateCall, planned: PlannedCandidate) {
    super();
    this.run = run;
    this.planned = planned;
    this.candidate = planned.name;
  }

  /**
   * Calls the candidate; its outcome is there when it answers at once, and comes to the run when it does not.
   *
   * @param startedAt the stamp of this moment, where there is one
   * @returns the stamp of the moment at which it returned something
   */
  start(args: unknown[], startedAt: number): number {
    const { run } = this;
    const mark = new Mark(run.plan.name, this.candidate, run.isServed);
    return this.call(mark, this.planned.call, run.self, args, startedAt);
  }

  /** Given up before it ran, since its laboratory closes. */
  abandon(): void {
    const now = this.services.clock.monotonic();
    this.startedAt = this.syncEndedAt = now;
    this.timedOut(0, now);
  }

  /** It was called and returned a promise, which something else follows. */
  calledElsewhere(startedAt: number, syncEndedAt: number): void {
    this.startedAt = startedAt;
    this.syncEndedAt = syncEndedAt;
  }

  /** Something else has called and followed it: this is what it came to. */
  settledAs(outcome: Outcome, evidence: Evidence, endedAt: number): void {
    this.evidence = evidence;
    this.#end(outcome, endedAt);
  }

  protected get services(): ExperimentPlan["services"] {
    return this.run.plan.services;
  }

  protected get timeoutMs(): number {
    return this.run.plan.timeoutMs;
  }

  protected override get foreground(): boolean {
    return this.run.isAwaited;
  }

  protected countInFlight(change: 1 | -1): void {
    inFlight(this.run.plan, change);
  }

  protected countStalled(change: 1 | -1): void {
    this.run.plan.state.stalled += change;
  }

  protected returned(value: unknown, now: number): void {
    this.#end({ kind: "returned", value }, now);
  }

  protected threw(error: unknown, now: number): void {
    this.#end({ kind: "threw", error }, now);
  }

  protected timedOut(afterMs: number, now: number): void {
    this.#end({ kind: "timed-out", afterMs }, now);
  }

  protected override isAwaited(): void {
    // What was looked at was a promise.
    this.looked = false;
  }

  /** A stream is an outcome only when it has been read, beside control's. */
  protected override holds(value: unknown): boolean {
    const { streams, plan } = this.run;
    if (streams === undefined || streamKind(value) === undefined) return false;
    this.takeSlot();
    streams.drain(value as object, this.mark!, (end) => {
      const now = plan.services.clock.monotonic();
      this.freeSlot();
      if (end.kind === "unread") this.returned(value, now);
      else if (end.kind === "timed-out") this.timedOut(now - this.startedAt, now);
      else if (end.kind === "lost") {
        this.inconclusive = { kind: "inconclusive", reason: end.reason };
        this.settledAs({ kind: "returned", value: undefined }, "omitted", now);
      } else {
        plan.counters.capturedBytes += end.bytes;
        this.settledAs(end.outcome, "captured", now);
      }
    });
    return true;
  }

  #end(outcome: Outcome, now: number): void {
    this.outcome = outcome;
    this.endedAt = now;
    this.run.candidateSettled(this);
  }

  // Sample

  get experiment(): string {
    return this.run.plan.name;
  }

  get kind(): ResultKind {
    // It has been compared, or has timed out.
    return kindOfCandidate(this as Ended);
  }

  get controlMs(): number {
    return this.run.controlMs;
  }

  get candidateMs(): number {
    return this.endedAt - this.startedAt;
  }

  get controlThrew(): boolean {
    return this.run.controlThrew;
  }

  get candidateThrew(): boolean {
    return this.outcome!.kind === "threw";
  }

  get fellBack(): FellBack | undefined {
    return this.run.fellBack;
  }

  get served(): boolean {
    return this.run.isServed;
  }

  get alike(): boolean {
    return !this.run.plan.deferred;
  }

  get aboutControl(): Sample["aboutControl"] {
    return (
      this.run.controlUnseen ? "unseen"
      : this.failureTold ? "late"
      : this.run.controlTimedOut ? "timed-out"
      : undefined
    );
  }

  get pair(): Sample["pair"] {
    return this.run.pairOf(this);
  }

  get key(): string | undefined {
    return this.run.key;
  }

  get at(): number {
    return this.run.plan.services.clock.now();
  }

  get epoch(): number {
    return this.run.snapshot?.epoch ?? 0;
  }

  result(): Result {
    return this.run.result();
  }
}

/** One candidate more, or one less, is in flight. */
export function inFlight(plan: ExperimentPlan, change: 1 | -1): void {
  plan.state.inFlight += change;
  plan.services.inFlight.change(change);
  plan.services.onInFlight(plan.name, change);
}
