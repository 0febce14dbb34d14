import type { Cancel } from "../../model/clock.ts";
import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import type { WritesStanding } from "../../model/writes-standing.ts";
import type { Verdict } from "../../stats/verdict.ts";
import type { WindowUnits } from "../../stats/window-units.ts";
import type { RolloutState } from "../state.ts";

/** Units of one window: of all calls, or of those that the candidate answered. Tables of 65 536 places that merge by OR. */
export interface ReportedUnits extends WindowUnits {
  /** Absent: of all calls. */
  readonly served?: true;
}

/** What one process tells of one experiment. Sending it twice does no harm. */
export interface Report {
  readonly experiment: string;
  /** Unique to one run of one process. */
  readonly process: string;
  /** The epoch of the state that it runs. */
  readonly epoch: number;
  /** The epoch in which the evidence began that it reports; pausing and going on keep evidence. */
  readonly evidenceEpoch: number;
  /** The version of the candidate that the process runs. */
  readonly version?: string;
  /** When it was sent, in milliseconds since 1970, as far as the process knows the store's time. */
  readonly at: number;
  /** The id of the state that it knows; absent before it knows one. */
  readonly knows?: string;
  /** The `at` of the verdict that it knows. */
  readonly knowsVerdict?: number;
  /** Whether it is the last one of this process. */
  readonly leaves?: true;
  /** Absolute numbers by the candidate's name, in place of those that it reported before. */
  readonly candidates: Readonly<Record<string, EvidenceTotals>>;
  /** Of parallel writes: how they stand, as the process last read both databases; absent where it has not. */
  readonly writes?: WritesStanding | undefined;
  /** The places that its tables have since its last report that arrived, to be added to those of all other processes. */
  readonly units: readonly ReportedUnits[];
}

/** One process, as its last report left it. */
export type ProcessReport = Omit<Report, "experiment" | "units" | "knows" | "knowsVerdict">;

/** What the judge has found for all processes. */
export interface FleetVerdict {
  /** When, by the store's clock: milliseconds since 1970. */
  readonly at: number;
  /** Of the evidence that began in this epoch. */
  readonly evidenceEpoch: number;
  readonly version?: string | undefined;
  readonly verdict: Verdict;
  /** How many distinct keys all processes together have in a window, of all calls and of those that the candidate answered. */
  readonly distinct: { readonly all: number; readonly served: number };
  /** Of parallel writes: how they stood when a process last read both databases, as far as one has said so. */
  readonly writes?: WritesStanding | undefined;
}

/** What the judge folds: the store keeps `kept` in place of the rows of `processes` and of all windows up to `through`. */
export interface Retired {
  readonly processes: readonly string[];
  readonly through?: number;
  /** Plain data of the judge's; the next one gets it with `collect`. */
  readonly kept: unknown;
}

/** What a store has of an experiment, as far as the process that asks does not know it. */
export interface SyncedState {
  /** The state where it is another one than the process knows; `null` where there is none; absent where it knows it. */
  readonly state?: RolloutState | null;
  /** The verdict, where it is another one than the process knows. */
  readonly verdict?: FleetVerdict;
  /** The process that holds the judge's lease; absent where nobody does. */
  readonly judge?: string;
  /** When a process of the present version last reported, where the one that asks runs another version. */
  readonly presentHeardAt?: number;
  /** Why the store has nothing for this experiment alone, such as a state that cannot be read; the others are not held up by it. */
  readonly failed?: unknown;
}

/** The answer to one exchange. */
export interface Sync {
  /** The store's clock: milliseconds since 1970. */
  readonly now: number;
  readonly states: Readonly<Record<string, SyncedState>>;
}

/** What all processes have reported of the evidence that began in one epoch. */
export interface Evidence {
  /** The store's clock: milliseconds since 1970. */
  readonly now: number;
  /** Each process's last report, also of those that run another epoch; those of ended processes until they are folded. */
  readonly reports: readonly ProcessReport[];
  /** The tables of all processes of that epoch, by version: one for each window, secret and level, or several that are to be merged. */
  readonly units: readonly { readonly version?: string; readonly units: readonly ReportedUnits[] }[];
  /** What was folded last. */
  readonly kept?: unknown;
}

/**
 * Where ramps keep their state and evidence, so that they survive a restart and are one for all processes. All of it is plain JSON. A
 * store is closed by the code that made it. Any method may reject: the ramp then promotes nothing, tries again, and serves
 * control alone once it has not reached the store for `staleAfterMs`. Each call has 2 s.
 */
export interface RolloutStore {
  /**
   * The one round trip that a process makes every 10 s, for all its experiments: takes its reports, and returns what it does not know.
   * The state must be the one that the last `compareAndSet` wrote, never a replica's. One that cannot be read is never taken for absent.
   */
  sync(reports: readonly Report[]): PromiseLike<Sync>;
  /**
   * Replaces the state, if its id is still the expected one (`undefined`: if there is none). Atomic over processes: of all that
   * expect one state, exactly one succeeds, ever.
   *
   * @returns whether it was replaced
   */
  compareAndSet(experiment: string, expectedId: string | undefined, next: RolloutState): PromiseLike<boolean>;
  /**
   * Takes or renews the judge's lease. 0 ms let it go.
   *
   * @returns a fence that only grows, over `forget` too, the same for as long as one process keeps the lease; `undefined` where
   *   another one has it, or there is no state
   */
  claim(experiment: string, process: string, ttlMs: number): PromiseLike<number | undefined>;
  /** All evidence that began in an epoch, for the judge alone; what was reported of later ones stays. Rejects where the fence is old. */
  collect(experiment: string, epoch: number, fence: number): PromiseLike<Evidence>;
  /** Writes the verdict, and folds what is retired, at once or not at all. @returns whether the fence was the present one */
  conclude(
    experiment: string,
    fence: number,
    verdict: FleetVerdict,
    retired: Retired | undefined,
  ): PromiseLike<boolean>;
  /** Removes all that is kept of an experiment. */
  forget(experiment: string): PromiseLike<void>;
  /**
   * Calls `onChange` soon after a state has changed, with what is known of the new one, if anything. That is never trusted: a ramp takes from
   * it at once what makes the candidate do less, and looks. It looks every 10 s besides.
   */
  watch?(onChange: (experiment: string, heard?: unknown) => void): Cancel;
}
