import type { Cancel } from "../../model/clock.ts";
import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import type { RolloutState } from "../state.ts";

/** What one process has seen of one epoch: absolute totals by candidate, so that reporting twice does no harm. */
export interface ReportedTotals {
  /** Unique to one run of one process. */
  readonly process: string;
  readonly epoch: number;
  /** The version of the candidate that the process runs. */
  readonly version?: string;
  /** When it reported, by its own clock: wall time in milliseconds. */
  readonly at?: number;
  readonly candidates: Readonly<Record<string, EvidenceTotals>>;
}

/**
 * Where ramps keep their state, so that it survives a restart and is one for all processes. Everything kept is plain
 * JSON. A store is closed by the code that made it. Any method may reject: the ramp then keeps its last known good state, promotes nothing, and tries again.
 *
 * Redis: a hash with the epoch checked in a script. PostgreSQL: `update ... where epoch = $expected`, and a unique key for
 * the first insert.
 */
export interface RolloutStore {
  /**
   * The state kept for an experiment; `undefined` when there never was one.
   *
   * Rejects with a `SidelaneError` `invalid-state` when what is kept cannot be read. It is never taken for absent.
   */
  load(experiment: string): PromiseLike<RolloutState | undefined>;
  /**
   * Replaces the state, if its epoch is still the expected one (`undefined`: if there is none). Atomic over processes.
   *
   * @returns whether it was replaced
   */
  compareAndSet(experiment: string, expectedEpoch: number | undefined, next: RolloutState): PromiseLike<boolean>;
  /** Keeps a process's totals in place of those that it reported before, of whatever epoch. */
  report(experiment: string, totals: ReportedTotals): PromiseLike<void>;
  /** What every process, ended ones included, reported last, where that is of this epoch. */
  totals(experiment: string, epoch: number): PromiseLike<readonly ReportedTotals[]>;
  /** Calls `onChange` soon after the state has changed; without it, a ramp looks at every check. */
  watch?(experiment: string, onChange: () => void): Cancel;
}
