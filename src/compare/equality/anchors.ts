/** A position of control's beside one of the candidate's. */
export type Anchor = readonly [ours: number, theirs: number];

const mostEdits = 256;
const mostSteps = 4_000_000;

/**
 * Aligns two long lists of numbers that stand for their elements; both positions of the anchors only rise.
 *
 * First by what either list has once (patience), then, between two such anchors, by the shortest edit (Myers, 1986) as long as
 * that is short: at most 256 insertions and removals, and fewer in lists of more than 15 000. What is further apart stays
 * without anchors. Takes some n·log n steps, and never more than a few million.
 *
 * @example align([7, 1, 2, 3], [1, 2, 9, 3]) // => [[1, 0], [2, 1], [3, 3]]
 */
export function align(ours: readonly number[], theirs: readonly number[]): Anchor[] {
  const anchors: Anchor[] = [];
  let [left, right] = [0, 0];
  for (const [here, there] of [...byPatience(ours, theirs), [ours.length, theirs.length] as const]) {
    for (const anchor of byEdits(ours, theirs, left, here, right, there)) anchors.push(anchor);
    if (here < ours.length) anchors.push([here, there]);
    [left, right] = [here + 1, there + 1];
  }
  return anchors;
}

/** The longest rising run of what occurs once on each side. */
function byPatience(ours: readonly number[], theirs: readonly number[]): Anchor[] {
  const there = onces(theirs);
  const common: Anchor[] = [];
  for (const [value, at] of onces(ours)) {
    const other = at < 0 ? -1 : (there.get(value) ?? -1);
    if (other >= 0) common.push([at, other]);
  }
  // The lowest end of a run of each length, and what came before each element in its run.
  const ends: number[] = [];
  const before: number[] = [];
  common.forEach(([, at], index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (common[ends[middle]!]![1] < at) low = middle + 1;
      else high = middle;
    }
    before.push(low === 0 ? -1 : ends[low - 1]!);
    ends[low] = index;
  });
  const run: Anchor[] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]!) run.push(common[index]!);
  return run.reverse();
}

/** Where each value stands; −1 for one that stands at several places. */
function onces(list: readonly number[]): Map<number, number> {
  const places = new Map<number, number>();
  list.forEach((value, at) => places.set(value, places.has(value) ? -1 : at));
  return places;
}

/** The greedy algorithm, from `(left, right)` up to `(leftEnd, rightEnd)`. */
function byEdits(
  ours: readonly number[],
  theirs: readonly number[],
  left: number,
  leftEnd: number,
  right: number,
  rightEnd: number,
): Anchor[] {
  const [width, height] = [leftEnd - left, rightEnd - right];
  if (width === 0 || height === 0) return [];
  const most = Math.min(width + height, mostEdits, Math.max(8, Math.floor(mostSteps / (width + height))));
  const trail: Int32Array[] = [];
  // How far each diagonal, ours minus theirs, is reached; shifted by what keeps indices positive.
  let reached = new Int32Array(2 * most + 3);
  for (let edits = 0; edits <= most; edits++) {
    trail.push(reached);
    reached = reached.slice();
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const at = diagonal + most + 1;
      const down = diagonal === -edits || (diagonal !== edits && reached[at - 1]! < reached[at + 1]!);
      let x = down ? reached[at + 1]! : reached[at - 1]! + 1;
      while (x < width && x - diagonal < height && ours[left + x] === theirs[right + x - diagonal]) x++;
      reached[at] = x;
      if (x >= width && x - diagonal >= height) return walkBack(trail, edits, width, height, most, left, right);
    }
  }
  return [];
}

function walkBack(
  trail: readonly Int32Array[],
  edits: number,
  width: number,
  height: number,
  most: number,
  left: number,
  right: number,
): Anchor[] {
  const anchors: Anchor[] = [];
  let [x, y] = [width, height];
  for (; edits >= 0; edits--) {
    const reached = trail[edits]!;
    const diagonal = x - y;
    const at = diagonal + most + 1;
    const down = diagonal === -edits || (diagonal !== edits && reached[at - 1]! < reached[at + 1]!);
    const before =
      edits === 0 ? 0
      : down ? reached[at + 1]!
      : reached[at - 1]!;
    const start =
      edits === 0 ? 0
      : down ? before
      : before + 1;
    while (x > start) anchors.push([left + --x, right + --y]);
    if (edits > 0) [x, y] = [before, before - (down ? diagonal + 1 : diagonal - 1)];
  }
  return anchors.reverse();
}
