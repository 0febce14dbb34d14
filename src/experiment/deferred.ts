import type { Clock } from "../model/clock.ts";
import type { CpuBudget } from "./cpu-budget.ts";
import { later } from "./later.ts";
import { detached } from "./run-context.ts";

/** Candidates of one call, waiting for a later turn. */
export interface Waiting {
  readonly budget: CpuBudget;
  /** Runs the synchronous part and tells how many milliseconds it took. */
  start(): number;
  /** Its laboratory closes: it will not run. */
  abandon(): void;
}

/**
 * Deferred candidates: one per turn of the event loop, so that whatever waits for the loop comes between two of them. Its
 * length is bounded by whoever adds: only what found its place in flight gets here.
 */
export class DeferredQueue {
  readonly #clock: Clock;
  #queue: Waiting[] = [];
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#schedule();
  }

  abandonAll(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const waiting of queue) waiting.abandon();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    detached(() => later(() => this.#turn()));
  }

  #turn(): void {
    this.#scheduled = false;
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    waiting.budget.has(this.#clock.monotonic());
    waiting.budget.spend(waiting.start());
    if (this.#queue.length > 0) this.#schedule();
  }
}
