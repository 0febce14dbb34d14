import type { RolloutSnapshot, Sample } from "../../model/rollout.ts";
import type { Hooks, ExperimentPlan, PlannedCandidate } from "../define/experiment-plan.ts";
import { Attempt } from "../limits/attempt.ts";
import { Deadline } from "../limits/deadlines.ts";
import { AnsweringMark } from "../runtime/current-run.ts";
import { derive } from "../runtime/native-promise.ts";
import { canResolveWith, shapeOf } from "../runtime/promises.ts";
import { inFlight } from "./candidate-run.ts";
import { recordIn } from "./conclude.ts";

/**
 * The candidate answers and control does not run, unless the candidate throws or times out: then control is started and
 * answers. In stage `complete` the candidate's outcome is the caller's, whatever it is.
 */
export function serveAlone(
  plan: ExperimentPlan,
  hooks: Hooks,
  self: unknown,
  args: unknown[],
  candidateArgs: unknown[],
  snapshot: RolloutSnapshot,
  key: string | undefined,
): unknown {
  if (snapshot.stage !== "complete") return new Alone(plan, hooks, self, args, snapshot, key).answer(candidateArgs);
  plan.state.served += 1;
  return complete(plan, hooks.candidates[0], self, candidateArgs);
}

function complete(plan: ExperimentPlan, planned: PlannedCandidate, self: unknown, args: unknown[]): unknown {
  try {
    return asControl(plan, Reflect.apply(planned.call, self, args) as unknown);
  } catch (error) {
    if (!plan.state.asynchronous) throw error;
    return new Promise((_resolve, reject) => reject(error));
  }
}

/** A synchronous candidate in place of an asynchronous control: its callers expect a promise. */
function asControl(plan: ExperimentPlan, given: unknown): unknown {
  return plan.state.asynchronous && shapeOf(given) === "value" ? Promise.resolve(given) : given;
}

/** A candidate that answers its caller, with control to fall back to. */
class Alone extends Attempt {
  readonly #plan: ExperimentPlan;
  readonly #hooks: Hooks;
  readonly #self: unknown;
  readonly #args: unknown[];
  readonly #snapshot: RolloutSnapshot;
  readonly #key: string | undefined;
  #value: unknown = undefined;
  #candidateMs = 0;
  #ended: "returned" | "failed" | undefined = undefined;
  #isTold = false;
  #tell: (() => void) | undefined = undefined;

  constructor(
    plan: ExperimentPlan,
    hooks: Hooks,
    self: unknown,
    args: unknown[],
    snapshot: RolloutSnapshot,
    key: string | undefined,
  ) {
    super();
    this.#plan = plan;
    this.#hooks = hooks;
    this.#self = self;
    this.#args = args;
    this.#snapshot = snapshot;
    this.#key = key;
  }

  answer(candidateArgs: unknown[]): unknown {
    const plan = this.#plan;
    const { name, call } = this.#planned;
    this.call(
      new AnsweringMark(plan.name, name, true),
      call,
      this.#self,
      candidateArgs,
      plan.services.clock.monotonic(),
    );
    if (this.#ended === "failed") return this.#fallBack();
    if (this.#ended === "returned") return asControl(plan, this.#value);
    const ended = new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    // A reaction runs in its caller's own context, as control is used to, and not in that of a deadline.
    return derive(
      ended,
      () => (this.#ended === "failed" ? this.#fallBack() : this.#value),
      () => undefined,
    );
  }

  protected get services(): ExperimentPlan["services"] {
    return this.#plan.services;
  }

  protected get timeoutMs(): number {
    return this.#plan.timeoutMs;
  }

  protected override get foreground(): boolean {
    return true;
  }

  protected countInFlight(change: 1 | -1): void {
    inFlight(this.#plan, change);
  }

  protected countStalled(change: 1 | -1): void {
    this.#plan.state.stalled += change;
  }

  protected returned(value: unknown, now: number): void {
    // A caller that awaits the answer gets it through a promise.
    if ((this.#plan.state.asynchronous || this.#tell !== undefined) && !canResolveWith(value)) {
      this.#failed(now);
      return;
    }
    this.#value = value;
    this.#plan.state.served += 1;
    this.#planned.breaker.succeeded();
    this.#end("returned", now);
    this.#record(false);
  }

  protected threw(_error: unknown, now: number): void {
    this.#failed(now);
  }

  protected timedOut(_afterMs: number, now: number): void {
    this.#failed(now);
  }

  get #planned(): PlannedCandidate {
    return this.#hooks.candidates[0];
  }

  #failed(now: number): void {
    this.#plan.state.fellBack += 1;
    this.#end("failed", now);
  }

  #end(how: "returned" | "failed", now: number): void {
    this.#ended = how;
    this.#candidateMs = now - this.startedAt;
    this.#tell?.();
  }

  /** Control's own answer. What the candidate failed at counts when it is known that control does not fail as well. */
  #fallBack(): unknown {
    const { services } = this.#plan;
    let answer: unknown;
    try {
      answer = Reflect.apply(this.#hooks.control, this.#self, this.#args);
    } catch (error) {
      this.#tellFailure(true);
      throw error;
    }
    const shape = shapeOf(answer);
    if (shape === "value") this.#tellFailure(false);
    // What a lazy thenable comes to, only its caller sees.
    else if (shape === "thenable") this.#planned.breaker.failed(services.clock.monotonic());
    if (shape !== "promise") return answer;
    // Beside a control that hangs its failures count, too; a laboratory that closes just stops waiting.
    const deadline = new Deadline(() => services.closed || this.#tellFailure(false));
    services.deadlines.add(deadline, this.timeoutMs, services.clock.monotonic());
    const settled = (controlThrew: boolean): void => {
      services.deadlines.remove(deadline);
      this.#tellFailure(controlThrew);
    };
    return derive(
      answer,
      (value) => {
        settled(false);
        return value;
      },
      (error: unknown) => {
        settled(true);
        throw error;
      },
    );
  }

  /** Once. What both fail at is no failure of the candidate's. */
  #tellFailure(controlThrew: boolean): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { breaker } = this.#planned;
    if (controlThrew) breaker.succeeded();
    else breaker.failed(this.#plan.services.clock.monotonic());
    this.#record(!controlThrew);
  }

  #record(failed: boolean): void {
    recordAlone(this.#plan, this.#planned, {
      candidateMs: this.#candidateMs,
      failed,
      key: this.#key,
      epoch: this.#snapshot.epoch,
    });
  }
}

/** A call that a candidate answered without control, or failed to. */
export interface AnsweredAlone {
  readonly candidateMs: number;
  readonly failed: boolean;
  readonly fellBack?: Sample["fellBack"];
  readonly key: string | undefined;
  readonly epoch: number;
}

/** Tells the rollout what can be told of a candidate that ran without control: whether it failed, and no more. */
export function recordAlone(plan: ExperimentPlan, planned: PlannedCandidate, answered: AnsweredAlone): void {
  const { candidateMs, failed, fellBack, key, epoch } = answered;
  recordIn(plan, {
    experiment: plan.name,
    candidate: planned.name,
    kind: "inconclusive",
    controlMs: NaN,
    candidateMs,
    controlThrew: false,
    candidateThrew: failed,
    fellBack,
    served: true,
    aboutControl: "absent",
    key,
    at: plan.services.clock.now(),
    epoch,
    result: () => undefined,
  } satisfies Sample);
}
