import type { ResultKind, ServedStage } from "./result.ts";

/** Durations in logarithmic buckets: index, count, index, count, ... in rising order of the index. */
export interface LatencyCounts {
  readonly version: 1;
  readonly count: number;
  readonly zero: number;
  readonly sumMs: number;
  /** In a tally record of all so far, and not only of what was added. */
  readonly maxMs: number;
  readonly buckets: readonly number[];
}

/** What one candidate's comparisons added, and where it stands. */
export interface CandidateTally {
  readonly kinds: Readonly<Record<ResultKind, number>>;
  /** Calls in which the candidate threw and control did not, and those in which control threw. */
  readonly candidateErrors: number;
  readonly controlErrors: number;
  readonly control: LatencyCounts;
  readonly candidate: LatencyCounts;
  /** As it is now: the verdict in one word, the most that the true rate of mismatches is, and how many units are missing. */
  readonly verdict: "ready" | "not-ready" | "insufficient" | "regressed";
  readonly mismatchUpperBound: number;
  readonly unitsMissing: number;
}

/** What one experiment's calls added, and where it stands. */
export interface ExperimentTally {
  readonly calls: number;
  readonly started: number;
  /** Calls whose candidate did not run, by reason. */
  readonly skips: Readonly<Record<string, number>>;
  /** Calls that a candidate answered, and those that control answered in its place. */
  readonly served: number;
  readonly fellBack: number;
  /** Kinds of mismatch that were never seen before. */
  readonly newGroups: number;
  /** By what Sidelane was doing. */
  readonly faults: Readonly<Record<string, number>>;
  /** As it is now. */
  readonly inFlight: number;
  readonly groups: number;
  readonly rollout?: ServedStage;
  /** Whether a rollout that shares its state knows that of the others. */
  readonly synchronized?: boolean;
  readonly candidates: Readonly<Record<string, CandidateTally>>;
}

/** What became of one publisher's results. */
export interface PublisherTally {
  readonly accepted: number;
  readonly published: number;
  readonly failed: number;
  /** By reason, as `DropReason` names them. */
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * Exact counts of one process: what was added since its last record. Records add up: over all of them, each number is that of
 * `laboratory.status()`. Experiments to which nothing was added, and that stand where they stood, are left out.
 */
export interface TallyRecord {
  readonly v: 1;
  readonly kind: "tally";
  /** Of the process: the prefix of its results' ids. */
  readonly process: string;
  /** Counts up by one: a gap is a lost record. */
  readonly n: number;
  /** Wall time, in milliseconds since 1970: of the last record, and of this one. */
  readonly from: number;
  readonly to: number;
  readonly experiments: Readonly<Record<string, ExperimentTally>>;
  readonly publishers: Readonly<Record<string, PublisherTally>>;
  /** Faults that belong to no experiment. */
  readonly faults: Readonly<Record<string, number>>;
}
