import type { FellBack } from "../../model/result.ts";
import { Deadline } from "../limits/deadlines.ts";
import { silence } from "../runtime/native-promise.ts";
import { canResolveWith, ignoreRejection, shapeOf } from "../runtime/promises.ts";
import type { Run } from "./run.ts";
import type { CandidateRun } from "./candidate-run.ts";

/**
 * Both sides run and are compared, and the caller gets the candidate's answer as soon as it is there; control's when the
 * candidate throws or times out, and, with a rollout's `onMismatch: "control"`, when they differ.
 */
export function serveCompared(run: Run): unknown {
  const { plan } = run;
  run.deferred = false;
  run.judgesAtOnce ||= plan.waitForMatch;
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
  if (shape !== "thenable") return served.value;
  // Nothing else handles what control's promise rejects with. A caller that awaits that can await this, too.
  silence(given);
  return Promise.resolve(served.value);
}

class Served {
  readonly #run: Run;
  #candidateRun: CandidateRun | undefined;
  #settle: (() => void) | undefined;
  #chosen = false;
  #grace: Deadline | undefined;
  value: unknown;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The candidate has a little longer; then control's answer goes out. */
  controlSettled(now: number): void {
    if (this.#chosen) return;
    const { plan } = this.#run;
    this.#grace = new Deadline(() => this.#fallBack("slow"));
    plan.services.deadlines.add(this.#grace, plan.graceMs, now, true);
  }

  candidateSettled(candidateRun: CandidateRun): void {
    this.#candidateRun = candidateRun;
    const outcome = candidateRun.outcome!;
    if (outcome.kind === "returned") this.value = outcome.value;
    if (!this.#run.plan.waitForMatch || outcome.kind !== "returned") this.#choose();
  }

  ended(): void {
    this.#choose();
  }

  /** Whether the candidate answers a synchronous caller, who cannot wait for one that has not answered yet. */
  decidedAtOnce(): boolean {
    if (!this.#chosen) this.#fallBack("asynchronous");
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
    const candidateRun = this.#candidateRun!;
    const { kind } = candidateRun.outcome!;
    if (kind !== "returned") this.#fallBack(kind);
    else if (run.plan.waitForMatch && candidateRun.comparison?.kind === "mismatch") this.#fallBack("mismatch");
    // A caller that awaits the answer gets it through a promise.
    else if (run.plan.state.asynchronous && !canResolveWith(this.value)) this.#fallBack("threw");
    else {
      run.served = candidateRun.candidate;
      run.plan.state.served += 1;
      this.#end();
    }
  }

  #fallBack(why: FellBack): void {
    this.#run.fellBack = why;
    this.#run.plan.state.fellBack += 1;
    this.#end();
  }

  #end(): void {
    this.#chosen = true;
    if (this.#grace !== undefined) this.#run.plan.services.deadlines.remove(this.#grace);
    this.#settle?.();
  }
}
