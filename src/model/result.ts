import type { Comparison } from "./comparison.ts";
import type { Observation } from "./observation.ts";

/** A candidate called once, and what comparing it with control returned. */
export interface CandidateObservation<Value = unknown> extends Observation<Value> {
  readonly comparison: Comparison;
  /** Whether the candidate changed an argument that it shares with control; only where the check is asked for. */
  readonly argumentsMutated?: boolean;
}

/**
 * A result in one word: the worst of its candidates, from best to worst
 * `match`, `ignored`, `inconclusive`, `timed-out`, `mismatch`.
 */
export type ResultKind = Comparison["kind"] | "timed-out";

/** One candidate in one word, as {@link ResultKind} has it for a whole result. */
export function kindOfCandidate({
  outcome,
  comparison,
}: {
  readonly outcome: { readonly kind: string };
  readonly comparison: { readonly kind: Comparison["kind"] };
}): ResultKind {
  return outcome.kind === "timed-out" ? "timed-out" : comparison.kind;
}

/** Every kind of result, from best to worst. */
export const resultKinds: readonly ResultKind[] = ["match", "ignored", "inconclusive", "timed-out", "mismatch"];

/** The stage at which a call found its experiment's rollout. */
export interface ServedStage {
  readonly stage: "off" | "shadow" | "ramp" | "live" | "complete";
  /** The share of keys that the candidate answers, from 0 to 1. */
  readonly share: number;
  /** Grows by one with every change of the rollout. */
  readonly epoch: number;
}

/**
 * Why control answered in the candidate's place: the candidate threw, timed out, was `slow` (control had answered, and the
 * rollout's `graceMs` had passed), differed under `onMismatch: "control"`, or returned a promise to a synchronous caller.
 */
export type FellBack = "threw" | "timed-out" | "slow" | "mismatch" | "asynchronous";

/** One call of one experiment in which at least one candidate ran. Frozen, and knows nobody. */
export interface Result<Value = unknown, CandidateValue = Value> {
  /** Unique: a random prefix per process and a running number. */
  readonly id: string;
  readonly experiment: string;
  /** Wall time in milliseconds since 1970. */
  readonly startedAt: number;
  /** Whose outcome the caller got: `control`, or a candidate's name. */
  readonly served: string;
  /** Present when the candidate was to answer, and control did. */
  readonly fellBack?: FellBack;
  /** Which code the candidates are, as the rollout or the laboratory's label `build` names it; absent without either. */
  readonly version?: string;
  /** The laboratory's label `build`. */
  readonly build?: string;
  /** Stands for the call's key: 64 bits under the laboratory's `pseudonymKey`, in hexadecimal; absent without one. */
  readonly unit?: string;
  /**
   * How many results it stands for, where some were left out at random: 1 divided by the chance of being kept. 0 where it was kept as
   * the first of its kind, beside the draw. Absent where it stands for itself.
   */
  readonly weight?: number;
  /** Whether it was kept as the first of its kind, whatever was drawn. */
  readonly first?: true;
  /** Present when the experiment has a rollout. */
  readonly rollout?: ServedStage;
  /** What `context` returned for this call, over the laboratory's own context; `{}` without either. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly control: Observation<Value>;
  /** In the order of their definition. */
  readonly candidates: readonly [CandidateObservation<CandidateValue>, ...CandidateObservation<CandidateValue>[]];
  readonly kind: ResultKind;
}
