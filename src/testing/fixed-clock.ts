import type { Clock } from "../model/clock.ts";
import { checkOptions } from "../model/check-options.ts";
import { later } from "../model/later.ts";

/** A clock that stands still until it is told to go on. */
export interface FixedClock extends Clock {
  /** Lets time pass and runs the timers that fall due, in their order, those that they arm included. */
  advance(durationMs: number): void;
  /** The same, but lets promises settle before the first timer, after each, and at the end. */
  advanceAsync(durationMs: number): Promise<void>;
  /** How many timers are armed. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time for tests, so that none of them sleeps.
 *
 * @param startMs wall time at first, in milliseconds since 1970; by default 2026-01-01T00:00:00Z. `monotonic()` starts at 0
 * @example
 * const clock = fixedClock()
 * clock.after(1_000, () => console.log('rings'))
 * clock.advance(1_000)
 */
export function fixedClock(startMs: number = Date.UTC(2026, 0, 1)): FixedClock {
  checkOptions("fixedClock").number("startMs", startMs, { min: -Infinity });
  const timers = new Set<Timer>();
  let elapsedMs = 0;
  let order = 0;

  function nextUntil(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > untilMs) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }

  function ring(timer: Timer): void {
    timers.delete(timer);
    elapsedMs = Math.max(elapsedMs, timer.at);
    timer.callback();
  }

  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    get pending() {
      return timers.size;
    },
    after(delayMs, callback) {
      const timer: Timer = { at: elapsedMs + Math.max(0, delayMs), order: order++, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      for (let timer = nextUntil(untilMs); timer !== undefined; timer = nextUntil(untilMs)) ring(timer);
      elapsedMs = untilMs;
    },
    async advanceAsync(durationMs) {
      const untilMs = elapsedMs + durationMs;
      await promisesSettled();
      for (let timer = nextUntil(untilMs); timer !== undefined; timer = nextUntil(untilMs)) {
        ring(timer);
        await promisesSettled();
      }
      elapsedMs = untilMs;
      await promisesSettled();
    },
  };
}

/** A turn of the event loop comes after every microtask, however long their chain. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}
