import type { ResultKind, ServedStage } from "../model/result.ts";
import type { RuleEnd } from "../model/start-record.ts";
import type { WritesStanding } from "../model/writes-standing.ts";
import type { EventRecord, PresentedDifference, PresentedResult } from "../records/record.ts";
import type { GateReading } from "../stats/gate-reading.ts";

/** What may be done with a candidate, in one word. */
export type ReportVerdictKind = "ready" | "not-ready" | "insufficient" | "regressed" | "stale" | "no-traffic";

/** The verdict on one candidate, worked out again from what its records say. */
export interface ReportVerdict {
  readonly kind: ReportVerdictKind;
  /** One sentence: why. */
  readonly why: string;
  /** Each a sentence; the first is `why`. */
  readonly reasons: readonly string[];
  /** What a person does next, as a sentence. */
  readonly next: string;
  /** How sure a `ready` is; 0.99 says that at most 1 in 100 unready candidates is ever called ready. */
  readonly confidence: number;
  readonly comparisons: number;
  /** Independent pieces of evidence: each key in each minute counts once, over all processes. */
  readonly units: number;
  readonly gates: readonly GateReading[];
  /** How many more units are needed, if all of them are good, and when they are there at the present rate, in milliseconds since 1970. */
  readonly moreUnits?: number;
  readonly readyAt?: number;
  /** Of a rollout that takes no step: which. */
  readonly standing?: "paused" | "rolled-back" | "switched-off";
  /** Of the calls that the candidate answered; absent where it answers nobody. */
  readonly served?: { readonly units: number; readonly gates: readonly GateReading[] };
}

/** Mismatches of one signature. */
export interface ReportGroup {
  readonly signature: string;
  /** Where they differ, with the types of both sides; empty where no example is in the records. */
  readonly differences: readonly Pick<PresentedDifference, "path" | "kind" | "controlType" | "candidateType">[];
  readonly count: number;
  /** Of all mismatches of the candidate, from 0 to 1. */
  readonly share: number;
  /** In milliseconds since 1970, to the minute. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The version in which it came first; absent where nothing names one. */
  readonly version?: string;
  /** Whether an earlier version of the candidate did not have it. */
  readonly isNew: boolean;
  /** Whether control has it with itself, too; only of a running laboratory that looks for noise, since no record says it. */
  readonly isNoise?: boolean;
  /** At most three, the first one first. */
  readonly examples: readonly PresentedResult[];
  /** Mismatches in each step of the experiment's funnel, in its order. */
  readonly trend: readonly number[];
}

/** How long one side took, in milliseconds; quantiles within 1 %, absent without a call. */
export interface ReportLatency {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly p99Ms?: number;
  /** Logarithmic buckets: the upper bound in milliseconds and how many there were, in rising order. */
  readonly buckets: readonly (readonly [number, number])[];
}

/**
 * By how much the candidate took longer than control, of calls that were timed as pairs (1 in 16, in random order), in milliseconds:
 * below 0 it took less. Quantiles within 5 %.
 */
