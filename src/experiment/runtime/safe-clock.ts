import { systemClock, type Clock } from "../../model/clock.ts";
import { ignoreRejection } from "./promises.ts";
import { callQuietly } from "./current-run.ts";
import type { AnyFunction } from "../../model/any-function.ts";

/** A clock that always answers: where the given one throws or returns no number, the system's does, and it is a fault. */
export function safeClock(clock: Clock, onFault: (error: unknown) => void): Clock {
  if (clock === systemClock) return clock;
  let lastMs = -Infinity;
  let asking = false;
  const read = (method: "now" | "monotonic"): number => {
    asking = true;
    try {
      const time = callQuietly(clock[method] as AnyFunction, clock, []);
      if (typeof time === "number" && Number.isFinite(time)) return time;
      ignoreRejection(time);
      onFault(new TypeError(`\`clock.${method}\` returned no finite number`));
    } catch (error) {
      onFault(error);
    } finally {
      asking = false;
    }
    return systemClock[method]();
  };
  return {
    // A clock that calls an experiment would be asked by it for ever: the time stands still meanwhile.
    now: () => (asking ? systemClock.now() : read("now")),
    // Durations are differences: a clock that runs back must not make them negative.
    monotonic: () => (asking ? Math.max(lastMs, 0) : (lastMs = Math.max(lastMs, read("monotonic")))),
    after(delayMs, callback, keepAlive) {
      try {
        const cancel = callQuietly(clock.after as AnyFunction, clock, [delayMs, callback, keepAlive]);
        if (typeof cancel === "function") return cancel as () => void;
        ignoreRejection(cancel);
        onFault(new TypeError("`clock.after` returned no function to cancel with"));
      } catch (error) {
        onFault(error);
      }
      return systemClock.after(delayMs, callback, keepAlive);
    },
  };
}

/** Random numbers from 0 up to 1, whatever the given source does; 1 when it fails, so that nothing is drawn. */
export function safeRandom(random: (() => number) | undefined, onFault: (error: unknown) => void): () => number {
  if (random === undefined) return () => Math.random();
  let asking = false;
  return () => {
    // A source that calls an experiment would be asked by it for ever.
    if (asking) return 1;
    asking = true;
    try {
      const number = callQuietly(random as AnyFunction, undefined, []);
      if (typeof number === "number" && number >= 0 && number < 1) return number;
      ignoreRejection(number);
      onFault(new TypeError("`random` returned no number from 0 up to 1"));
    } catch (error) {
      onFault(error);
    } finally {
      asking = false;
    }
    return 1;
  };
}
