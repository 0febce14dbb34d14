import type { Sample } from "../../model/rollout.ts";
import { Deadline } from "../limits/deadlines.ts";
import { recordIn } from "./conclude.ts";
import type { Run } from "./run.ts";
import type { Trial } from "./candidate-run.ts";

/**
 * Candidates of a call that failed while control has not settled. Whether control fails as well is known only when it has;
 * one that takes longer than a candidate may take is no longer waited for, and the failure counts: beside a control that
 * hangs, a candidate that fails would otherwise look well for ever.
 */
export class FailedWithoutControl {
  readonly #run: Run;
  readonly #waiting = new Map<Trial, Deadline>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** @param trial has thrown or timed out just now */
  add(trial: Trial): void {
    const { host, timeoutMs } = this.#run.plan;
    const deadline = new Deadline(() => {
      this.#waiting.delete(trial);
      this.#tell(trial);
    });
    this.#waiting.set(trial, deadline);
    host.deadlines.add(deadline, timeoutMs, trial.endedAt);
  }

  controlSettled(): void {
    for (const deadline of this.#waiting.values()) this.#run.plan.host.deadlines.remove(deadline);
    this.#waiting.clear();
  }

  #tell(trial: Trial): void {
    const { plan } = this.#run;
    // A laboratory that closes waits for nobody, which says nothing of the candidate.
    if (plan.host.closed) return;
    trial.failureTold = true;
    trial.planned.breaker.failed(plan.host.clock.monotonic());
    const sample: Sample = {
      experiment: trial.experiment,
      candidate: trial.candidate,
      kind: "inconclusive",
      controlMs: NaN,
      candidateMs: trial.candidateMs,
      controlThrew: false,
      candidateThrew: true,
      aboutControl: "pending",
      key: trial.key,
      at: trial.at,
      epoch: trial.epoch,
      result: () => undefined,
    };
    trial.planned.record.failedWithoutControl(sample);
    recordIn(plan, sample);
  }
}
