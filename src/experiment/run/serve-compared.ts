import { ignoreRejection, shapeOf } from "../runtime/promises.ts";
import type { Run } from "./run.ts";
import type { Trial } from "./candidate-run.ts";

/**
 * Both sides run and are compared, and the caller gets the candidate's answer as soon as it is there; control's when the
 * candidate throws or times out, and, with a rollout's `onMismatch: "control"`, when they differ.
 */
export function serveCompared(run: Run): unknown {
  const { plan } = run;
  run.deferred = false;
  run.judgesAtOnce = plan.waitForMatch;
  const served = new Served(run);
  run.watcher = served;
  let given: unknown;
  try {
    given = run.conduct();
  } catch (error) {
    if (served.decidedAtOnce()) return served.value;
    throw error;
  }
  const shape = shapeOf(given);
  if (shape === "promise") return served.follow(given);
  if (!served.decidedAtOnce()) return given;
  // Whoever awaits control's thenable can await this, too.
  return shape === "thenable" ? Promise.resolve(served.value) : served.value;
}

class Served {
  readonly #run: Run;
  #trial: Trial | undefined;
  #settle: (() => void) | undefined;
  #chosen = false;
  value: unknown;

  constructor(run: Run) {
    this.#run = run;
  }

  trialSettled(trial: Trial): void {
    this.#trial = trial;
    const outcome = trial.outcome!;
    if (outcome.kind === "returned") this.value = outcome.value;
    if (!this.#run.plan.waitForMatch || outcome.kind !== "returned") this.#choose();
  }

  ended(): void {
    this.#choose();
  }

  /** Whether the candidate answers a synchronous caller, who cannot wait for one that has not answered yet. */
  decidedAtOnce(): boolean {
    if (!this.#chosen) this.#fallBack();
    return this.#run.served !== "control";
  }

  follow(control: unknown): Promise<unknown> {
    // When the candidate answers, nobody is left to handle what control rejects with.
    ignoreRejection(control);
    return new Promise((resolve) => {
      const settle = (): void => resolve(this.#run.served === "control" ? control : this.value);
      if (this.#chosen) settle();
      else this.#settle = settle;
    });
  }

  /** Once: what its caller got is what a call is counted for. */
  #choose(): void {
    if (this.#chosen) return;
    const run = this.#run;
    const trial = this.#trial!;
    const mismatched = run.plan.waitForMatch && trial.comparison?.kind === "mismatch";
    if (trial.outcome!.kind === "returned" && !mismatched) {
      this.#chosen = true;
      run.served = trial.candidate;
      run.plan.state.served += 1;
    } else {
      this.#fallBack();
    }
    this.#settle?.();
  }

  #fallBack(): void {
    this.#chosen = true;
    this.#run.plan.state.fellBack += 1;
  }
}
