import { groupedPairs } from "../kinds/stand-ins.ts";
import type { Place, Walker } from "./walker.ts";

/** A name and its value. */
export type Pair = readonly [name: string, value: unknown];

/**
 * Compares search parameters or the fields of two forms: by name, so that a difference lies where its name says, then by the
 * order of all. Where a rule says that order is no matter, as pairs.
 */
export function comparePairs(
  walk: Walker,
  control: readonly Pair[],
  candidate: readonly Pair[],
  place: Place,
  depth: number,
): boolean {
  if (place.effects.some(({ kind }) => kind === "unordered")) return walk.sameGiven(control, candidate, place, depth);
  const byName = (pairs: readonly Pair[]): object => groupedPairs(pairs, () => walk.pulse());
  if (!walk.sameGiven(byName(control), byName(candidate), place, depth)) return false;
  const ours = control.map(nameOf);
  const theirs = candidate.map(nameOf);
  return ours.every((name, index) => name === theirs[index]) || walk.differ("order", ours, theirs);
}

function nameOf([name]: Pair): string {
  return name;
}
