import type { Cancel, Clock } from "../../src/model/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** A clock that goes on as fast as the machine can, for thousands of timers: `fixedClock` looks at all of them for each that rings. */
export class SimulatedClock implements Clock {
  readonly #startMs = Date.UTC(2026, 0, 1);
  // A heap: no timer rings before the one at half its index.
  readonly #timers: Timer[] = [];
  #elapsedMs = 0;
  #order = 0;

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { at: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#push(timer);
    return () => {
      timer.callback = undefined;
    };
  }

  /** Lets time pass, and promises settle after each timer that rings. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await promisesSettled();
    for (let next = this.#timers[0]; next !== undefined && next.at <= untilMs; next = this.#timers[0]) {
      this.#pop();
      const { callback } = next;
      if (callback === undefined) continue;
      next.callback = undefined;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
      callback();
      await promisesSettled();
    }
    this.#elapsedMs = untilMs;
  }

  #push(timer: Timer): void {
    const timers = this.#timers;
    let index = timers.length;
    timers.push(timer);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(timer, timers[parent]!)) break;
      timers[index] = timers[parent]!;
      index = parent;
    }
    timers[index] = timer;
  }

  #pop(): void {
    const timers = this.#timers;
    const last = timers.pop()!;
    if (timers.length === 0) return;
    let index = 0;
    for (let child = 1; child < timers.length; child = 2 * index + 1) {
      if (child + 1 < timers.length && isBefore(timers[child + 1]!, timers[child]!)) child++;
      if (!isBefore(timers[child]!, last)) break;
      timers[index] = timers[child]!;
      index = child;
    }
    timers[index] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** A turn of the event loop comes after every microtask, however long their chain. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
