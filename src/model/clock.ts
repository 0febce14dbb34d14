/** Cancels a timer; harmless when it has fired or was cancelled. */
export type Cancel = () => void;

/**
 * Where time comes from. Handed to a laboratory so that tests need no sleep.
 *
 * A clock that throws is a counted fault; the system's clock answers in its place.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970. */
  now(): number;
  /** Time that never runs back, in milliseconds with fractions; only differences mean anything. */
  monotonic(): number;
  /**
   * Calls `callback` once, `delayMs` from now.
   *
   * @param keepAlive whether the timer may keep the process alive; `false` by default
   */
  after(delayMs: number, callback: () => void, keepAlive?: boolean): Cancel;
}

// A timer takes a signed 32-bit number of milliseconds, and fires at once on more.
const longestDelayMs = 2 ** 31 - 1;

// Taken while the module loads: fake timers that a test suite puts in their place later ring only when they are told to, and
// a laboratory that waited for one would stand still. Reading the global `performance` also takes a third of the time of a
// stamp: in Node it is an accessor.
const { performance: ownPerformance, setTimeout: ownSetTimeout, clearTimeout: ownClearTimeout } = globalThis;

// The method too: a test suite may put another in its place. Where there is none that answers, the time of day is all there is.
const monotonic: () => number = ownNow() ?? Date.now.bind(Date);

function ownNow(): (() => number) | undefined {
  try {
    const now = ownPerformance.now.bind(ownPerformance);
    return Number.isFinite(now()) ? now : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The machine's own time, whatever timers a test suite fakes: hand a laboratory `fixedClock()` to move its time by hand. Only
 * `now` follows a faked `Date`. Delays of more than 24.8 days end after 24.8 days.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic,
  after(delayMs, callback, keepAlive = false) {
    const timer: unknown = ownSetTimeout(callback, Math.min(delayMs, longestDelayMs));
    // Browsers return a number; Node, Bun and Deno an object that can let the process end.
    if (!keepAlive && typeof timer === "object" && timer !== null && "unref" in timer) {
      (timer as { unref(): void }).unref();
    }
    return () => {
      ownClearTimeout(timer as number);
    };
  },
};
