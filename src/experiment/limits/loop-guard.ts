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
  readonly #performance: Performance | undefined;
  #readAt = -Infinity;
  #last: Utilization | undefined;
  #busy = false;

  /** @param most utilization from 0 to 1 over which it is busy; 1 for never */
  constructor(most: number, clock: Clock, performance = globalThis.performance as Performance | undefined) {
    this.#most = most;
    this.#clock = clock;
    this.#performance = performance;
  }

  get busy(): boolean {
    if (this.#most >= 1 || this.#performance?.eventLoopUtilization === undefined) return false;
    const now = this.#clock.monotonic();
    if (now - this.#readAt >= readEveryMs) {
      this.#readAt = now;
      this.#busy = this.#isOver(this.#performance as Required<Performance>);
    }
    return this.#busy;
  }

  #isOver(performance: Required<Performance>): boolean {
    try {
      const reading = performance.eventLoopUtilization();
      const last = this.#last;
      this.#last = reading;
      return last !== undefined && performance.eventLoopUtilization(reading, last).utilization > this.#most;
    } catch {
      // A stand-in of a test suite, say. Without a reading it is never busy.
      return false;
    }
  }
}
