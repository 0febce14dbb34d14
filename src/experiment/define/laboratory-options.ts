import type { Clock } from "../../model/clock.ts";
import type { Fault } from "../../model/fault.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { PublisherLike } from "../../model/publisher.ts";
import { checkThrowing, type ThrowOption } from "./throw-options.ts";

/** Bounds that all experiments of a laboratory share. */
export interface LaboratoryLimits {
  /** Candidates in flight at once; 1 000 by default. */
  readonly maxInFlight?: number;
  /**
   * Event loop utilization, from 0 to 1, over which candidates are skipped; 1, the default, for never: a program that
   * only computes has a busy loop by nature. Node only.
   */
  readonly maxLoopUtilization?: number;
}

/** What experiments share. */
export interface LaboratoryOptions {
  /** Who receives results; nobody by default. Two publishers need two names. */
  readonly publishers?: readonly PublisherLike[];
  /** Told of everything that gates, hooks, rules and publishers do wrong. */
  readonly onFault?: (fault: Fault) => void;
  /** The switch; `false` runs control alone. `SIDELANE=off` in the environment wins over `true`. */
  readonly enabled?: boolean;
  /** Part of every result's context; an experiment's own `context` goes over it. */
  readonly context?: Readonly<Record<string, unknown>>;
  /**
   * For test suites: a mismatch, or what could not be compared, is thrown to the caller, who then waits for candidates.
   * `true` throws a {@link MismatchError}; a function makes an error of its own; `{ kinds: ["mismatch"] }` lets the rest
   * pass. What no caller can be told any more (a synchronous control beside an asynchronous candidate, a stream) makes
   * `settled()` or `close()` reject, with one `AggregateError`.
   */
  readonly throwOnMismatch?: ThrowOption;
  /** Bounds that all experiments share; each has a default. */
  readonly limits?: LaboratoryLimits;
  /**
   * Whether a candidate or a publisher is known as such in everything that it calls, also after an `await`: for
   * `currentRun()` and for nested experiments. `true` by default, where the runtime has AsyncLocalStorage; on Node before
   * 24 its first use slows every promise of the process, on later ones it adds some 0.3 µs to a compared call. With `false` a
   * publisher must call no experiment after an `await`.
   */
  readonly trackRuns?: boolean;
  /** Where time comes from; the system by default. */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1; `Math.random` by default. */
  readonly random?: () => number;
}

const known: readonly (keyof LaboratoryOptions)[] = [
  "publishers",
  "onFault",
  "enabled",
  "context",
  "throwOnMismatch",
  "limits",
  "trackRuns",
  "clock",
  "random",
];

/** @throws {SidelaneError} `invalid-definition` for an option that a laboratory cannot take */
export function checkLaboratory(options: LaboratoryOptions): void {
  const check: OptionCheck = checkOptions("new Laboratory()", "invalid-definition");
  check.object("options", options);
  check.known(options, known);
  const { publishers, onFault, enabled, context, throwOnMismatch, limits, trackRuns, clock, random } = options;
  if (publishers !== undefined && !Array.isArray(publishers)) check.fail("publishers", "an array", publishers);
  if (onFault !== undefined) check.function("onFault", onFault);
  if (enabled !== undefined) check.boolean("enabled", enabled);
  if (context !== undefined) check.object("context", context);
  checkThrowing(check, throwOnMismatch);
  if (trackRuns !== undefined) check.boolean("trackRuns", trackRuns);
  if (random !== undefined) check.function("random", random);
  if (clock !== undefined) {
    check.object("clock", clock);
    for (const method of ["now", "monotonic", "after"] as const) check.function(`clock.${method}`, clock[method]);
  }
  if (limits === undefined) return;
  check.object("limits", limits);
  check.known(limits, ["maxInFlight", "maxLoopUtilization"], "limits.");
  if (limits.maxInFlight !== undefined) check.number("limits.maxInFlight", limits.maxInFlight, { integer: true });
  if (limits.maxLoopUtilization !== undefined) {
    check.number("limits.maxLoopUtilization", limits.maxLoopUtilization, { max: 1 });
  }
}
