import { symbolSegment, type PathSegment } from "../rules/paths.ts";
import { Unreadable } from "./safe-reader.ts";
import { missing } from "./missing.ts";
import type { Place, Walker } from "./walker.ts";

/** Compares own enumerable keys: control's in their order, then those that only the candidate has. */
export function sameKeys(
  walk: Walker,
  control: object,
  candidate: object,
  place: Place,
  depth: number,
  ours: PropertyKey[] | Unreadable = walk.reader.keys(control),
  theirs: PropertyKey[] | Unreadable = walk.reader.keys(candidate),
): boolean {
  if (Unreadable.is(ours) || Unreadable.is(theirs)) return walk.unreadable(ours, theirs, control, candidate);
  let same = true;
  let has: Set<PropertyKey> | undefined;
  let common = 0;
  for (let index = 0; index < ours.length; index++) {
    const key = ours[index]!;
    if ((index & 255) === 255) walk.pulse();
    let both = theirs[index] === key;
    if (!both) {
      // Keys come in the same order more often than not.
      if (has === undefined && theirs.length > 8) has = setOf(walk, theirs);
      both = has === undefined ? theirs.includes(key) : has.has(key);
    }
    if (both) common++;
    const left = walk.reader.own(control, key);
    const right = both ? walk.reader.own(candidate, key) : missing;
    if (left === right) continue;
    same = walk.sameAt(keySegment(key), left, right, place, depth) && same;
    if (!same && walk.isTrying) return false;
  }
  if (common === theirs.length) return same;
  const own = setOf(walk, ours);
  for (const key of theirs) {
    if (own.has(key)) continue;
    same = walk.sameAt(keySegment(key), missing, walk.reader.own(candidate, key), place, depth) && same;
    if (!same && walk.isTrying) return false;
  }
  return same;
}

function setOf(walk: Walker, keys: readonly PropertyKey[]): Set<PropertyKey> {
  const set = new Set<PropertyKey>();
  keys.forEach((key, index) => {
    if ((index & 255) === 255) walk.pulse();
    set.add(key);
  });
  return set;
}

function keySegment(key: PropertyKey): PathSegment {
  return typeof key === "symbol" ? symbolSegment(key) : String(key);
}
