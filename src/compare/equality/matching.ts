/** Who found a partner, and who did not. */
export interface Matching {
  readonly complete: boolean;
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** Which elements are paired. */
  readonly pairs: readonly (readonly [left: number, right: number])[];
}

/** A number of each element, where elements can only fit whose numbers are close. */
export interface Bands {
  readonly left: ReadonlyMap<number, number>;
  readonly right: ReadonlyMap<number, number>;
  /** How far from a number those may be that fit it. */
  reach(value: number): number;
}

/** Which of `right` may fit one of `left`. */
type CandidatesOf = (left: number) => Iterable<number>;

/**
 * Pairs as many of `left` with as many of `right` as can be, where `fits` says which may be paired.
 *
 * Greedy where `fits` is transitive, as equality is. Under a tolerance it is not: 1 ≈ 1.1 ≈ 1.2, but 1 is not 1.2, so that
 * a pair has to give way for another. Then augmenting paths find a largest matching (Kuhn, 1955).
 *
 * @param bands where they are known, only elements with numbers close enough are tried, smallest first
 */
export function match(
  left: readonly number[],
  right: readonly number[],
  fits: (left: number, right: number) => boolean,
  transitive: boolean,
  bands?: Bands,
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
  const inOrder = bands === undefined ? left : sorted(left, bands.left);
  const others = bands === undefined ? right : sorted(right, bands.right);
  const next: CandidatesOf = bands === undefined ? () => (transitive ? free : right) : nextFree(bands, others, free);
  const close: CandidatesOf = bands === undefined ? () => right : closeTo(bands, others);
  const alone: number[] = [];
  for (const a of inOrder) {
    let found: number | undefined;
    for (const b of next(a)) {
      if (!free.has(b) || !(transitive ? fits(a, b) : pairs(a, b))) continue;
      found = b;
      break;
    }
    if (found === undefined) alone.push(a);
    else {
      free.delete(found);
      partnerOf.set(found, a);
    }
  }
  const unmatched = transitive ? alone : alone.filter((a) => !augment(a, close, pairs, partnerOf, free));
  return {
    complete: unmatched.length === 0 && free.size === 0,
    left: unmatched,
    right: [...free],
    pairs: [...partnerOf].map(([b, a]) => [a, b] as const),
  };
}

function sorted(elements: readonly number[], by: ReadonlyMap<number, number>): readonly number[] {
  return [...elements].sort((a, b) => by.get(a)! - by.get(b)!);
}

/** All that are close enough to one of the left. */
function closeTo(bands: Bands, right: readonly number[]): CandidatesOf {
  return function* (a) {
    const value = bands.left.get(a)!;
    const reach = bands.reach(value);
    let low = 0;
    let high = right.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bands.right.get(right[middle]!)! < value - reach) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < right.length && bands.right.get(right[at]!)! <= value + reach; at++) yield right[at]!;
  };
}

/** The same for elements asked for in their order, each once, without what is taken already at the start. */
function nextFree(bands: Bands, right: readonly number[], free: ReadonlySet<number>): CandidatesOf {
  let first = 0;
  return function* (a) {
    const value = bands.left.get(a)!;
    const reach = bands.reach(value);
    const isGone = (b: number): boolean => !free.has(b) || bands.right.get(b)! < value - reach;
    while (first < right.length && isGone(right[first]!)) first++;
    for (let at = first; at < right.length && bands.right.get(right[at]!)! <= value + reach; at++) yield right[at]!;
  };
}

/** Looks breadth first for a chain of pairs that can each move on by one, and moves them. */
function augment(
  start: number,
  candidatesOf: CandidatesOf,
  fits: (left: number, right: number) => boolean,
  partnerOf: Map<number, number>,
  free: Set<number>,
): boolean {
  const cameFrom = new Map<number, number>();
  const takes = new Map<number, number>();
  const queue = [start];
  for (const a of queue) {
    for (const b of candidatesOf(a)) {
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
