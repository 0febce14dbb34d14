import { missing } from "./missing.ts";
import { isIgnored, type Place, type Walker } from "./walker.ts";

/** Whether two elements of two arrays are the same at a place; notes nothing. */
export function sameHere(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: number,
  theirs: number,
  next: Place,
  depth: number,
): boolean {
  const left = control[ours];
  const right = candidate[theirs];
  if (left === right) {
    walk.tick();
    return true;
  }
  if (left === missing || right === missing) {
    const optional = walk.rules.undefinedIsMissing && (left === undefined || right === undefined);
    return optional || isIgnored(next);
  }
  return walk.isTrying ? walk.sameQuickly(left, right, next, depth) : walk.probe(left, right, next, depth);
}

/** Between two elements that both sides have: changed ones in pairs, then what only one side has. */
export function listGap(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  place: Place,
  depth: number,
): void {
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const left = ours[at];
    const right = theirs[at];
    const here = left === undefined ? missing : control[left];
    const there = right === undefined ? missing : candidate[right];
    // Ignoring elements does not make lists of different length the same: what is extra is noted in any case.
    if (left === undefined) note(walk, "added", right!, missing, there);
    else if (right === undefined) note(walk, "removed", left, here, missing);
    else walk.sameAt(left, here, there, place, depth);
  }
}

function note(walk: Walker, kind: "added" | "removed", index: number, control: unknown, candidate: unknown): void {
  walk.path.push(index);
  walk.differ(kind, control, candidate);
  walk.path.pop();
}
