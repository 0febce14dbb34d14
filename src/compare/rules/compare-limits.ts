import { checkOptions } from "../../model/check-options.ts";
import { aNumber, aWhole, orElse, settle, type OptionTable } from "../../model/option-table.ts";

/** How far one comparison may go. Over a limit, what was not seen is never called a match. */
export interface CompareLimits {
  /** Milliseconds one comparison may take; the clock is looked at every 256 nodes or keys. Default 50. */
  readonly timeMs: number;
  /** Pairs of values looked at. Default 1 000 000. */
  readonly nodes: number;
  /** Pairs of elements tried against each other, where order does not matter or a list has to be aligned. Default 100 000. */
  readonly trialPairs: number;
  /** Differences kept; 20 times as many are counted before the walk ends. Default 50. */
  readonly differences: number;
  /** Levels of nesting. Default 1 000 000: time and `nodes` bound it before. */
  readonly depth: number;
}

export const compareLimitsTable: OptionTable<CompareLimits, keyof CompareLimits> = {
  timeMs: orElse(aNumber(), 50),
  nodes: orElse(aWhole({ min: 1 }), 1_000_000),
  trialPairs: orElse(aWhole(), 100_000),
  differences: orElse(aWhole({ min: 1 }), 50),
  depth: orElse(aWhole({ min: 1 }), 1_000_000),
};

export const defaultLimits: CompareLimits = checkLimits({}, "compare");

/** The defaults with what is given over them. Throws one `SidelaneError` for what is no limit. */
export function checkLimits(given: Partial<CompareLimits> | undefined, place: string): CompareLimits {
  if (given === undefined) return defaultLimits;
  return settle(checkOptions(place, "invalid-definition"), compareLimitsTable, given as CompareLimits, "limits");
}
