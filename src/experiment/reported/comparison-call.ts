import type { Outcome } from "../../model/observation.ts";
import type { FellBack, ServedStage } from "../../model/result.ts";
import type { Stop } from "../../model/stop.ts";
import type { WritesRemark } from "../../model/writes-remark.ts";
import type { ComparisonOptions, PreparingOptions } from "../define/comparison-options.ts";
import type { Uncleaned } from "../define/options.ts";
import type { SkipReason } from "../record/counters.ts";

/** What a call is begun with. All of it may be left out. */
export interface BeginOptions<Value = unknown, Input = unknown> {
  /** What `enabled`, `key` and `context` of the options are called with. */
  readonly input?: Input;
  /** What the served share sticks to, and the unit of evidence: a customer, a tenant. */
  readonly key?: string | number | bigint | null | undefined;
  /** What a person needs to find the case again; over the `context` of the options. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Asks for control's outcome once more, for `noise`: what only reads may be asked twice. */
  readonly again?: (() => Outcome<Value> | PromiseLike<Outcome<Value>>) | undefined;
  /** Whether it is compared whatever `sample` and the rollout draw; limits and switches hold. `false` by default. */
  readonly drawn?: boolean | undefined;
  /** Whether the serving side alone may run, as of what must not be done twice: such a call is never compared. `false` by default. */
  readonly alone?: boolean | undefined;
}

/** What a program that sees the calls of a comparison tells about all of them, as an event to the publishers. */
export interface ComparisonEvent {
  readonly kind:
    ("no-traffic" | "not-sent" | "no-answer" | "no-comparison" | "same-target" | "separate-sessions") | WritesRemark;
  /** A sentence, for people. */
  readonly reason: string;
  /** Who says it; `comparison` by default. */
  readonly by?: string;
  /** Where the comparison stands, of one without a rollout; `shadow` by default. */
  readonly stage?: Omit<ServedStage, "epoch">;
}

/**
 * One call whose outcomes are handed in. It tells who is to serve and whether to compare, and takes what both sides came to, in
 * any order: of a call that is not compared, what the serving side came to.
 *
 * It ends once: when both sides have been told, when it is abandoned, or at its deadline, `limits.timeoutMs` after it began, as
 * `inconclusive: abandoned`. Nothing here throws: what is wrong is a counted fault, `report`.
 */
export interface ComparisonCall<Value = unknown, CandidateValue = Value> {
  /** Whose outcome the caller is to get. */
  readonly serve: "control" | "candidate";
  /** Whether both sides are to run, and be told. */
  readonly compare: boolean;
  /** The rollout's epoch: grows by one with every change; 0 without a rollout. */
  readonly epoch: number;
  /** Whether control may take a serving candidate's place: not in stage `complete`, nor of a call that was begun `alone`. */
  readonly mayFallBack: boolean;
  /** Whether it has ended: what is reported from now on is a fault. */
  readonly ended: boolean;
  /** Why it is not compared, where that is so. */
  readonly skipped: SkipReason | undefined;
  /** Aborted when the candidate's time is up, the call is abandoned, or the laboratory closes. */
  readonly signal: AbortSignal;
  /**
   * Runs one side as such: `currentRun()` tells of it, and what it calls of other experiments is `nested` in a candidate that does
   * not serve. Where durations are not handed in, they count from here on. Returns what `run` returns, throws what it throws.
   */
  as<Returned>(side: "control" | "candidate", run: () => Returned): Returned;
  /**
   * What control came to.
   *
   * @param durationMs how long it took; without it, the time since `as("control", …)`, or since the call began
   */
  control(outcome: Outcome<Value>, durationMs?: number): void;
  /**
   * What the candidate came to.
   *
   * @param durationMs how long it took; without it, the time since `as("candidate", …)`, or since the call began
   */
  candidate(outcome: Outcome<CandidateValue>, durationMs?: number): void;
  /**
   * The candidate was to serve, and the caller got control's outcome. To be said before the call has ended; of a candidate that
   * is told to have thrown or timed out it need not be said.
   */
  fellBack(reason: FellBack): void;
  /**
   * The candidate was to serve, and the caller gets its outcome whatever that comes to: control takes nobody's place any more, as of an
   * answer that breaks off in its middle. To be said before the candidate's outcome.
   */
  answered(): void;
  /** Ends the call: what has not been told by now never will be. It counts as `inconclusive: abandoned`, and says nothing of the candidate. */
  abandon(reason?: string): void;
}

/** A call as programs of this package see it, with less to pay for what most calls come to. */
export interface LeanCall<Value = unknown, CandidateValue = Value> extends ComparisonCall<Value, CandidateValue> {
  /** What its signal tells, without the price of one. */
  readonly stop: Stop;
  /** Whether a publisher or a hook receives the results of matches. */
  readonly tellsMatches: boolean;
  /**
   * Both sides returned, and what they returned is known to match; nothing of it is kept.
   *
   * @returns whether that ended the call; where it is `false`, outcomes have to be told
   */
  matched(controlMs: number, candidateMs: number): boolean;
}

/** What `comparison` returns: begins calls. */
export interface ComparisonCalls<Value, CandidateValue, Input> {
  /** Begins one call: counts it, and decides who serves it and whether it is compared. Never throws. */
  begin(options?: BeginOptions<Value, Input>): ComparisonCall<Value, CandidateValue>;
  /** Tells the publishers of something about all the calls. Never throws. */
  announce(event: ComparisonEvent): void;
}

/** Defines a comparison: an experiment that calls neither side. */
export interface ComparisonMaker {
  <Value = unknown, CandidateValue = Value, Input = unknown, Data = unknown, Cleaned = Uncleaned>(
    name: string,
    options: PreparingOptions<Value, CandidateValue, Data, Input, Cleaned>,
  ): ComparisonCalls<Value, CandidateValue, Input>;
  <Value = unknown, CandidateValue = Value, Input = unknown, Cleaned = Uncleaned>(
    name: string,
    options?: ComparisonOptions<Value, CandidateValue, Input, Cleaned>,
  ): ComparisonCalls<Value, CandidateValue, Input>;
}
