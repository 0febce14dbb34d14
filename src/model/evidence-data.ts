/** The units of one window, as tables that merge by OR with those of other processes. Plain data. */
export interface WindowUnits {
  /** Its number: wall time in milliseconds, divided by the length of a window. */
  readonly window: number;
  /** One key in 2 to the power of this counts. */
  readonly level: number;
  /** Of the secret under which keys have their places. */
  readonly fingerprint: string;
  /** The units seen, as a `BitTable` writes itself. */
  readonly seen: string;
  /** By gate: the bad units, and those that it could judge where those are others. */
  readonly gates: Readonly<Record<string, { readonly bad: string; readonly seen?: string }>>;
}

/** Units and bad ones, in all and by gate. */
export interface UnitSums {
  readonly units: number;
  readonly gates: Readonly<Record<string, { readonly units: number; readonly bad: number }>>;
}

/** What one gate has judged, and what it tolerates. */
export interface GateData {
  /** The tolerated rate. */
  readonly max: number;
  readonly by?: "units" | "calls" | "blocks" | "outside";
  readonly dryRun?: true;
  /** Whether it may need many calls for its first answer. */
  readonly remembers?: true;
  /** Units, those of the present window included, and how many of them were bad. */
  readonly units: number;
  readonly bad: number;
  /** As it is now: good units of the present window, which count when it has ended. */
  readonly open: number;
  readonly calls: number;
  readonly badCalls: number;
  /** Calls in which the gate failed to say anything. */
  readonly failed: number;
  /** Why it says nothing, or what its answer leaves out, as half a sentence. */
  readonly silence?: string;
  readonly note?: string;
  /** When the regression began that it alarmed for, and what it saw from then on. */
  readonly regressedSince?: number;
  readonly alarmedBy?: { readonly seen: number; readonly bad: number };
}

/** One body of evidence in one process: numbers of a whole, or what was added to them, and where it stands. Plain data. */
export interface EvidenceData {
  readonly comparisons: number;
  /** Units in all: each key in each window, and each call without a key. */
  readonly units: number;
  /** Distinct keys, at most 65 536; each call without a key is one. As it is now. */
  readonly keys: number;
  /** Wall time of the first and the last comparison, in milliseconds since 1970; absent without one. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** How long a window is, in milliseconds; 0 where every call is a unit. */
  readonly windowMs: number;
  /** The number of the present window; absent where no key was seen. */
  readonly window?: number;
  /** Units that are calls without a key: they add up over processes. */
  readonly unkeyed: UnitSums;
  /** In their order. */
  readonly gates: Readonly<Record<string, GateData>>;
  /** Units with keys: the windows that have changed. */
  readonly windows: readonly WindowUnits[];
}

/** What a verdict holds evidence to. */
export interface EvidenceTerms {
  readonly risk?: number;
  readonly minimumUnits?: number;
  readonly minimumTimeMs?: number;
  readonly minimumKeys?: number;
  /** Of a step that serves callers: the fewest units that the candidate has answered. */
  readonly minimumServed?: number;
}

/** What the verdict on one candidate rests on, as one process knows it. */
export interface CandidateBasis {
  /** When gathering began, where a verdict asks for a time; absent where it goes by the first comparison. */
  readonly since?: number;
  readonly terms: EvidenceTerms;
  /** Of all calls. */
  readonly all: EvidenceData;
  /** Of those that the candidate answered; absent where it answers nobody. */
  readonly served?: EvidenceData;
  /** Of a rollout that takes no step: which, and why as a sentence. */
  readonly standing?: { readonly is: "paused" | "rolled-back" | "switched-off"; readonly reason: string };
  /** What gates from outside answered: their states, with a sentence each. */
  readonly outside?: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
}
