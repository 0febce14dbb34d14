import type { ThrowOption } from "./throw-options.ts";
import type { NoiseOptions } from "../record/noise-reruns.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { Comparison } from "../../model/comparison.ts";
import type { Result } from "../../model/result.ts";
import type { RolloutOption } from "../../rollout/to-rollout.ts";
import type { CompareRules } from "../../compare/rules/rules.ts";
import type { KnownMismatch } from "../../compare/rules/known-mismatches.ts";
import type { CaptureLimits } from "../../compare/copy/capture-limits.ts";

/** What a call of a function comes to, once awaited. */
export type ValueOf<Function extends AnyFunction> = Awaited<ReturnType<Function>>;

/** A function called as `Control` is called: its `this`, its arguments. */
export type Beside<Control extends AnyFunction, Given> = (
  this: ThisParameterType<Control>,
  ...args: Parameters<Control>
) => Given;

/** A candidate: control's `this`, and control's arguments unless `prepare` returns others. */
export type CandidateFunction<Control extends AnyFunction, Prepared extends readonly unknown[], Answer> = (
  this: ThisParameterType<Control>,
  ...args: ArgumentsFrom<Prepared>
) => Answer;

/** A list as parameters, optional ones included. A conditional type, so that no candidate decides what it is called with. */
type ArgumentsFrom<List extends readonly unknown[]> = List extends readonly [...infer Parameters] ? Parameters : never;

/** Bounds of one experiment. */
export interface ExperimentLimits {
  /** After so many milliseconds a candidate has timed out; 10 000 by default, `Infinity` for never. */
  readonly timeoutMs?: number;
  /** Candidates in flight at once, over it they are skipped; 100 by default. */
  readonly maxInFlight?: number;
  /** Failures and timeouts in a row that pause a candidate; 20 by default, `Infinity` for never. */
  readonly breakAfter?: number;
  /** The first pause of a failing candidate, doubled with every failed probe up to 64 times; 1 000 ms by default. */
  readonly breakMs?: number;
  /**
   * Milliseconds that a caller may wait while a value is copied, and as many while both sides are looked at; 2 by default.
   * What takes longer is compared later: as it is by then, its evidence `live`, or on copies. Two steps are not cut short:
   * listing the keys of one object, and getters and `toJSON()` of values.
   */
  readonly callerMs?: number;
  /** Share of the event loop's time that `deferred` synchronous candidates may use; 0.01 by default. */
  readonly cpuShare?: number;
}

/** Who answers for an experiment, and until when it should be over. */
export interface About {
  /** A person or team, for the report. */
  readonly owner?: string;
  /** Where more is said of it: an issue, a page. */
  readonly link?: string;
  /** From then on the status and the report say that it is overdue: a date, its text, or milliseconds since 1970. */
  readonly until?: string | number | Date;
}

/** Bounds of what is kept of a stream while it is observed. */
export interface StreamLimits {
  /** Items kept of each side; 1 000 by default. */
  readonly maxItems?: number;
  /** Estimated bytes kept of each side; 1 048 576 by default. */
  readonly maxBytes?: number;
}

/** How two values are compared: rules for the built-in comparison, or a function of both values. */
export type Compare<Value, CandidateValue> = CompareRules<Value> | CompareFunction<Value, CandidateValue>;

/** Whether two values are the same; or a comparison of its own. */
export interface CompareFunction<Value, CandidateValue> extends NoRules {
  (control: Value, candidate: CandidateValue): boolean | Comparison;
}

/** The names of the rules, so that a compiler knows them beside a function too, and can say which one is meant. */
type NoRules = { readonly [Rule in keyof CompareRules]?: never };

/** All options of an experiment but the candidates and `compare`. */
export interface Options<
  Control extends AnyFunction,
  CandidateValue,
  Prepared extends readonly unknown[],
  Cleaned = Uncleaned,
