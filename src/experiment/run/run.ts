import type { Comparison } from "../../model/comparison.ts";
import type { Outcome } from "../../model/observation.ts";
import type { RolloutSnapshot } from "../../model/rollout.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import { isDrawn, type Timing } from "../record/pair-timer.ts";
import { callAs } from "../runtime/current-run.ts";
import { derive } from "../runtime/native-promise.ts";
import { shapeOf, type Shape } from "../runtime/promises.ts";
import { streamKind } from "../streams/stream-kind.ts";
import type { CandidateRun } from "./candidate-run.ts";
import { ObservedRun } from "./observed-run.ts";
import { drawOrder, startLater, startCandidates } from "./start-candidates.ts";

const cannotObserve: Comparison = Object.freeze({
  kind: "inconclusive",
  reason:
    "control returned a promise with methods of its own, or a lazy thenable; return a plain promise to have it compared",
});

/**
 * One call of one experiment: calls control and the candidates, and tells itself what they come to.
 *
 * Control's outcome goes to the caller as it is; everything else here happens beside that.
 */
export class Run extends ObservedRun {
  #candidateArgs: unknown[];
  /** The candidates that are still to be called, where their order was drawn. */
  #order: readonly CandidateRun[] | undefined = undefined;

  constructor(
    plan: ExperimentPlan,
    hooks: Hooks,
    candidates: readonly PlannedCandidate[],
    self: unknown,
    args: unknown[],
    candidateArgs: unknown[],
    snapshot: RolloutSnapshot | undefined,
    key: string | undefined,
  ) {
    super(plan, hooks, candidates, self, args, snapshot, key);
    this.#candidateArgs = candidateArgs;
  }

  /** Runs both sides and returns control's own answer, or throws what control throws. */
  conduct(): unknown {
    const { plan } = this;
    plan.counters.started += 1;
    plan.counters.inFlight += 1;
    let startedAt = (this.startedAt = plan.services.clock.monotonic());
    if (this.timing === "untimed") this.timing = this.#timing();
    if (plan.randomOrder || isDrawn(this.timing)) {
      const { order, beforeControl } = this.#drawnOrder();
      this.#order = order;
      startedAt = this.#startCandidates(startedAt, beforeControl);
      plan.counters.totalPathMs += startedAt - this.startedAt;
    }
    return this.callControl(startedAt);
  }

  /** Calls control, and returns its own answer, or throws what control throws. */
  callControl(startedAt: number): unknown {
    const { plan } = this;
    let given: unknown;
    try {
      const mark = this.watcher === undefined ? plan.controlMark : plan.besideMark;
      given = callAs(mark, false, this.hooks.control, this.self, this.args);
    } catch (error) {
      this.controlThrewAtOnce(error, startedAt);
      throw error;
    }
    return this.controlGave(given, startedAt, plan.services.clock.monotonic());
  }

  #timing(): Timing {
    const { pairs, randomOrder } = this.plan;
    if (pairs === undefined || this.deferred || this.streams !== undefined) return "untimed";
    return randomOrder ? "drawn-order" : pairs.take();
  }

  #drawnOrder(): ReturnType<typeof drawOrder<CandidateRun>> {
    const { pairs, randomOrder, services } = this.plan;
    if (this.timing === "candidate-first") return { order: this.candidateRuns, beforeControl: 1 };
    return drawOrder(this.candidateRuns, randomOrder ? services.random : () => pairs!.random());
  }

  /** Control was called, and threw: its caller gets the error when this returns. */
  controlThrewAtOnce(error: unknown, startedAt: number): void {
    const now = this.plan.services.clock.monotonic();
    this.controlCalled(startedAt, now);
    this.#settled({ kind: "threw", error }, now);
    this.#afterSyncControl(now);
  }

  /** Control was called and returned this; returns what its caller gets. */
  controlGave(
    given: unknown,
    startedAt: number,
    now: number,
    shape: Shape = this.hooks.givesPromises ? "promise" : shapeOf(given),
  ): unknown {
    this.controlCalled(startedAt, now);
    if (shape === "promise") return this.#followPromise(given, now);
    // Nothing of a thenable's future can be seen without running it, or taking its rejection away from the host.
    if (shape === "thenable") {
      this.inconclusive = cannotObserve;
      this.controlUnseen = true;
    }
    if (!this.#observesStream(given)) this.#settled({ kind: "returned", value: given }, now);
    this.#afterSyncControl(now);
    return given;
  }

  #followPromise(promise: unknown, syncEndedAt: number): Promise<unknown> {
    this.plan.state.asynchronous = true;
    const { clock } = this.plan.services;
    const derived = derive(
      promise,
      (value) => {
        if (!this.#observesStream(value)) this.#settled({ kind: "returned", value }, clock.monotonic());
        this.#startDeferred();
        return value;
      },
      (error: unknown) => {
        this.#settled({ kind: "threw", error }, clock.monotonic());
        this.#startDeferred();
        throw error;
      },
    );
    // The candidates' synchronous parts are what this caller waits for beyond control.
    if (!this.deferred) this.plan.counters.totalPathMs += this.#startCandidates(syncEndedAt) - syncEndedAt;
    return derived;
  }

  #afterSyncControl(syncEndedAt: number): void {
    if (this.deferred) this.#startDeferred();
    else this.plan.counters.totalPathMs += this.#startCandidates(syncEndedAt) - syncEndedAt;
    if (this.unsettled > 0) this.keepControl();
  }

  #startCandidates(now: number, upTo = Infinity): number {
    if (!this.starting) return now;
    const order = this.#order ?? this.candidateRuns;
    const args = this.#candidateArgs;
    this.starting = upTo < order.length;
    if (!this.starting) {
      this.#candidateArgs = [];
      return startCandidates(this.plan, order, args, now);
    }
    this.#order = order.slice(upTo);
    return startCandidates(this.plan, order.slice(0, upTo), args, now);
  }

  #startDeferred(): void {
    if (this.deferred) startLater(this.plan, this.candidateRuns, (now) => this.#startCandidates(now));
  }

  /** A stream is an outcome only when the caller has read it to its end. */
  #observesStream(value: unknown): boolean {
    const { streams } = this;
    if (streams === undefined || streamKind(value) === undefined) return false;
    this.streaming = true;
    streams.observeControl(value as object, (end) => {
      const now = this.plan.services.clock.monotonic();
      if (end.kind === "lost") {
        this.inconclusive = { kind: "inconclusive", reason: end.reason };
        this.controlEvidence = "omitted";
        this.controlSettled({ kind: "returned", value: undefined }, now);
        return;
      }
      this.controlEvidence = "captured";
      this.plan.counters.capturedBytes += end.bytes;
      this.controlSettled(end.outcome, now);
    });
    return true;
  }

  /** Control's outcome is there, and is no stream. */
  #settled(outcome: Outcome, now: number): void {
    this.streams?.noControl();
    this.controlSettled(outcome, now);
  }
}

/** A run that takes over a call from the fast path. @param startedAt of a call that has begun */
export function runOf(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  timing: Timing,
  startedAt = 0,
): Run {
  const run = new Run(plan, hooks, hooks.candidates, self, args, args, undefined, undefined);
  run.timing = timing;
  run.startedAt = startedAt;
  return run;
}
