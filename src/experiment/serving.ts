import type { RolloutSnapshot, Sample } from "../model/rollout.ts";
import { Deadline } from "./deadlines.ts";
import { derive, ignoreRejection, shapeOf, watch } from "./foreign.ts";
import type { Hooks, Plan, PlannedCandidate } from "./plan.ts";
import type { Run } from "./run.ts";
import type { Trial } from "./trial.ts";

/**
 * Both sides run and are compared, and the caller gets the candidate's answer as soon as it is there; control's when the
 * candidate throws or times out, and, with `onMismatch: "control"`, when they differ.
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
    // A synchronous caller cannot wait for a candidate that has not answered yet.
    if (served.decided()) return served.value;
    throw error;
  }
  const shape = shapeOf(given);
  if (shape === "promise") return served.follow(given);
  return shape === "value" && served.decided() ? served.value : given;
}

class Served {
  readonly #run: Run;
  #trial: Trial | undefined;
  #settle: (() => void) | undefined;
  value: unknown;

  constructor(run: Run) {
    this.#run = run;
  }

  trialSettled(trial: Trial): void {
    this.#trial = trial;
    const { outcome } = trial;
    if (outcome?.kind === "returned") this.value = outcome.value;
    if (!this.#run.plan.waitForMatch || outcome?.kind !== "returned") this.#choose();
  }

  ended(): void {
    if (this.#run.plan.waitForMatch) this.#choose();
  }

  /** Whether the candidate answers; asked by a synchronous caller when both had their turn. */
  decided(): boolean {
    return this.#run.served !== "control";
  }

  follow(control: unknown): Promise<unknown> {
    // When the candidate answers, nobody is left to handle what control rejects with.
    ignoreRejection(control);
    return new Promise((resolve) => {
      const settle = (): void => resolve(this.decided() ? this.value : control);
      if (this.#trial?.outcome !== undefined && (!this.#run.plan.waitForMatch || this.#run.settled)) settle();
      else this.#settle = settle;
    });
  }

  #choose(): void {
    const run = this.#run;
    const trial = this.#trial;
    const mismatched = run.plan.waitForMatch && trial?.comparison?.kind === "mismatch";
    if (trial?.outcome?.kind === "returned" && !mismatched) {
      run.served = trial.candidate;
      run.plan.state.served += 1;
    } else {
      run.plan.state.fellBack += 1;
    }
    this.#settle?.();
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
  plan.state.served += 1;
  if (snapshot.stage === "complete") return Reflect.apply(planned.call, self, candidateArgs) as unknown;
  let given: unknown;
  const fallBack = (): unknown => {
    plan.state.served -= 1;
    plan.state.fellBack += 1;
    const candidateMs = clock.monotonic() - startedAt;
    planned.breaker.failed(clock.monotonic());
    const answer: unknown = Reflect.apply(hooks.control, self, args);
    // Reached only when control does not throw as well.
    plan.rollout?.record?.(failedAlone(plan, planned, candidateMs, key, snapshot));
    return answer;
  };
  try {
    given = Reflect.apply(planned.call, self, candidateArgs);
  } catch {
    return fallBack();
  }
  if (shapeOf(given) === "value") {
    planned.breaker.succeeded();
    return given;
  }
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
    plan.host.deadlines.add(deadline, plan.timeoutMs, startedAt);
    watch(
      given,
      (value) =>
        settleOnce(() => {
          planned.breaker.succeeded();
          return value;
        }),
      () => settleOnce(fallBack),
    );
  });
}

function failedAlone(
  plan: Plan,
  planned: PlannedCandidate,
  candidateMs: number,
  key: string | undefined,
  snapshot: RolloutSnapshot,
): Sample {
  const at = plan.host.clock.now();
  return {
    experiment: plan.name,
    candidate: planned.name,
    kind: "mismatch",
    controlMs: 0,
    candidateMs,
    controlThrew: false,
    candidateThrew: true,
    key,
    at,
    epoch: snapshot.epoch,
    result() {
      throw new Error("No result: control did not run beside the candidate");
    },
  };
}
