import type { Clock } from "../../model/clock.ts";

const readEveryMs = 100;

interface Utilization {
  readonly utilization: number;
}

interface Performance {
  eventLoopUtilization?(one?: Utilization, other?: Utilization): Utilization;
}

/**
 * Says when the event loop is too busy for candidates. Read at most every 100 ms; without a reading (browsers, workers of
 * other runtimes) it is never busy.
 */
export class LoopGuard {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #performance: Performance;
  #readAt = -Infinity;
  #last: Utilization | undefined;
  #busy = false;

  /** @param most utilization from 0 to 1 over which it is busy; 1 for never */
  constructor(most: number, clock: Clock, performance: Performance = globalThis.performance as Performance) {
    this.#most = most;
    this.#clock = clock;
    this.#performance = performance;
  }

  get busy(): boolean {
    if (this.#most >= 1 || this.#performance.eventLoopUtilization === undefined) return false;
    const now = this.#clock.monotonic();
    if (now - this.#readAt >= readEveryMs) {
      const reading = this.#performance.eventLoopUtilization();
      this.#busy =
        this.#last !== undefined &&
        this.#performance.eventLoopUtilization(reading, this.#last).utilization > this.#most;
      this.#last = reading;
      this.#readAt = now;
    }
    return this.#busy;
  }
}
