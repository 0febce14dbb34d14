import { systemClock, type Clock } from "../../model/clock.ts";
import { checkOptions } from "../../model/check-options.ts";
import { aClock, aWhole, orElse, required, settle, type OptionTable } from "../../model/option-table.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import { toPublisher } from "../../model/publisher.ts";
import { through } from "./wrap-publisher.ts";

/** What `throttle` takes: how many results a minute are passed on. */
export interface ThrottleOptions {
  /** How many results are passed on in a minute, at least 1; minutes begin with the first result after the last one. */
  readonly perMinute: number;
  /** Where time comes from; the system by default. */
  readonly clock?: Clock;
}

/** A publisher that says how many results it did not pass on. */
export interface ThrottledPublisher extends Publisher {
  readonly throttled: number;
}

const minuteMs = 60_000;

export const throttleTable: OptionTable<ThrottleOptions, "clock"> = {
  perMinute: required(aWhole({ min: 1 })),
  clock: orElse(aClock, systemClock),
};

/**
 * Passes on so many results a minute; the others are left out, and counted in `throttled`.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example throttle({ perMinute: 10 }, pageSomebody)
 */
export function throttle(options: ThrottleOptions, publisher: PublisherLike): ThrottledPublisher {
  const { perMinute, clock } = settle(checkOptions("throttle"), throttleTable, options);
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
