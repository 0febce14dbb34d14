import type { CaptureLimits } from "../../compare/copy/capture-limits.ts";
import type { KnownMismatch } from "../../compare/rules/known-mismatches.ts";
import { aFunction, optionsOf, type OptionTable } from "../../model/option-table.ts";
import type { Result } from "../../model/result.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";
import type { RolloutOption } from "../../rollout/to-rollout.ts";
import type { NoiseOptions } from "../record/noise-reruns.ts";
import { experimentTable, limitsTable } from "./option-tables.ts";
import type { About, Compare, ExperimentLimits, Uncleaned } from "./options.ts";
import type { ThrowOption } from "./throw-options.ts";

/** Bounds of one comparison: those of an experiment that bear on it. */
export interface ComparisonLimits extends Omit<ExperimentLimits, "cpuShare"> {
  /** So many milliseconds after it began a call of which not all is reported ends as `abandoned`; 10 000 by default, `Infinity` for never. */
  readonly timeoutMs?: number;
  /** Calls at once that have begun and not ended, over it calls are not compared; 100 by default. */
  readonly maxInFlight?: number;
}

type Key = string | number | bigint | null | undefined;
type Context = Readonly<Record<string, unknown>>;
type Seen<Value, CandidateValue, Cleaned> =
  [Cleaned] extends [Uncleaned] ? Result<Value, CandidateValue> : Result<Cleaned>;

/**
 * Options of a comparison: those of an experiment, but for what is about calling the two sides. `Value` and `CandidateValue` are
 * what is compared; `Input` is what a call is begun with.
 */
export interface ComparisonOptions<Value, CandidateValue, Input, Cleaned = Uncleaned> {
  /** Whether this call may be compared. `true` by default. Where it throws, control serves and nothing is compared. */
  readonly enabled?: boolean | ((input: Input) => boolean);
  /** Share of calls compared, from 0 to 1, drawn call by call; 1 by default. */
  readonly sample?: number;
  /**
   * What the served share sticks to, and the unit of evidence, made of what the call was begun with; a `key` that is handed to
   * `begin` goes before it. Below `live` a call without one is control's.
   */
  readonly key?: (input: Input) => Key;
  /** What a person needs to find the case again; the `context` that is handed to `begin` goes over it. */
  readonly context?: Context | ((input: Input) => Context);
  /** How the two values are compared: by default as data. */
  readonly compare?: Compare<Value, CandidateValue>;
  /** Differences that are known: a mismatch that one of them holds for is `ignored`. None by default. */
  readonly knownMismatches?: readonly KnownMismatch<Value, CandidateValue>[];
  /** What publishers get to see of a value; never what is compared. When it throws, the value is left out. */
  readonly clean?: (value: Value | CandidateValue) => Cleaned;
  /** Asks after some mismatches for control's outcome once more, to tell noise from regressions: of calls begun with `again`. */
  readonly noise?: NoiseOptions;
  /** Called with the result of every compared call, off the caller's path. */
  readonly afterRun?: (result: Seen<Value, CandidateValue, Cleaned>) => void;
  /** Called once for every kind of mismatch never seen before by this process. */
  readonly onNewMismatch?: (result: Seen<Value, CandidateValue, Cleaned>) => void;
  /** Which side is to serve a call: shares, a stage, or a rollout that drives itself. Not with `onMismatch: "control"`. */
  readonly rollout?: RolloutOption;
  /** Bounds of time, calls that wait for an outcome, and failures; each has a default. */
  readonly limits?: ComparisonLimits;
  /** Up to which size a value is copied that waits for the other side's; larger ones are compared live. `false` copies nothing. */
  readonly capture?: false | CaptureLimits;
  /** Who answers for it, and until when it should be over; for the status and the report. */
  readonly about?: About;
  /**
   * How parallel writes stand that this compares the records of: told with its counts, to publishers and to the store of its rollout.
   * `parallelWrites` says it of its own. Synchronous, and cheap.
   */
  readonly writes?: () => WritesStanding | undefined;
  /** For test suites: what is no match makes `settled()` and `close()` reject. Its laboratory's by default. */
  readonly throwOnMismatch?: ThrowOption;
  /** Takes the place of an experiment of the same name, as hot reloading needs; `false` by default. */
  readonly replace?: boolean;
}

/** For values that cannot be looked at as they are: a `Response`, a cursor, a buffer that is used again. */
export interface PreparingOptions<Value, CandidateValue, Data, Input, Cleaned = Uncleaned> extends ComparisonOptions<
  Data,
  Data,
  Input,
  Cleaned
> {
  /**
   * Turns a value into the data that is compared, and published: `async (response) => ({ status: response.status, body: await
   * response.json() })`. Called in a later turn, once for each side that returned, for `limits.timeoutMs` at most; what it throws
   * makes the call `inconclusive`. What reads a value up needs one of its own: report `response.clone()`.
   */
  readonly prepareComparable: (
    value: Value | CandidateValue,
    side: "control" | "candidate",
  ) => Data | PromiseLike<Data>;
}

/** Options as they arrive where nothing has been checked yet. */
export type UncheckedComparison = ComparisonOptions<unknown, unknown, unknown, unknown> &
  Partial<PreparingOptions<unknown, unknown, unknown, unknown, unknown>>;

const { timeoutMs, maxInFlight, callerMs, breakAfter, breakMs } = limitsTable;

export const comparisonLimitsTable: OptionTable<ComparisonLimits, keyof ComparisonLimits> = {
  ...{ timeoutMs, maxInFlight, callerMs, breakAfter, breakMs },
};

const { enabled, sample, key, context, compare, knownMismatches, clean, noise, afterRun } = experimentTable;
const { onNewMismatch, rollout, capture, about, throwOnMismatch, replace } = experimentTable;

export const comparisonTable: OptionTable<UncheckedComparison, "enabled" | "sample" | "replace"> = {
  ...{ enabled, sample, key, context, compare, prepareComparable: aFunction, knownMismatches, clean, noise },
  ...{ afterRun, onNewMismatch, rollout, limits: optionsOf("an object of limits", comparisonLimitsTable), capture },
  ...{ about, writes: aFunction, throwOnMismatch, replace },
};
