import { systemClock, type Clock } from "../../model/clock.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import { toPublisher } from "../../model/publisher.ts";
import { through } from "./wrap-publisher.ts";

export interface ThrottleOptions {
  /** How many results are passed on in a minute, at least 1; minutes begin with the first result after the last one. */
  readonly perMinute: number;
  readonly clock?: Clock;
}

/** A publisher that says how many results it did not pass on. */
export interface ThrottledPublisher extends Publisher {
  readonly throttled: number;
}

const minuteMs = 60_000;

/**
 * Passes on so many results a minute; the others are left out, and counted in `throttled`.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example throttle({ perMinute: 10 }, pageSomebody)
 */
export function throttle(options: ThrottleOptions, publisher: PublisherLike): ThrottledPublisher {
  const check: OptionCheck = checkOptions("throttle");
  const given: unknown = options;
  check.object("options", given);
  check.known(given, ["perMinute", "clock"]);
  const { perMinute, clock = systemClock } = options;
  check.number("perMinute", perMinute, { min: 1, integer: true });
  let passed = 0;
  let throttled = 0;
  let minuteEndsMs = -Infinity;

  const inner = through(toPublisher(publisher, "throttle"), (result) => {
    const nowMs = clock.monotonic();
    if (nowMs >= minuteEndsMs) {
      passed = 0;
      minuteEndsMs = nowMs + minuteMs;
    }
    if (passed < perMinute) {
      passed += 1;
      return result;
    }
    throttled += 1;
    return undefined;
  });
  return Object.defineProperty(inner, "throttled", { get: () => throttled, enumerable: true }) as ThrottledPublisher;
}
