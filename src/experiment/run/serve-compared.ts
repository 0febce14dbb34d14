import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import { Deadline } from "../limits/deadlines.ts";
import { derive, silence } from "../runtime/native-promise.ts";
import { canResolveWith, ignoreRejection, shapeOf, watch } from "../runtime/promises.ts";
import type { Hooks, Plan, PlannedCandidate } from "../define/experiment-plan.ts";
import { recordIn } from "./conclude.ts";
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
  if (shape !== "thenable") return served.value;
  // Nobody is left to handle what control's promise rejects with. Whoever awaits that can await this, too.
  silence(given);
  return Promise.resolve(served.value);
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
    // Whoever awaits the answer gets it through a promise.
    const canAnswer =
      trial.outcome!.kind === "returned" && (!run.plan.state.asynchronous || canResolveWith(this.value));
    if (canAnswer && !mismatched) {
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

/**
 * The candidate answers and control does not run, unless the candidate throws or times out: then control is started and
 * answers. In stage `complete` the candidate's outcome is the caller's, whatever it is.
 */
export function serveAlone(
  plan: Plan,
  hooks: Hooks,
  planned: PlannedCandidate,
  self: unknown,
  args: unknown[],
  candidateArgs: unknown[],
  snapshot: RolloutSnapshot,
  key: string | undefined,
): unknown {
  const { clock } = plan.host;
  const startedAt = clock.monotonic();
  if (snapshot.stage === "complete") {
    plan.state.served += 1;
    return complete(plan, planned, self, candidateArgs);
  }
  let given: unknown;
  const succeeded = (value: unknown): unknown => {
    plan.state.served += 1;
    planned.breaker.succeeded();
    recordIn(plan, ranAlone(plan, planned, clock.monotonic() - startedAt, key, snapshot, false));
    return value;
  };
  const fallBack = (): unknown => {
    plan.state.fellBack += 1;
    const now = clock.monotonic();
    const candidateMs = now - startedAt;
    planned.breaker.failed(now);
    const answer: unknown = Reflect.apply(hooks.control, self, args);
    // Reached only when control does not throw as well.
    recordIn(plan, ranAlone(plan, planned, candidateMs, key, snapshot, true));
    return answer;
  };
  try {
    given = Reflect.apply(planned.call, self, candidateArgs);
  } catch {
    return fallBack();
  }
  if (shapeOf(given) === "value") return asControl(plan, succeeded(given));
  return new Promise((resolve) => {
    const deadline = new Deadline(() => {
      settleOnce(() => fallBack());
    });
    let open = true;
    const settleOnce = (answer: () => unknown): void => {
      if (!open) return;
      open = false;
      plan.host.deadlines.remove(deadline);
      // `answer` may throw what control throws: the promise then rejects with it.
      resolve(derive(Promise.resolve(), answer, answer));
    };
    plan.host.deadlines.add(deadline, plan.timeoutMs, startedAt, true);
    watch(
      given,
      (value) => settleOnce(() => succeeded(value)),
      () => settleOnce(fallBack),
    );
  });
}

function complete(plan: Plan, planned: PlannedCandidate, self: unknown, args: unknown[]): unknown {
  try {
    return asControl(plan, Reflect.apply(planned.call, self, args) as unknown);
  } catch (error) {
    if (!plan.state.asynchronous) throw error;
    return new Promise((_resolve, reject) => reject(error));
  }
}

/** A synchronous candidate in place of an asynchronous control: its callers expect a promise. */
function asControl(plan: Plan, given: unknown): unknown {
  return plan.state.asynchronous && shapeOf(given) === "value" ? Promise.resolve(given) : given;
}

/** What can be told of a candidate that ran without control: whether it failed, and no more. */
function ranAlone(
  plan: Plan,
  planned: PlannedCandidate,
  candidateMs: number,
  key: string | undefined,
  snapshot: RolloutSnapshot,
  failed: boolean,
): Sample {
  return {
    experiment: plan.name,
    candidate: planned.name,
    kind: "inconclusive",
    controlMs: NaN,
    candidateMs,
    controlThrew: false,
    candidateThrew: failed,
    key,
    at: plan.host.clock.now(),
    epoch: snapshot.epoch,
    result: () => undefined,
  };
}
