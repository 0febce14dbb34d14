import type { Comparison } from "../../model/comparison.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import type { Sample } from "../../model/rollout.ts";
import type { Awaited } from "../limits/deadlines.ts";
import type { Plan, PlannedCandidate } from "../define/experiment-plan.ts";
import type { Run } from "./run.ts";
import { mayFollow, watch } from "../runtime/promises.ts";
import { callAs, Mark } from "../runtime/current-run.ts";
import { streamKind } from "../streams/stream-kind.ts";

const writeOffMs = 600_000;

/** One candidate of one call: called, awaited, given up on, compared. */
export class Trial implements Awaited, Sample {
  readonly run: Run;
  readonly candidate: string;
  readonly planned: PlannedCandidate;
  outcome: Outcome | undefined = undefined;
  evidence: Evidence = "live";
  comparison: Comparison | undefined = undefined;
  /** Why it cannot be compared, where that is so. */
  inconclusive: Comparison | undefined = undefined;
  /** Stamps of the monotonic clock: called, gave something back, settled. */
  startedAt = 0;
  syncEndedAt = 0;
  endedAt = 0;
  argumentsMutated: boolean | undefined = undefined;
  /** Its failure was counted while control was still pending, and is not to be counted again. */
  failureTold = false;
  // Links of the deadline's line.
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Awaited["line"] = undefined;
  dueAt = 0;
  #hasSlot = false;
  #writtenOff = false;
  #mark: Mark | undefined = undefined;

  constructor(run: Run, planned: PlannedCandidate) {
    this.run = run;
    this.planned = planned;
    this.candidate = planned.name;
  }

  /**
   * Calls the candidate; its outcome is there when it answers at once, and comes to the run when it does not.
   *
   * @param startedAt the stamp of this moment, where there is one
   * @returns the stamp of the moment at which it gave something back
   */
  start(args: unknown[], startedAt: number): number {
    const { run } = this;
    const { host, name } = run.plan;
    const mark = new Mark(name, this.candidate);
    let given: unknown;
    try {
      given = callAs(mark, host.trackRuns, this.planned.call, run.self, args);
    } catch (error) {
      return this.threw(error, startedAt, host.clock.monotonic());
    }
    return this.gave(given, mark, startedAt, host.clock.monotonic());
  }

  /** It was called, and threw. */
  threw(error: unknown, startedAt: number, now: number): number {
    this.startedAt = startedAt;
    this.syncEndedAt = now;
    this.#end({ kind: "threw", error }, now);
    return now;
  }

