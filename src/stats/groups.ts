import type { Difference } from "../model/comparison.ts";

const mostGroups = 256;
const reservoirSize = 3;
// Drawing costs more than counting, and a kind that comes a thousand times a second has nothing new to show each time.
const drawEveryMs = 1_000;
// Signatures are short, so many more are remembered than groups kept.
const rememberedPerGroup = 16;

/** One kind of mismatch so far. */
export interface GroupSummary<Example = unknown> {
  /** The mismatch's signature: its name in every call and process. */
  readonly signature: string;
  /** Where the first one differed: paths and kinds, at most five. */
  readonly differences: readonly Pick<Difference, "path" | "kind">[];
  /** How often it was seen; too high by at most `error`. */
  readonly count: number;
  /** What an evicted kind may have left in `count`; 0 while there are fewer than 256 kinds. */
  readonly error: number;
  /** Wall time of the first and the last one, in milliseconds since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Drawn, not the results themselves: what a group keeps is bounded. */
  readonly first: Example;
  /** One second older than `lastSeen` at most. */
  readonly last: Example;
  /** At most three, drawn evenly from all of this kind. */
  readonly examples: readonly Example[];
}

interface Group<Example> {
  signature: string;
  differences: readonly Pick<Difference, "path" | "kind">[];
  count: number;
  error: number;
  seen: number;
  firstSeen: number;
  lastSeen: number;
  first: Example;
  last: Example;
  lastDrawn: number;
  examples: Example[];
}

/**
 * Kinds of mismatch, at most 256: when one more comes, the rarest makes room, and the new one inherits its count as its
 * possible error (Space-Saving). A kind that makes up more than 1/256 of all mismatches is never missing.
 *
 * @see Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams", ICDT 2005
 */
export class MismatchGroups<Example = unknown> {
  readonly #most: number;
  readonly #random: () => number;
  readonly #groups = new Map<string, Group<Example>>();
  /** Kinds that were told as new: one that had to go and comes back is not new again. The oldest are forgotten first. */
  readonly #told = new Set<string>();

  constructor({ random, most = mostGroups }: { readonly random: () => number; readonly most?: number }) {
    this.#random = random;
    this.#most = most;
  }

  /**
   * Counts one mismatch.
   *
   * @param example draws it; called only where it is kept
   * @returns whether its kind has never been seen before
   */
  record(signature: string, differences: readonly Difference[], at: number, example: () => Example): boolean {
    const known = this.#groups.get(signature);
    if (known !== undefined) {
      this.#again(known, at, example);
      return false;
    }
    const evicted = this.#groups.size >= this.#most ? this.#rarest() : undefined;
    if (evicted !== undefined) this.#groups.delete(evicted.signature);
    const error = evicted?.count ?? 0;
    const drawn = example();
    this.#groups.set(signature, {
      signature,
      differences: differences.slice(0, 5).map(({ path, kind }) => ({ path, kind })),
      count: error + 1,
      error,
      seen: 1,
      firstSeen: at,
      lastSeen: at,
      first: drawn,
      last: drawn,
      lastDrawn: at,
      examples: [drawn],
    });
    return this.#tell(signature);
  }

  /** All kinds, the most frequent first. */
  list(): GroupSummary<Example>[] {
    return [...this.#groups.values()]
      .sort((one, other) => other.count - one.count || (one.signature < other.signature ? -1 : 1))
      .map(({ signature, differences, count, seen, firstSeen, lastSeen, first, last, ...group }) => ({
        ...{ signature, differences, count, firstSeen, lastSeen, first, last },
        error: Math.min(group.error, count - seen),
        examples: [...group.examples],
      }));
  }

  #again(group: Group<Example>, at: number, example: () => Example): void {
    group.count += 1;
    group.seen += 1;
    group.lastSeen = at;
    // Algorithm R: the n-th one takes a place with the chance of 3/n.
    const place =
      group.examples.length < reservoirSize ? group.examples.length : Math.floor(this.#random() * group.seen);
    const isChosen = place >= 0 && place < reservoirSize;
    if (!isChosen && at - group.lastDrawn < drawEveryMs) return;
    const drawn = example();
    group.last = drawn;
    group.lastDrawn = at;
    if (isChosen) group.examples[place] = drawn;
  }

  #tell(signature: string): boolean {
    if (this.#told.has(signature)) return false;
    this.#told.add(signature);
    if (this.#told.size > this.#most * rememberedPerGroup) {
      const [oldest] = this.#told;
      this.#told.delete(oldest!);
    }
    return true;
  }

  #rarest(): Group<Example> | undefined {
    let rarest: Group<Example> | undefined;
    for (const group of this.#groups.values()) if (rarest === undefined || group.count < rarest.count) rarest = group;
    return rarest;
  }
}
