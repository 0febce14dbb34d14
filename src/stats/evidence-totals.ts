import type { Merged } from "./fleet-units.ts";
import type { Gate } from "./gates.ts";
import type { KeyedHash } from "./keyed-hash.ts";
import type { MergeableUnits, UnitSums } from "./window-units.ts";

/** What one gate could judge. */
export interface GateTotals {
  /** Units of windows that have ended, and bad ones of the present window. */
  readonly units: number;
  readonly bad: number;
  readonly calls: number;
  readonly badCalls: number;
}

/** How much one candidate's units weigh: what one process has seen, in absolute numbers. Plain data. */
export interface EvidenceTotals {
  /** Comparisons, bursts of one key and inconclusive ones included. */
  readonly comparisons: number;
  readonly units: number;
  /** The units in a form that adds up over processes: a key that many of them see is one unit. */
  readonly mergeable?: MergeableUnits;
  /** Of what the candidate answered alone; absent where it answers nobody. */
  readonly served?: EvidenceTotals;
  /** Distinct keys, at most 65 536; each call without a key is one. */
  readonly keys: number;
  readonly gates: Readonly<Record<string, GateTotals>>;
}

/** The units of all processes, when they were last added up. */
export interface FleetReading extends Merged {
  /** This process's bad units by then, by gate, and its units without a key. */
  readonly ownBad: Readonly<Record<string, number>>;
  readonly ownUnkeyed: UnitSums;
  /** The gate that alarms over all processes. */
  readonly alarmed?: { readonly gate: string; readonly since: number } | undefined;
}

/** Settings of `CandidateEvidence`. */
export interface EvidenceOptions {
  readonly gates?: readonly Gate[];
  /** How long a key counts as one unit, in milliseconds; 60 000 by default, 0 counts every call. */
  readonly unitWindowMs?: number;
  /** Each gate alarms falsely at most once in so many units on average; 100 000 times the number of gates by default. */
  readonly falseAlarmEvery?: number;
  /** Under which keys have their places in tables: 32 hexadecimal digits, random by default. Alike in processes whose tables merge. */
  readonly secret?: string;
  /** Made of `secret`: one hash for several bodies of evidence that hear of the same calls works out a key once. */
  readonly hash?: KeyedHash;
  /** Whether the tables of the last windows are kept, for other processes; `false` by default. */
  readonly mergeable?: boolean;
  /** The same for records, which processes do not go by; `false` by default. */
  readonly keepsWindows?: boolean;
  /** Called when a gate throws, or returns something else than a number in [0, 1]. */
  readonly onFault?: (error: unknown) => void;
}
