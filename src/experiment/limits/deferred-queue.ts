import type { Cancel, Clock } from "../../model/clock.ts";
import type { CpuBudget } from "./cpu-budget.ts";
import { later, TurnLatch } from "../runtime/event-loop.ts";
import type { Detached } from "../runtime/current-run.ts";

/** Candidates of one call, waiting for a later turn. */
export interface Waiting {
  readonly budget: CpuBudget;
  /** Runs the synchronous part and tells how many milliseconds it took. */
  start(): number;
  /** Its laboratory closes: it will not run. */
  abandon(): void;
}

/**
 * Deferred candidates: one per turn of the event loop, so that whatever waits for the loop comes between two of them; of
 * an experiment that has used up its share of the loop's time, none until it has some again. Its length is bounded by
 * the caller: only what found its place in flight gets here.
 */
export class DeferredQueue {
  readonly #clock: Clock;
  readonly #detached: Detached;
  #queue: Waiting[] = [];
  readonly #turnLatch = new TurnLatch();
  #cancelRest: Cancel | undefined;

  constructor(clock: Clock, detached: Detached) {
    this.#clock = clock;
    this.#detached = detached;
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
    this.#cancelRest?.();
    for (const waiting of queue) waiting.abandon();
  }

  #schedule(): void {
    if (!this.#turnLatch.ask(this.#clock.monotonic())) return;
    this.#cancelRest?.();
    this.#detached(() => later(() => this.#turn()));
  }

  #turn(): void {
    this.#turnLatch.came();
    if (this.#queue.length === 0) return;
    const now = this.#clock.monotonic();
    const index = this.#queue.findIndex(({ budget }) => budget.has(now));
    if (index < 0) {
      this.#rest();
      return;
    }
    const [waiting] = this.#queue.splice(index, 1);
    waiting!.budget.spend(waiting!.start());
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Everything that waits is in debt. */
  #rest(): void {
    const restMs = Math.min(...this.#queue.map(({ budget }) => budget.restMs));
    this.#cancelRest = this.#clock.after(Math.max(1, restMs), () => this.#schedule());
  }
}
