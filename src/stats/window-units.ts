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
