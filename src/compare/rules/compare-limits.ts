import { checkOptions, type OptionCheck } from "../../model/check-options.ts";

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

export const defaultLimits: CompareLimits = {
  timeMs: 50,
  nodes: 1_000_000,
  trialPairs: 100_000,
  differences: 50,
  depth: 1_000_000,
};

/** The defaults with what is given over them. Throws one `SidelaneError` for what is no limit. */
export function checkLimits(given: Partial<CompareLimits> | undefined, place: string): CompareLimits {
  if (given === undefined) return defaultLimits;
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  const limitsGiven: unknown = given;
  check.object("limits", limitsGiven);
  check.known(limitsGiven, Object.keys(defaultLimits), "limits.");
  const limits = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits) as (keyof CompareLimits)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (name === "timeMs") check.number("limits.timeMs", value);
    else check.number(`limits.${name}`, value, { min: name === "trialPairs" ? 0 : 1, integer: true });
    limits[name] = value;
  }
  return limits;
}