export interface ReportDifferences {
  readonly count: number;
  /** Pairs in which the candidate took longer, and in which control did; of the others neither took a microsecond longer. */
  readonly slower: number;
  readonly faster: number;
  readonly p5Ms: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Logarithmic buckets for either sign: the middle in milliseconds and how many pairs there were, in rising order. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** What a report says of one candidate: its counts, verdict, groups, latencies and history. */
export interface ReportCandidate {
  /** Comparisons by kind. */
  readonly counts: Readonly<Record<ResultKind, number>>;
  /** Calls of its experiment whose candidate did not run, by reason. */
  readonly skips: Readonly<Record<string, number>>;
  readonly verdict: ReportVerdict;
  /** The most frequent first, at most 256. */
  readonly groups: readonly ReportGroup[];
  /** Mismatches whose signature is not among `groups`. */
  readonly otherGroups: number;
  /** `tallies`: every call was counted. `results`: there are only results, and each counts by its weight. */
  readonly countedFrom: "tallies" | "results";
  /** Matches among all comparisons, from 0 to 1; absent without one. */
  readonly matchRate?: number;
  /** The most that the true rate of mismatches is, at the verdict's confidence, however often one looks. */
  readonly mismatchUpperBound: number;
  /** Calls in which the candidate threw and control did not, and those in which control threw. */
  readonly errors: { readonly candidate: number; readonly control: number };
  readonly latency: {
    readonly control: ReportLatency;
    readonly candidate: ReportLatency;
    /** Absent where no pair was timed. */
    readonly differences?: ReportDifferences;
  };
  /** In the order in which they came. */
  readonly versions: readonly {
    readonly version: string;
    readonly firstSeen: number;
    readonly lastSeen: number;
    readonly comparisons: number;
    readonly mismatches: number;
  }[];
  /** Comparisons and mismatches in each step of the experiment's funnel, and the bound as it stood. */
  readonly trend: readonly {
    readonly at: number;
    readonly comparisons: number;
    readonly mismatches: number;
    readonly upperBound?: number;
  }[];
}

/** What came of calls in one step of time: of a minute, and of more where the records span more than 240. */
export interface ReportStep {
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  readonly calls: number;
  readonly started: number;
  readonly compared: number;
  readonly matched: number;
  readonly skips: Readonly<Record<string, number>>;
}

/** What a report says of one experiment: whose it is, and each of its candidates. */
export interface ReportExperiment {
  readonly owner?: string;
  readonly link?: string;
  /** When it should be over, in milliseconds since 1970, and whether that has passed. */
  readonly until?: number;
  readonly overdue: boolean;
  readonly calls: number;
  readonly started: number;
  readonly skips: Readonly<Record<string, number>>;
  /** Calls that a candidate answered, and those that control answered in its place. */
  readonly answered: number;
  readonly fellBack: number;
  /** By what Sidelane was doing. */
  readonly faults: Readonly<Record<string, number>>;
  /** Where its rollout stood last. */
  readonly rollout?: ServedStage;
  /** Of parallel writes: how they stood when a worker last read both databases. */
  readonly writes?: WritesStanding;
  /** How long a step of `funnel` is, in milliseconds. */
  readonly stepMs: number;
  readonly funnel: readonly ReportStep[];
  /** The last 200. */
  readonly events: readonly EventRecord[];
  /** Rules for known mismatches that end or have ended, in the order of their ends; absent where there is none. */
  readonly knownMismatches?: readonly RuleEnd[];
  readonly candidates: Readonly<Record<string, ReportCandidate>>;
}

/** One process whose records were read: its version, its labels, and when it was seen. */
export interface ReportProcess {
  readonly build?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly sidelane?: string;
  readonly node?: string;
  /** Of its records, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Whether it came to its end by `close()`; where not, it runs, or was killed after `to`. */
  readonly ended: boolean;
}

/** What is not in the numbers. */
export interface ReportLosses {
  /** Lines that hold no record: those below, together. */
  readonly lines: number;
  readonly torn: number;
  readonly versions: number;
  readonly types: number;
  /** Numbered records that are missing, and about how many minutes they covered. */
  readonly records: number;
  readonly minutes: number;
  /** Results that publishers did not get, by publisher and reason, and those that they failed to write. */
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Results that came after the last counts of their process: they are in no number. */
  readonly uncounted: number;
}

/** All evidence that records hold, as plain JSON: every report is a function of it. */
export interface ReportModel {
  readonly version: 1;
  /** Of all records, in milliseconds since 1970; absent where there are none. */
  readonly from?: number;
  readonly to?: number;
  readonly processes: Readonly<Record<string, ReportProcess>>;
  readonly experiments: Readonly<Record<string, ReportExperiment>>;
  /** Faults that belong to no experiment. */
  readonly faults: Readonly<Record<string, number>>;
  readonly lost: ReportLosses;
}
