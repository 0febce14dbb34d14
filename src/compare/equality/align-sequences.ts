import { byAnchors } from "./align-long-sequences.ts";
import { fingerprint } from "./fingerprint.ts";
import { listGap, sameHere } from "./sequence-parts.ts";
import { missing } from "./missing.ts";
import type { Place, Walker } from "./walker.ts";

const mostAlignedCells = 40_000;
const identifiers = ["id", "_id", "key", "uuid", "name"] as const;

/**
 * Compares two arrays in order. Where they differ, elements are aligned first, so that one inserted element is one
 * difference: by an identifying key where all elements have one, else by longest common subsequence where that is
 * affordable, else by anchors between which the lists are much alike, else by position.
 */
export function compareSequences(
  walk: Walker,
  ours: readonly unknown[],
  theirs: readonly unknown[],
  place: Place,
  depth: number,
): boolean {
  if (walk.isTrying && ours.length !== theirs.length) return false;
  const control = elementsOf(walk, ours);
  const candidate = elementsOf(walk, theirs);
  if (walk.isTrying) {
    const shorter = Math.min(control.length, candidate.length);
    return firstDifference(walk, control, candidate, 0, shorter, place, depth) === shorter;
  }
  const equal = walk.equalUntil(ours, theirs, place);
  return alignAndList(walk, control, candidate, equal, place, depth, () => walk.differ("order", ours, theirs));
}

/** All that is compared of an array in its order, each element read once. */
function elementsOf(walk: Walker, array: readonly unknown[]): readonly unknown[] {
  return walk.reader.elements(array, () => walk.pulse());
}

function alignAndList(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  equal: number,
  place: Place,
  depth: number,
  reorder: () => boolean,
): boolean {
  // Rules for single positions mean positions.
  if (place.positions) return byPosition(walk, control, candidate, 0, place, depth);
  // A single element need not be tried before it is looked at: lists in lists would be tried at each level.
  if (control.length === 1 && candidate.length === 1) return byPosition(walk, control, candidate, 0, place, depth);
  const shorter = Math.min(control.length, candidate.length);
  const start = firstDifference(walk, control, candidate, equal, shorter, place, depth);
  if (start === shorter && control.length === candidate.length) return true;
  const next = place.element();
  let end = 0;
  while (
    end < shorter - start &&
    sameHere(walk, control, candidate, control.length - 1 - end, candidate.length - 1 - end, next, depth)
  )
    end++;
  const ours = range(start, control.length - end);
  const theirs = range(start, candidate.length - end);
  if (ours.length === 1 && theirs.length === 1) {
    walk.sameAt(start, control[start], candidate[start], place, depth);
    return false;
  }
  if (ours.length === 0 || theirs.length === 0) {
    listGap(walk, control, candidate, ours, theirs, place, depth);
    return false;
  }
  return (
    byIdentity(walk, control, candidate, ours, theirs, place, depth) ??
    bySubsequence(walk, control, candidate, ours, theirs, place, depth, reorder) ??
    byAnchors(walk, control, candidate, ours, theirs, place, depth) ??
    byPosition(walk, control, candidate, start, place, depth)
  );
}

function firstDifference(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  from: number,
  end: number,
  place: Place,
  depth: number,
): number {
  let index = from;
  while (index < end) {
    const next = place.dead ? place : place.next(index);
    if (!sameHere(walk, control, candidate, index, index, next, depth)) break;
    index++;
  }
  return index;
}

/** Lists by position, and one difference for another length. */
function byPosition(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  start: number,
  place: Place,
  depth: number,
): boolean {
  const shorter = Math.min(control.length, candidate.length);
  let same = true;
  for (let index = start; index < shorter; index++) {
    const ours = control[index];
    const theirs = candidate[index];
    if (ours === theirs) walk.tick();
    else same = walk.sameAt(index, ours, theirs, place, depth) && same;
  }
  return control.length === candidate.length ? same : walk.differ("length", control.length, candidate.length);
}

