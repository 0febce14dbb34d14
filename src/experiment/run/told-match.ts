import { match } from "../../model/comparison.ts";
import type { Evidence, Outcome } from "../../model/observation.ts";
import type { Result } from "../../model/result.ts";
import type { Hooks, ExperimentPlan } from "../define/experiment-plan.ts";
import type { Comparable, Receivers } from "../deliver/comparison-queue.ts";
import { makeResult, type EndedCandidate, type EndedRun, type Stamps } from "./make-result.ts";

/** What one side of a match returned, and when. */
export interface MatchedSide extends Stamps {
  readonly value: unknown;
  readonly evidence: Evidence;
}

/** A fast call whose sides were alike: all that a publisher's result of it is made of, once its turn has come. */
class ToldMatch implements Comparable, EndedRun {
  readonly plan: ExperimentPlan;
  readonly hooks: Hooks;
  readonly args: unknown[];
  readonly #control: MatchedSide;
  readonly #candidate: MatchedSide;
  #result: Result | undefined = undefined;

  constructor(plan: ExperimentPlan, hooks: Hooks, args: unknown[], control: MatchedSide, candidate: MatchedSide) {
    this.plan = plan;
    this.hooks = hooks;
    this.args = args;
    this.#control = control;
    this.#candidate = candidate;
  }

  /** It was counted when it ended. */
  conclude(): void {}

  finish(receivers: Receivers): void {
    try {
      receivers.accept(this.result());
    } catch (error) {
      this.plan.services.fault("internal", error, this.plan);
    }
  }

  kind(): "match" {
    return "match";
  }

  result(): Result {
    return (this.#result ??= makeResult(this, this.plan.services.comparisonQueue.nextId()));
  }

  parts(): unknown[] {
    return [this.#control.value, this.args, this.#candidate.value];
  }

  // EndedRun

  get candidateRuns(): readonly EndedCandidate[] {
    const { value, evidence, startedAt, syncEndedAt, endedAt } = this.#candidate;
    return [
      {
        candidate: this.hooks.candidates[0].name,
        kind: "match",
        outcome: { kind: "returned", value },
        evidence,
        comparison: match,
        argumentsMutated: undefined,
        startedAt,
        syncEndedAt,
        endedAt,
      },
    ];
  }

  get control(): Outcome {
    return { kind: "returned", value: this.#control.value };
  }

  get controlEvidence(): Evidence {
    return this.#control.evidence;
  }

  get startedAt(): number {
    return Math.min(this.#control.startedAt, this.#candidate.startedAt);
  }

  get controlStartedAt(): number {
    return this.#control.startedAt;
  }

  get controlSyncEndedAt(): number {
    return this.#control.syncEndedAt;
  }

  get controlEndedAt(): number {
    return this.#control.endedAt;
  }

  get served(): string {
    return "control";
  }

  get snapshot(): undefined {
    return undefined;
  }

  get context(): undefined {
    return undefined;
  }

  get key(): undefined {
    return undefined;
  }

  get fellBack(): undefined {
    return undefined;
  }
}

/** To the publishers that ask for matches. @param now the monotonic stamp of this moment */
export function tellMatch(
  plan: ExperimentPlan,
  hooks: Hooks,
  args: unknown[],
  control: MatchedSide,
  candidate: MatchedSide,
  now: number,
): void {
  plan.services.comparisonQueue.add(new ToldMatch(plan, hooks, args, control, candidate), now);
}
