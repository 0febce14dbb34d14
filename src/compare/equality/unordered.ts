import { byLikeness } from "./likeness.ts";
import { match, type Matching } from "./matching.ts";
import { fingerprint } from "./fingerprint.ts";
import { missing, type Place, type Walker } from "./walker.ts";
import type { PathSegment } from "../rules/paths.ts";

/**
 * Compares two lists as multisets: each element of one must find its own equal in the other. With `by`, only elements
 * with the same key are paired.
 *
 * What stays without an equal is paired with what it is most like and compared, so that a changed element reads as what changed in it.
 */
export function compareUnordered(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  by: ((element: unknown) => unknown) | undefined,
  place: Place,
  depth: number,
  segmentOf: (index: number) => PathSegment = (index) => index,
): boolean {
  const groupOf = (element: unknown): string | number =>
    by ? groupName(walk.keyOf(by, element)) : fingerprint(walk, element, place);
  const groups = groupBoth(control, candidate, groupOf);
  const left: number[] = [];
  const right: number[] = [];
  let same = true;
  for (const [ours, theirs] of groups) {
    const matching = matchGroup(walk, control, candidate, ours, theirs, place, depth);
    if (matching.complete) continue;
    same = false;
    if (walk.isTrying) return false;
    if (by) list(walk, control, candidate, matching.left, matching.right, place, depth, segmentOf);
    else {
      left.push(...matching.left);
      right.push(...matching.right);
    }
  }
  list(walk, control, candidate, left.sort(ascending), right.sort(ascending), place, depth, segmentOf);
  return same;
}

function matchGroup(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  place: Place,
  depth: number,
): Matching {
  if (ours.length === 0 || theirs.length === 0)
    return { complete: ours.length === theirs.length, left: ours, right: theirs };
  // A trial that cannot lead to a complete matching still tells which elements are the odd ones out.
  return match(ours, theirs, (a, b) => walk.tries(control[a], candidate[b], place, depth), walk.rules.transitive);
}

/** Lists elements without an equal: pairs that are most alike, then what only one side has. */
function list(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  unpaired: readonly number[],
  others: readonly number[],
  place: Place,
  depth: number,
  segmentOf: (index: number) => PathSegment,
): void {
  const [left, right] = byLikeness(walk, control, candidate, unpaired, others);
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const ours = left[at];
    const theirs = right[at];
    walk.path.push(segmentOf(ours ?? theirs!));
    if (ours !== undefined && theirs !== undefined && control[ours] !== missing && candidate[theirs] !== missing) {
      walk.same(control[ours], candidate[theirs], place, depth);
    } else if (ours === undefined || theirs === undefined) {
      walk.differ(
        ours === undefined ? "added" : "removed",
        ours === undefined ? missing : control[ours],
        theirs === undefined ? missing : candidate[theirs],
      );
    } else walk.differ(control[ours] === missing ? "added" : "removed", control[ours], candidate[theirs]);
    walk.path.pop();
  }
}

function groupBoth(
  control: readonly unknown[],
  candidate: readonly unknown[],
  groupOf: (element: unknown) => string | number,
): Iterable<readonly [readonly number[], readonly number[]]> {
  const groups = new Map<string | number, [number[], number[]]>();
  [control, candidate].forEach((elements, side) => {
    elements.forEach((element, index) => {
      const name = groupOf(element);
      let group = groups.get(name);
      if (group === undefined) groups.set(name, (group = [[], []]));
      group[side]!.push(index);
    });
  });
  return groups.values();
}

function groupName(key: unknown): string {
  // Keys that are no primitives say no more than that; the elements themselves are tried.
  if ((typeof key === "object" && key !== null) || typeof key === "function") return "object";
  return `${typeof key} ${String(key)}`;
}

function ascending(a: number, b: number): number {
  return a - b;
}