function byIdentity(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  place: Place,
  depth: number,
): false | undefined {
  for (const identifier of identifiers) {
    const left = identities(walk, control, ours, identifier, place);
    const right = left && identities(walk, candidate, theirs, identifier, place);
    if (!left || !right) continue;
    const known = [...left.keys()].filter((id) => right.has(id));
    // Nothing in common: the elements are others, or their ids are made up anew each time.
    if (known.length === 0) continue;
    const before = walk.noted;
    const orderThere = [...right.keys()].filter((id) => left.has(id));
    if (known.some((id, index) => id !== orderThere[index])) walk.differ("order", known, orderThere);
    for (const [id, index] of left) {
      const there = right.get(id);
      const element = control[index];
      walk.sameAt(index, element, there === undefined ? missing : candidate[there], place, depth);
    }
    for (const [id, index] of right) {
      if (!left.has(id)) walk.sameAt(index, missing, candidate[index], place, depth);
    }
    if (walk.noted === before) walk.differ("length", control.length, candidate.length);
    return false;
  }
  return undefined;
}

/** Where each id stands; nothing unless every element is plain, has one, and no two have the same. */
function identities(
  walk: Walker,
  elements: readonly unknown[],
  indices: readonly number[],
  identifier: string,
  place: Place,
): Map<string | number, number> | undefined {
  const found = new Map<string | number, number>();
  const next = place.element();
  // A key that is not looked at, or loosely, identifies nothing.
  if (!next.dead && next.next(identifier).effects.length > 0) return undefined;
  for (const index of indices) {
    if ((index & 255) === 255) walk.pulse();
    const element = elements[index];
    if (typeof element !== "object" || element === null || walk.reader.kind(element) !== "plain") return undefined;
    const id = walk.reader.own(element, identifier);
    if ((typeof id !== "string" && typeof id !== "number") || found.has(id)) return undefined;
    found.set(id, index);
  }
  return found;
}

/** Longest common subsequence (Wagner and Fischer, 1974), while the table is small and the trials last. */
function bySubsequence(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  place: Place,
  depth: number,
  reorder: () => boolean,
): false | undefined {
  const cells = ours.length * theirs.length;
  if (cells > Math.min(mostAlignedCells, walk.trialsLeft)) return undefined;
  const next = place.element();
  const left = ours.map((index) => control[index]);
  const right = theirs.map((index) => candidate[index]);
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  const equal = new Uint8Array(cells);
  const prints = cells > fewCells ? [left, right].map((side) => printsOf(walk, side, next)) : undefined;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const mayBeSame = prints === undefined || prints[0]![i] === prints[1]![j];
      const same = mayBeSame && walk.tries(left[i], right[j], next, depth);
      if (same) equal[i * right.length + j] = 1;
      lengths[i * width + j] =
        same ?
          lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  // The same elements in another order are one difference, not a removed and an added one each.
  if (left.length === right.length && lengths[0]! < left.length && isPermutation(equal, left.length)) {
    reorder();
    return false;
  }
  let i = 0;
  let j = 0;
  let gapLeft: number[] = [];
  let gapRight: number[] = [];
  const flush = (): void => {
    listGap(walk, control, candidate, gapLeft, gapRight, place, depth);
    gapLeft = [];
    gapRight = [];
  };
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && equal[i * right.length + j] === 1) {
      flush();
      i++;
      j++;
    } else if (j >= right.length || (i < left.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!))
      gapLeft.push(ours[i++]!);
    else gapRight.push(theirs[j++]!);
  }
  flush();
  return false;
}

// Of fewer pairs, trying all takes no longer.
const fewCells = 64;

function printsOf(walk: Walker, elements: readonly unknown[], place: Place): Int32Array {
  return Int32Array.from(elements, (element) => fingerprint(walk, element, place));
}

function isPermutation(equal: Uint8Array, size: number): boolean {
  const taken = new Set<number>();
  for (let i = 0; i < size; i++) {
    let partner = 0;
    while (partner < size && (taken.has(partner) || equal[i * size + partner] !== 1)) partner++;
    if (partner === size) return false;
    taken.add(partner);
  }
  return true;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
