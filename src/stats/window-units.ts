import type { UnitSums, WindowUnits } from "../model/evidence-data.ts";

export type { UnitSums, WindowUnits } from "../model/evidence-data.ts";

/** What all processes have seen up to a window, as one of them knows it. */
export interface FoldedUnits extends UnitSums {
  /** The last window in it. */
  readonly through: number;
}

/** What a process reports of its units, so that a key that many processes see is one. */
export interface MergeableUnits {
  /** Calls without a key: each is a unit, and they add up. */
  readonly unkeyed: UnitSums;
  /** The latest windows, the present one included. */
  readonly windows: readonly WindowUnits[];
  readonly folded?: FoldedUnits;
}
