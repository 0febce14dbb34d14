import { checkOptions } from "./check-options.ts";
import type { Result, ResultKind } from "./result.ts";
import type { Fault } from "./fault.ts";
import type { RolloutEvent } from "./rollout.ts";
import type { StartRecord } from "./start-record.ts";
import type { TallyRecord } from "./tally-record.ts";

/**
 * Whatever receives results. It is called after the caller has been answered, outside every request's context, and may
 * throw, reject or hang: all of it is contained, timed out and counted.
 */
export interface Publisher {
  /** For faults and counts. */
  readonly name: string;
  /** Takes one result. Errors and rejections are counted as faults; a publisher that keeps failing pauses. */
  publish(result: Result): void | PromiseLike<void>;
  /** Takes several results at once, in place of `publish`; used where it is present. */
  publishBatch?(results: readonly Result[]): void | PromiseLike<void>;
  /** Takes what happens to a rollout or a verdict: `advanced`, `rolled-back`, `ready`, `stalled`, `no-traffic`. */
  publishEvent?(event: RolloutEvent): void | PromiseLike<void>;
  /**
   * Takes exact counts: what was added since the last record, at the end of each minute and at the end. Results are examples, of
   * which some may be dropped or sampled away; tallies count every call. One of each candidate, then one of the process.
   */
  publishTally?(tally: TallyRecord): void | PromiseLike<void>;
  /** Takes several tallies at once, at most 500, in place of `publishTally`; used where both are present. */
  publishTallyBatch?(tallies: readonly TallyRecord[]): void | PromiseLike<void>;
  /** Counts that no result carries: one skipped call and why. Synchronous, cheap, on the caller's path. */
  onSkip?(experiment: string, reason: string): void;
  /** How many candidates of an experiment are in flight, changed by `+1` or `-1`. Synchronous, cheap, on the caller's path. */
  onInFlight?(experiment: string, change: 1 | -1): void;
  /** Only results of these kinds are delivered; all of them where this is left out. */
  readonly kinds?: readonly ResultKind[];
  /** Whether publishing the same result twice does no harm, so that a failed one may be tried again. */
  readonly idempotent?: boolean;
  /** Called once when the publisher joins a laboratory. */
  attach?(host: PublisherHost): void;
  /** Resolves when everything accepted has been written. */
  flush?(): PromiseLike<void>;
  /** Resolves when everything is written and every handle given back. */
  close?(): PromiseLike<void>;
}

/** What a publisher may ask of the laboratory that it joins. */
export interface PublisherHost {
  /** Where to report what goes wrong inside. */
  onFault(fault: Fault): void;
  /** What the process is, and which experiments it has by now. */
  start?(): StartRecord;
}

/** A plain function is a publisher too. */
export type PublisherLike = Publisher | ((result: Result) => void | PromiseLike<void>);

/**
 * Why a publisher did not get a result:
 *
 * - `queue-full`: 1 000 results, or as many bytes as the laboratory may keep, were waiting already
 * - `too-large`: it alone is bigger than an eighth of those bytes: 8 MB by default
 * - `breaker-open`: as `queue-full`, while the publisher paused since it kept failing
 * - `closed`: it came after the end, or was waiting at the deadline
 */
export type DropReason = "queue-full" | "too-large" | "breaker-open" | "closed";

/** What became of the results that one publisher was given: `accepted = published + failed + dropped + queued`. */
export interface DeliveryCounts {
  /** All that it was given. */
  readonly accepted: number;
  readonly published: number;
  /** It threw, rejected or timed out, as often as it was tried. */
  readonly failed: number;
  /** What its queue could not hold, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Waiting, or being published just now. */
  readonly queued: number;
}

/** What `flush()` and `close()` answer, by publisher. */
export interface FlushReport {
  /** Whether everything was done before the deadline. */
  readonly complete: boolean;
  readonly publishers: Readonly<Record<string, DeliveryCounts>>;
}

/**
 * Makes a publisher of what a user handed in: a publisher as it is, or a function under its own name (`function` when it
 * has none).
 *
 * @throws {SidelaneError} `invalid-option` when it is neither, or has a method that is no function
 */
export function toPublisher(like: PublisherLike, place = "publishers"): Publisher {
  const check = checkOptions(place);
  if (typeof like === "function") return { name: like.name || "function", publish: (result) => like(result) };
  if (typeof like !== "object" || like === null) {
    check.fail("publisher", "a function or an object with `name` and `publish`", like);
  }
  check.text("publisher.name", like.name);
  const methods = like as unknown as Record<string, unknown>;
  check.function("publisher.publish", methods["publish"]);
  for (const method of [
    "publishBatch",
    "publishEvent",
    "publishTally",
    "publishTallyBatch",
    "onSkip",
    "onInFlight",
    "attach",
    "flush",
    "close",
  ] as const) {
    if (methods[method] !== undefined) check.function(`publisher.${method}`, methods[method]);
  }
  if (like.kinds !== undefined && !Array.isArray(like.kinds)) {
    check.fail("publisher.kinds", 'an array such as ["mismatch"]', like.kinds);
  }
  return like;
}
