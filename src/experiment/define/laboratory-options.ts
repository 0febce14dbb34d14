import type { Clock } from "../../model/clock.ts";
import type { Fault } from "../../model/fault.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import {
  aBoolean,
  aClock,
  aFunction,
  aNumber,
  anObject,
  aShare,
  compiled,
  aWhole,
  listOf,
  optionsOf,
  orElse,
  settle,
  type OptionRule,
  type OptionTable,
} from "../../model/option-table.ts";
import type { PublisherLike } from "../../model/publisher.ts";
import { defaultMaxBytes } from "../deliver/memory-budget.ts";
import { throwRule, type ThrowOption } from "./throw-options.ts";
import type { Labels } from "./services.ts";

/** Bounds that all experiments of a laboratory share. */
export interface LaboratoryLimits {
  /** Candidates in flight at once; 1 000 by default. */
  readonly maxInFlight?: number;
  /**
   * Event loop utilization, from 0 to 1, over which candidates are skipped; 1, the default, for never: a program that
   * only computes has a busy loop by nature. Node only.
   */
  readonly maxLoopUtilization?: number;
  /**
   * About how many bytes of values wait or are kept, at least 1 000 000; 64 000 000 by default. Drawn examples of mismatches
   * take at most a quarter, calls that wait to be compared at most a half, and the queues of publishers what those leave. One
   * result of more than an eighth is not queued.
   */
  readonly maxBytes?: number;
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
   * Names that may leave the process. `build` says which code runs, such as a commit: results carry it, and it is the version
   * of the candidates of ramps that name none.
   */
  readonly labels?: Labels;
  /**
   * A secret of at least 16 characters, the same in all processes: under it results carry a pseudonym of their key, and records of
   * several processes count a key that many of them see once. Needs `node:crypto`.
   */
  readonly pseudonymKey?: string;
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

export const laboratoryLimitsTable: OptionTable<LaboratoryLimits, keyof LaboratoryLimits> = {
  maxInFlight: orElse(aWhole(), 1_000),
  maxLoopUtilization: orElse(aShare, 1),
  maxBytes: orElse(aNumber({ min: 1_000_000 }), defaultMaxBytes),
};

const aLabels: OptionRule = {
  takes: "an object of texts",
  check: (check: OptionCheck, option: string, got: unknown): void => {
    check.object(option, got);
    for (const [name, label] of Object.entries(got)) if (label !== undefined) check.text(`${option}.${name}`, label);
  },
};

export const laboratoryTable: OptionTable<LaboratoryOptions> = {
  publishers: listOf("an array"),
  onFault: aFunction,
  enabled: aBoolean,
  context: anObject,
  labels: aLabels,
  pseudonymKey: compiled("a secret of at least 16 characters"),
  throwOnMismatch: throwRule,
  limits: optionsOf("an object of limits", laboratoryLimitsTable),
  trackRuns: aBoolean,
  clock: aClock,
  random: aFunction,
};

/** @throws {SidelaneError} `invalid-definition` for an option that a laboratory cannot take */
export function checkLaboratory(options: LaboratoryOptions): void {
  settle(checkOptions("new Laboratory()", "invalid-definition"), laboratoryTable, options);
}

/** What `flush` and `close` take. Text and `NaN` come from the environment; a timer takes them for none. */
export function checkEnd(place: string, options: { readonly timeoutMs?: unknown }): void {
  const check: OptionCheck = checkOptions(place);
  check.object("options", options);
  check.known(options, ["timeoutMs"]);
  if (options.timeoutMs !== undefined) check.number("timeoutMs", options.timeoutMs);
}
