import type { Comparison, DifferenceKind } from "../model/comparison.ts";
import type { Evidence } from "../model/observation.ts";
import type { FellBack, ResultKind, ServedStage } from "../model/result.ts";
import type { RolloutEvent } from "../model/rollout.ts";
import type { StartRecord } from "../model/start-record.ts";
import type { TallyRecord } from "../model/tally-record.ts";

/**
 * A result as plain JSON data, as it may leave the process.
 *
 * With values `hidden` it carries names that developers chose, paths, kinds, types, error names and codes, durations: of paths
 * only what looks like a name in code, anything else is `*`. With values `shown` it also carries what has the comment
 * "shown", redacted and cut.
 */
export interface PresentedResult {
  /** The version of this shape; a reader counts and passes over what it does not know. */
  readonly v: 2;
  readonly type: "result";
  readonly id: string;
  /** The process that made it, as the other records name it; absent where its id names none. */
  readonly process?: string;
  /** The laboratory's label `build`. */
  readonly build?: string;
  readonly experiment: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly kind: ResultKind;
  readonly served: string;
  /** Why control answered in the candidate's place, where it did. */
  readonly fellBack?: FellBack;
  /** Which code the candidates are; absent where nothing names it. */
  readonly version?: string;
  /** Stands for the call's key: 64 bits under the laboratory's `pseudonymKey`, in hexadecimal; absent without one. */
  readonly unit?: string;
  /** How many results it stands for: 1 divided by the chance of being kept, 0 where it was kept beside the draw. */
  readonly weight: number;
  /** Whether it was kept as the first of its kind, whatever was drawn. */
  readonly first?: true;
  readonly rollout?: ServedStage;
  /** Shown. */
  readonly context?: unknown;
  readonly control: PresentedObservation;
  readonly candidates: readonly PresentedCandidate[];
}

/** One side of a presented result: what came of it, and how long it took. */
export interface PresentedObservation {
  readonly name: string;
  readonly outcome: PresentedOutcome;
  readonly evidence: Evidence;
  /** Milliseconds, as in a result's observations. */
  readonly durationMs: number;
  readonly syncMs: number;
  readonly offsetMs: number;
}

/** How one side ended. What it returned is its type alone, unless values are shown. */
export type PresentedOutcome =
  /** `value` is shown, as `preview` draws it. */
  | { readonly kind: "returned"; readonly type: string; readonly value?: unknown }
  | { readonly kind: "threw"; readonly error: PresentedError }
  | { readonly kind: "timed-out"; readonly afterMs: number };

/** An error without its stack: its name and code, and the rest only where values are shown. */
export interface PresentedError {
  /** The error's name, or the type of what was thrown. */
  readonly name: string;
  readonly code?: string | number;
  /** Shown: the whole of it, as `preview` draws it. */
  readonly value?: unknown;
}

/** A candidate's side of a presented result, with what comparing it with control found. */
export interface PresentedCandidate extends PresentedObservation {
  readonly comparison: PresentedComparison;
  readonly argumentsMutated?: boolean;
}

/** What comparing found, with as many differences as are kept; values are in them only where they are shown. */
export interface PresentedComparison {
  readonly kind: Comparison["kind"];
  readonly signature?: string;
  /** The rule that ignored it. */
  readonly rule?: string;
  readonly reason?: string;
  readonly error?: PresentedError;
  /** At most 50. */
  readonly differences?: readonly PresentedDifference[];
  /** How many differences there are beside these. */
  readonly moreDifferences?: number;
}

/** One difference between two values: where it is, of which kind, and what stands on each side where values are shown. */
export interface PresentedDifference {
  readonly path: string;
  readonly kind: DifferenceKind;
  /** The types of both sides; absent where a side has nothing. */
  readonly controlType?: string;
  readonly candidateType?: string;
  /** Shown. */
  readonly control?: unknown;
  /** Shown. */
  readonly candidate?: unknown;
}

/** Something that happened to a rollout or a verdict. */
export interface EventRecord extends RolloutEvent {
  readonly v: 2;
  readonly type: "event";
  /** The process that tells it, and its label `build`. */
  readonly process?: string;
  readonly build?: string;
}

/** What foreign code did wrong in one process, by what Sidelane was doing; added since the last record. */
export interface FaultRecord {
  readonly v: 2;
  readonly type: "fault";
  readonly process: string;
  readonly build?: string;
  /** That of the tally beside it. */
  readonly n: number;
  readonly from: number;
  readonly to: number;
  /** Absent where they belong to no experiment. */
  readonly experiment?: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** Whatever a line may hold. */
export type LineRecord = PresentedResult | TallyRecord | EventRecord | StartRecord | FaultRecord;
