/** Who found a partner, and who did not. */
export interface Matching {
  readonly complete: boolean;
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/**
 * Pairs as many of `left` with as many of `right` as can be, where `fits` says who goes with whom.
 *
 * Greedy where `fits` is transitive, as equality is. Under a tolerance it is not: 1 ≈ 1.1 ≈ 1.2, but 1 is not 1.2, so that
 * a pair has to give way for another. Then augmenting paths find a largest matching (Kuhn, 1955).
 */
export function match(
  left: readonly number[],
  right: readonly number[],
  fits: (left: number, right: number) => boolean,
  transitive: boolean,
): Matching {
  const partnerOf = new Map<number, number>();
  const free = new Set(right);
  const known = new Map<number, boolean>();
  const pairs = (a: number, b: number): boolean => {
    const pair = a * 2 ** 26 + b;
    let answer = known.get(pair);
    if (answer === undefined) known.set(pair, (answer = fits(a, b)));
    return answer;
  };
  const alone: number[] = [];
  for (const a of left) {
    let found: number | undefined;
    for (const b of free) {
      if (!(transitive ? fits(a, b) : pairs(a, b))) continue;
      found = b;
      break;
    }
    if (found === undefined) alone.push(a);
    else {
      free.delete(found);
      partnerOf.set(found, a);
    }
  }
  const unmatched = transitive ? alone : alone.filter((a) => !augment(a, right, pairs, partnerOf, free));
  return { complete: unmatched.length === 0 && free.size === 0, left: unmatched, right: [...free] };
}

/** Looks breadth first for a chain of pairs that can each move on by one, and moves them. */
function augment(
  start: number,
  right: readonly number[],
  fits: (left: number, right: number) => boolean,
  partnerOf: Map<number, number>,
  free: Set<number>,
): boolean {
  const cameFrom = new Map<number, number>();
  const takes = new Map<number, number>();
  const queue = [start];
  for (const a of queue) {
    for (const b of right) {
      if (cameFrom.has(b) || !fits(a, b)) continue;
      cameFrom.set(b, a);
      if (!free.has(b)) {
        queue.push(partnerOf.get(b)!);
        takes.set(partnerOf.get(b)!, b);
        continue;
      }
      free.delete(b);
      for (let end: number | undefined = b; end !== undefined;) {
        const mover: number = cameFrom.get(end)!;
        const gives: number | undefined = takes.get(mover);
        partnerOf.set(end, mover);
        end = gives;
      }
      return true;
    }
  }
  return false;
}
