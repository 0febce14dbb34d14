import type { Comparison } from "../../model/comparison.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import { Attempt } from "../limits/attempt.ts";
import { Mark } from "../runtime/current-run.ts";

type Inconclusive = Extract<Comparison, { kind: "inconclusive" }>;

/** Told once. */
export interface Prepared {
  done(data: unknown): void;
  failed(inconclusive: Inconclusive): void;
}

/** `prepareComparable`, called once: awaited, and given up on when it takes longer than a candidate may take. */
export class Preparation extends Attempt {
  readonly #plan: ExperimentPlan;
  readonly #prepare: AnyFunction;
  readonly #hold: (change: 1 | -1) => void;
  #prepared!: Prepared;

  /** @param hold keeps the call's place in flight, or lets it go */
  constructor(plan: ExperimentPlan, prepare: AnyFunction, hold: (change: 1 | -1) => void) {
    super();
    this.#plan = plan;
    this.#prepare = prepare;
    this.#hold = hold;
  }

  start(value: unknown, side: string, prepared: Prepared): void {
    this.#prepared = prepared;
    const mark = new Mark(this.#plan.name, "prepareComparable");
    this.call(mark, this.#prepare, undefined, [value, side], this.services.clock.monotonic());
  }

  protected get services(): ExperimentPlan["services"] {
    return this.#plan.services;
  }

  protected get timeoutMs(): number {
    return this.#plan.timeoutMs;
  }

  protected countInFlight(change: 1 | -1): void {
    this.#hold(change);
  }

  protected countStalled(change: 1 | -1): void {
    this.#plan.state.stalled += change;
  }

  protected returned(data: unknown): void {
    this.#prepared.done(data);
  }

  protected threw(error: unknown): void {
    this.#fail("`prepareComparable` threw", error);
  }

  protected timedOut(): void {
    const reason = "`prepareComparable` timed out";
    this.#fail(reason, new DOMException(reason, "TimeoutError"));
  }

  #fail(reason: string, error: unknown): void {
    this.#plan.services.fault("prepareComparable", error, this.#plan);
    this.#prepared.failed({ kind: "inconclusive", reason, error });
  }
}
