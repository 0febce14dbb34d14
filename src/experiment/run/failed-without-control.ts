import type { Sample } from "../../model/rollout.ts";
import type { Plan, PlannedCandidate } from "../define/experiment-plan.ts";
import { Deadline } from "../limits/deadlines.ts";
import { recordIn } from "./conclude.ts";

/** A candidate that has thrown or timed out. */
export interface FailedTrial {
  readonly planned: PlannedCandidate;
  readonly endedAt: number;
  readonly experiment: string;
  readonly candidate: string;
  readonly candidateMs: number;
  readonly key: string | undefined;
  readonly at: number;
  readonly epoch: number;
  /** Written when its failure has been counted. */
  failureTold: boolean;
}

/**
 * Candidates of a call that failed while control has not settled. Whether control fails as well is known only when it has;
 * one that takes longer than a candidate may take is no longer waited for, and the failure counts: beside a control that
 * hangs, a candidate that fails would otherwise look well for ever.
 */
export class FailedWithoutControl {
  readonly #plan: Plan;
  readonly #waiting = new Map<FailedTrial, Deadline>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** @param trial has failed just now */
  add(trial: FailedTrial): void {
    const { host, timeoutMs } = this.#plan;
    const deadline = new Deadline(() => {
      this.#waiting.delete(trial);
      this.#tell(trial);
    });
    this.#waiting.set(trial, deadline);
    host.deadlines.add(deadline, timeoutMs, trial.endedAt);
  }

  controlSettled(): void {
    for (const deadline of this.#waiting.values()) this.#plan.host.deadlines.remove(deadline);
    this.#waiting.clear();
  }

  #tell(trial: FailedTrial): void {
    const plan = this.#plan;
    // A laboratory that closes waits for nobody, which says nothing of the candidate.
    if (plan.host.closed) return;
    trial.failureTold = true;
    trial.planned.breaker.failed(plan.host.clock.monotonic());
    const { experiment, candidate, candidateMs, key, at, epoch } = trial;
    const sample: Sample = {
      ...{ experiment, candidate, candidateMs, key, at, epoch },
      kind: "inconclusive",
      controlMs: NaN,
      controlThrew: false,
      candidateThrew: true,
      aboutControl: "pending",
      result: () => undefined,
    };
    trial.planned.record.failedWithoutControl(sample);
    recordIn(plan, sample);
  }
}