  /** It was called, and gave this back: an answer, or a promise of one. */
  gave(given: unknown, mark: Mark, startedAt: number, now: number): number {
    const { host, timeoutMs } = this.run.plan;
    this.startedAt = startedAt;
    this.syncEndedAt = now;
    this.#mark = mark;
    if (!mayFollow(given)) {
      if (!this.#drains(given)) this.#end({ kind: "returned", value: given }, now);
      return now;
    }
    this.#takeSlot();
    // A caller waits for it who is served by it, or told of its mismatch.
    const foreground = this.run.judgesAtOnce || this.run.watcher !== undefined;
    host.deadlines.add(this, timeoutMs, startedAt, foreground);
    watch(
      given,
      (value) => this.settle({ kind: "returned", value }),
      (error) => this.settle({ kind: "threw", error }),
      mark,
      host.trackRuns,
    );
    return now;
  }

  /** Given up before it ran, since its laboratory closes. */
  abandon(): void {
    const now = this.run.plan.host.clock.monotonic();
    this.startedAt = this.syncEndedAt = now;
    this.#end({ kind: "timed-out", afterMs: 0 }, now);
  }

  /** Its time is up: an outcome at once; the slot stays taken until it settles, or is written off. */
  expire(): void {
    const { host, state } = this.run.plan;
    if (this.outcome !== undefined) {
      this.#writtenOff = true;
      this.#freeSlot();
      state.stalled -= 1;
      return;
    }
    const now = host.clock.monotonic();
    state.stalled += 1;
    if (host.closed) this.#freeSlot();
    else host.deadlines.add(this, writeOffMs, now);
    this.#mark!.timeOut();
    this.#end({ kind: "timed-out", afterMs: now - this.startedAt }, now);
  }

  /** It was called and gave a promise, which somebody else awaits and has taken a slot and a deadline for. */
  follow(mark: Mark, startedAt: number, syncEndedAt: number, hasSlot: boolean): void {
    this.startedAt = startedAt;
    this.syncEndedAt = syncEndedAt;
    this.#mark = mark;
    this.#hasSlot = hasSlot;
  }

  /** After {@link follow}: it has settled, and this is what is left of it. */
  settledAs(outcome: Outcome, evidence: Evidence, endedAt: number): void {
    this.evidence = evidence;
    this.#end(outcome, endedAt);
  }

  /** What it gave has settled now. */
  settle(outcome: Outcome): void {
    const { host, state } = this.run.plan;
    host.deadlines.remove(this);
    if (this.outcome !== undefined) {
      // Too late to count; its slot is what it still had.
      if (!this.#writtenOff) state.stalled -= 1;
      this.#freeSlot();
      return;
    }
    if (outcome.kind === "returned" && this.#drains(outcome.value)) return;
    this.#freeSlot();
    this.#end(outcome, host.clock.monotonic());
  }

  /** A stream is an outcome only when it has been read, beside control's. */
  #drains(value: unknown): boolean {
    const { streams, plan } = this.run;
    if (streams === undefined || streamKind(value) === undefined) return false;
    if (!this.#hasSlot) this.#takeSlot();
    streams.drain(value as object, this.#mark!, (end) => {
      const now = plan.host.clock.monotonic();
      this.#freeSlot();
      if (end.kind === "unread") this.#end({ kind: "returned", value }, now);
      else if (end.kind === "timed-out") this.#end({ kind: "timed-out", afterMs: now - this.startedAt }, now);
      else if (end.kind === "lost") {
        this.inconclusive = { kind: "inconclusive", reason: end.reason };
        this.evidence = "omitted";
        this.#end({ kind: "returned", value: undefined }, now);
      } else {
        this.evidence = "captured";
        plan.counters.capturedBytes += end.bytes;
        this.#end(end.outcome, now);
      }
    });
    return true;
  }

  #end(outcome: Outcome, now: number): void {
    this.outcome = outcome;
    this.endedAt = now;
    this.run.trialSettled(this);
  }

  #takeSlot(): void {
    this.#hasSlot = true;
    inFlight(this.run.plan, 1);
  }

  #freeSlot(): void {
    if (!this.#hasSlot) return;
    this.#hasSlot = false;
    inFlight(this.run.plan, -1);
  }

  // Sample

  get experiment(): string {
    return this.run.plan.name;
  }

  get kind(): ResultKind {
    return kindOfTrial(this);
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

  get aboutControl(): Sample["aboutControl"] {
    return (
      this.run.controlUnseen ? "unseen"
      : this.failureTold ? "late"
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
    return this.run.plan.host.clock.now();
  }

  get epoch(): number {
    return this.run.snapshot?.epoch ?? 0;
  }

  result(): Result {
    return this.run.result();
  }
}

/** One candidate more, or one less, is in flight. */
export function inFlight(plan: Plan, change: 1 | -1): void {
  plan.state.inFlight += change;
  plan.host.inFlight.change(change);
  plan.host.onInFlight(plan.name, change);
}

/** Of a trial that has been compared. A candidate that timed out is counted as such; its comparison says `inconclusive`. */
export function kindOfTrial(trial: Trial): ResultKind {
  return trial.outcome!.kind === "timed-out" ? "timed-out" : trial.comparison!.kind;
}
