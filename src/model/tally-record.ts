import type { EvidenceData, EvidenceTerms } from "./evidence-data.ts";
import type { ResultKind, ServedStage } from "./result.ts";
import type { WritesStanding } from "./writes-standing.ts";

/** Durations in logarithmic buckets: the count of each, from the first one on; a number below 0 says how many in a row are empty. */
export interface LatencyCounts {
  readonly version: 2;
  readonly count: number;
  readonly zero: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly buckets: readonly number[];
}

/**
 * By how much the candidate took longer than control, of calls that were timed as pairs, in logarithmic buckets: index, count, index,
 * count, ... in rising order of the index. Below 0 it took less, and at 0 neither took a microsecond longer.
 */
export interface DifferenceCounts {
  readonly version: 1;
  readonly buckets: readonly number[];
}

/** What became of one publisher's results. */
export interface PublisherTally {
  readonly accepted: number;
  readonly published: number;
  readonly failed: number;
  /** By reason, as `DropReason` names them. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What every record of counts says of where it comes from. */
interface TallyOrigin {
  readonly v: 2;
  readonly type: "tally";
  /** Of the process: the prefix of its results' ids, another one after each start. */
  readonly process: string;
  /** The laboratory's label `build`. */
  readonly build?: string;
  /** Counts up by one from 1: a gap is a lost record. */
  readonly n: number;
  /** Wall time in milliseconds since 1970: when the process told the last time, and now. */
  readonly from: number;
  readonly to: number;
}

/** What one experiment's calls added, whichever candidate ran, and where it stands. */
export interface ExperimentCounts {
  readonly calls: number;
  readonly started: number;
  /** Calls whose candidate did not run, by reason. */
  readonly skips: Readonly<Record<string, number>>;
  /** Calls that a candidate answered, and those that control answered in its place. */
  readonly answered: number;
  readonly fellBack: number;
  /** Kinds of mismatch that were never seen before. */
  readonly newGroups: number;
  /** By what Sidelane was doing. */
  readonly faults: Readonly<Record<string, number>>;
  /** As it is now: calls in flight, and kinds of mismatch that are kept. */
  readonly inFlight: number;
  readonly kept: number;
  /** Where the rollout stands now. */
  readonly rollout?: ServedStage;
  /** Whether a rollout that shares its state knows that of the others. */
  readonly synchronized?: boolean;
  /** Of parallel writes: how they stood when this process last read both databases; absent where it has not since the last record. */
  readonly writes?: WritesStanding;
}

/** A verdict in one word. */
export type VerdictWord = "ready" | "not-ready" | "insufficient" | "regressed";

/**
 * What one candidate's comparisons added, in one version, stage and epoch, of calls that it was to answer or of others.
 */
export interface CandidateTally extends TallyOrigin {
  readonly experiment: string;
  readonly candidate: string;
  /** Which code the candidate is; absent where nothing names it. */
  readonly version?: string;
  /** Where the rollout stood when the calls began; absent without one. */
  readonly stage?: ServedStage["stage"];
  readonly share?: number;
  /** 0 without a rollout. */
  readonly epoch: number;
  /** Whether the candidate was to answer these calls (`true`), or ran in the shadow of control. */
  readonly served: boolean;
  readonly counts: Readonly<Record<ResultKind, number>>;
  /** Calls in which the candidate threw and control did not, and those in which control threw. */
  readonly candidateErrors: number;
  readonly controlErrors: number;
  readonly latency: {
    readonly control: LatencyCounts;
    readonly candidate: LatencyCounts;
    /** Of calls that were timed as pairs; absent where none was. */
    readonly differences?: DifferenceCounts;
  };
  /** Mismatches by signature: the 64 most frequent; all others together in `otherGroups`. */
  readonly groups: Readonly<Record<string, number>>;
  readonly otherGroups: number;
  /** Of the experiment as a whole: in the first of its records that are told together. */
  readonly of?: ExperimentCounts;
  /** What the verdict rests on: where `served` is `false` of all calls, otherwise of those that the candidate answered. */
  readonly evidence?: EvidenceData & {
    /** When gathering began; evidence under another one, or of another version, is another body. */
    readonly since?: number;
    readonly terms: EvidenceTerms;
  };
  /** As it is now: the verdict in one word, the most that the true rate of mismatches is, and how many units are missing. */
  readonly verdict: VerdictWord;
  readonly mismatchUpperBound: number;
  readonly unitsMissing: number;
  /** Of a rollout that takes no step: which, and why. */
  readonly standing?: { readonly is: "paused" | "rolled-back" | "switched-off"; readonly reason: string };
  /** What gates from outside answered last: their states, with a sentence each. */
  readonly outside?: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
}

/** What became of results in one process, and its faults that belong to no experiment. Told each time, also where nothing was added. */
export interface ProcessTally extends TallyOrigin {
  readonly publishers: Readonly<Record<string, PublisherTally>>;
  readonly faults: Readonly<Record<string, number>>;
  /** The last record of a process that came to its end by `close()`. */
  readonly end?: true;
}

/**
 * Exact counts of one process: what was added since its last records. They add up: over all of them, each number is that of
 * `laboratory.status()`. Candidates to which nothing was added, and that stand where they stood, are left out.
 */
export type TallyRecord = CandidateTally | ProcessTally;
