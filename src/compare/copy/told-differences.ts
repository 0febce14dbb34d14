import type { Difference } from "../../model/comparison.ts";
import { shortenMiddle, visible } from "../../model/visible-text.ts";
import { describePair, describeValue } from "./describe-value.ts";

/** A difference in words, safe to print on one line each. */
export interface ToldDifference {
  readonly path: string;
  readonly kind: string;
  /** Absent where this side has nothing at the path. */
  readonly control?: string;
  readonly candidate?: string;
}

/** The list of a comparison that is shown, in every form. */
export interface ListedDifferences {
  readonly differences?: readonly { readonly path: string }[];
  readonly moreDifferences?: number;
}

const pathLength = 200;

/**
 * Tells one difference: of two values what tells them apart, of a long path both ends.
 *
 * @param maxLength of each side, in characters
 */
export function tellDifference(difference: Difference, maxLength: number): ToldDifference {
  const { path, kind, control, candidate } = difference;
  const place = { path: tellPath(path), kind };
  if ("control" in difference && "candidate" in difference) {
    const [ours, theirs] = describePair(control, candidate, maxLength);
    return { ...place, control: ours, candidate: theirs };
  }
  return {
    ...place,
    ...("control" in difference && { control: describeValue(control, maxLength) }),
    ...("candidate" in difference && { candidate: describeValue(candidate, maxLength) }),
  };
}

/** A path on one line, cut in its middle. */
export function tellPath(path: string, maxLength: number = pathLength): string {
  // Cut before and after it is made visible: a key may be of any length.
  return shortenMiddle(visible(shortenMiddle(path, 10 * pathLength)), maxLength);
}

/**
 * Says how many differences are not shown; nothing where all are.
 *
 * @param shown how many of the list are
 * @example tellMore({ differences: Array(50), moreDifferences: 950 }, 10) // => "… 990 more (10 of 1000 shown)"
 */
export function tellMore(
  { differences = [], moreDifferences = 0 }: ListedDifferences,
  shown: number,
): string | undefined {
  const all = differences.length + moreDifferences;
  const told = Math.min(shown, differences.length);
  return all > told ? `… ${all - told} more (${told} of ${all} shown)` : undefined;
}