> {
  /** The old code. Its outcome is the caller's, untouched. */
  readonly control: Control;
  /** Turns control's arguments into the candidate's. Must return at once; where it throws, the candidate is skipped. */
  readonly prepare?: Beside<Control, Prepared>;

  // Gating: which calls are compared.

  /** Whether this call may be compared; asked before control runs. `true` by default. Where it throws, control runs alone. */
  readonly enabled?: boolean | Beside<Control, boolean>;
  /** Share of calls compared, from 0 to 1, drawn call by call; 1 by default. */
  readonly sample?: number;

  // Comparing: how both sides are run, what is the same, and who is told.

  /** What a person needs to find the case again. Called in the caller's own context, before control. */
  readonly context?: Readonly<Record<string, unknown>> | Beside<Control, Readonly<Record<string, unknown>>>;
  /**
   * When the candidate is called. `control-first`, the default: right after control, in the same turn. `random`: control
   * and all candidates in the order of a draw, for unbiased timing. `deferred`: in a later turn, after the caller has been served.
   */
  readonly order?: "control-first" | "random" | "deferred";
  /** Differences that are known: a mismatch that one of them holds for is `ignored`. None by default. */
  readonly knownMismatches?: readonly KnownMismatch<ValueOf<Control>, CandidateValue>[];
  /** What publishers get to see of a value; never what is compared. When it throws, the value is left out. */
  readonly clean?: (value: ValueOf<Control> | CandidateValue) => Cleaned;
  /** Runs control once more after some mismatches, to tell noise from regressions. Not beside `stream`. */
  readonly noise?: NoiseOptions;
  /**
   * Compares streams item by item: generators, async iterables, `ReadableStream`s and Node streams that control returns,
   * while its caller reads them, with the candidate's, which is read beside it and never more than 8 items ahead. The
   * outcome is the array of items; a reader that stops early, or a limit that is passed, makes it `inconclusive`.
   * `limits.timeoutMs` is then how long a side may be silent. Not beside `rollout` or `noise`. Without it streams are
   * never touched.
   */
  readonly stream?: StreamLimits | true;
  /** Called before the behaviors of a compared call. */
  readonly beforeRun?: Beside<Control, void>;
  /** Called with the result of every compared call, off the caller's path. Its values are what `clean` returned, if given. */
  readonly afterRun?: (result: ResultOf<Control, CandidateValue, Cleaned>) => void;
  /** Called once for every kind of mismatch never seen before by this process. */
  readonly onNewMismatch?: (result: ResultOf<Control, CandidateValue, Cleaned>) => void;
  /**
   * For test suites: what is no match is thrown to the caller, who then waits for candidates. Its laboratory's by default;
   * see `LaboratoryOptions`.
   */
  readonly throwOnMismatch?: ThrowOption;

  // Serving: which behavior answers.

  /**
   * What the served share sticks to, and the unit of evidence: a customer, a tenant. A call without one (`undefined`, `null`) is
   * control's below `live`; what is no key (an object, `NaN`) is a counted fault besides. Required beside a ramp or a share,
   * unless that says `unkeyed: "by-call"`.
   */
  readonly key?: Beside<Control, string | number | bigint | null | undefined>;
  /** Which behavior answers a call, and what a mismatch does: shares, a stage, or a rollout that drives itself. */
  readonly rollout?: RolloutOption;

  // Limits, and what is said about it.

  /** Bounds of time, candidates in flight and failures; each has a default. */
  readonly limits?: ExperimentLimits;
  /**
   * Up to which size a value that is compared later is copied, so that changes made meanwhile do not falsify the evidence;
   * larger ones are compared live. `false` copies nothing: for callers that never change what they were given.
   */
  readonly capture?: false | CaptureLimits;
  /** Hands the candidate its own structured copy of the arguments; `false` by default. Costs as much as 3 to 8 comparisons. */
  readonly isolate?: boolean;
  /** Share of calls, from 0 to 1, in which a change that the candidate makes to its arguments is looked for; 0 by default. */
  readonly checkArguments?: number;
  /** Who answers for it, and until when it should be over; for the status and the report. */
  readonly about?: About;
  /** Takes the place of an experiment of the same name, as hot reloading needs; `false` by default. */
  readonly replace?: boolean;
}

/** Stands for what `clean` returns where there is no `clean`. */
export interface Uncleaned {
  readonly [uncleaned]: true;
}
declare const uncleaned: unique symbol;

/** The result that hooks receive: with the values of both sides, or with what `clean` made of them. */
type ResultOf<Control extends AnyFunction, CandidateValue, Cleaned> =
  [Cleaned] extends [Uncleaned] ? Result<ValueOf<Control>, CandidateValue> : Result<Cleaned>;

/** A definition as it arrives where nothing has been checked yet. */
export type UncheckedDefinition = Partial<
  Options<AnyFunction, unknown, readonly unknown[]> & {
    candidate: AnyFunction;
    candidates: Readonly<Record<string, AnyFunction>>;
    compare: Compare<unknown, unknown>;
  }
>;
