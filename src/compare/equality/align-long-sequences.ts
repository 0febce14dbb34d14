import { align, type Anchor } from "./anchors.ts";
import { fingerprint } from "./fingerprint.ts";
import { listGap, sameHere } from "./sequence-parts.ts";
import { Unreadable } from "./safe-reader.ts";
import type { Place, Walker } from "./walker.ts";

// Of what is left of the budget. Aligning is a comfort, and must not cost the differences themselves.
const shareForPrints = 0.5;

/**
 * For long lists: by what their elements look like, each pair then looked at. What differs before an anchor is listed before the
 * next anchor is looked at, so that a limit hit later takes nothing away.
 *
 * @returns nothing where nothing is alike, or where looking takes too long
 */
export function byAnchors(
  walk: Walker,
  control: readonly unknown[],
  candidate: readonly unknown[],
  ours: readonly number[],
  theirs: readonly number[],
  place: Place,
  depth: number,
): false | undefined {
  const next = place.element();
  const least = walk.budgetLeft * (1 - shareForPrints);
  const left = fingerprints(walk, control, ours, next, least);
  const right = left && fingerprints(walk, candidate, theirs, next, least);
  const anchors = left && right ? align(left, right) : [];
  if (anchors.length === 0) return undefined;
  const alike = ([i, j]: Anchor): boolean => sameHere(walk, control, candidate, ours[i]!, theirs[j]!, next, depth);
  const moved = reordered(left!, right!, anchors);
  if (moved !== undefined && anchors.every(alike) && moved.every(alike)) {
    walk.differ("order", control, candidate);
    return false;
  }
  let [i, j] = [0, 0];
  for (const [here, there] of [...anchors, [ours.length, theirs.length] as const]) {
    if (here < ours.length && !alike([here, there])) continue;
    listGap(walk, control, candidate, ours.slice(i, here), theirs.slice(j, there), place, depth);
    [i, j] = [here + 1, there + 1];
  }
  return false;
}

function fingerprints(
  walk: Walker,
  list: readonly unknown[],
  indices: readonly number[],
  next: Place,
  least: number,
): number[] | undefined {
  const prints: number[] = [];
  for (const index of indices) {
    if ((prints.length & 15) === 0 && walk.budgetLeft < least) return undefined;
    prints.push(fingerprint(walk, dataOf(walk, list[index]), next));
  }
  return prints;
}

/** An instance's own keys: what it looks like, which is all that is asked here. */
function dataOf(walk: Walker, element: unknown): unknown {
  if (walk.reader.kind(element) !== "instance") return element;
  const keys = walk.reader.keys(element as object);
  if (Unreadable.is(keys)) return element;
  return Object.fromEntries(keys.map((key) => [key, walk.reader.own(element as object, key)]));
}

/** The pairs of what stands in no common order, if it is the same on both sides and no two of it look alike. */
function reordered(
  left: readonly number[],
  right: readonly number[],
  anchors: readonly Anchor[],
): Anchor[] | undefined {
  if (left.length !== right.length) return undefined;
  const [ours, theirs] = [new Set(anchors.map(([i]) => i)), new Set(anchors.map(([, j]) => j))];
  const there = new Map<number, number>();
  right.forEach((print, j) => {
    if (!theirs.has(j)) there.set(print, j);
  });
  if (there.size !== right.length - anchors.length) return undefined;
  const moved: Anchor[] = [];
  for (const [i, print] of left.entries()) {
    if (ours.has(i)) continue;
    const j = there.get(print);
    if (j === undefined) return undefined;
    moved.push([i, j]);
  }
  return moved;
}
