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
  /** Those that were seen, and those that a kind may have left which had to go. */
  count: number;
  seen: number;
  firstSeen: number;
  lastSeen: number;
  first: Example;
  last: Example;
  lastDrawn: number;
  examples: Example[];
  /** Of the first example, and of all that are kept. */
  firstBytes: number;
  bytes: number;
}

/** What examples may take, shared with other experiments. */
export interface ExampleRoom<Example> {
  bytesOf(example: Example): number;
  /** Takes so many bytes, or frees them where they are negative; `false` when there are not so many, unless it `must`. */
  take(bytes: number, must?: boolean): boolean;
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

  #newKinds = 0;
  readonly #room: ExampleRoom<Example> | undefined;
  readonly #drawPath: (path: string) => string;

  /**
   * @param options.room without it, examples take what they take
   * @param options.drawPath what is kept of a path; all of it by default
   */
  constructor({
    random,
    most = mostGroups,
    room,
    drawPath = (path) => path,
  }: {
    readonly random: () => number;
    readonly most?: number;
    readonly room?: ExampleRoom<Example>;
    readonly drawPath?: (path: string) => string;
  }) {
    this.#random = random;
    this.#most = most;
    this.#room = room;
    this.#drawPath = drawPath;
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
    let error = evicted === undefined ? 0 : this.#evict(evicted);
    const drawn = example();
    const bytes = this.#room?.bytesOf(drawn) ?? 0;
    error = Math.max(error, this.#makeRoom(bytes));
    this.#groups.set(signature, {
      signature,
      differences: differences.slice(0, 5).map(({ path, kind }) => ({ path: this.#drawPath(path), kind })),
      count: error + 1,
      seen: 1,
      firstSeen: at,
      lastSeen: at,
      first: drawn,
      last: drawn,
      lastDrawn: at,
      examples: [drawn],
      firstBytes: bytes,
      bytes,
    });
    return this.#tell(signature);
  }

  get size(): number {
    return this.#groups.size;
  }

  /** How many kinds were new so far. */
  get newKinds(): number {
    return this.#newKinds;
  }

  /** All kinds, the most frequent first. */
  list(): GroupSummary<Example>[] {
    return [...this.#groups.values()]
      .sort((one, other) => other.count - one.count || (one.signature < other.signature ? -1 : 1))
      .map(({ signature, differences, count, seen, firstSeen, lastSeen, first, last, examples }) => ({
        ...{ signature, differences, count, firstSeen, lastSeen, first, last },
        error: count - seen,
        examples: [...examples],
      }));
  }

  #again(group: Group<Example>, at: number, example: () => Example): void {
    group.count += 1;
    group.seen += 1;
    group.lastSeen = at;
    // Algorithm R: the n-th one takes a place with the chance of 3/n.
    const place =
      group.examples.length < reservoirSize ? group.examples.length : Math.floor(this.#random() * group.seen);
    const isChosen = place < reservoirSize;
    if (!isChosen && at - group.lastDrawn < drawEveryMs) return;
    const drawn = example();
    const examples = [...group.examples];
    if (isChosen) examples[place] = drawn;
    const bytes = this.#bytesOf([group.first, drawn, ...examples]);
    group.lastDrawn = at;
    if (this.#room !== undefined && !this.#room.take(bytes - group.bytes)) return;
    Object.assign(group, { last: drawn, examples, bytes });
  }

  #tell(signature: string): boolean {
    if (this.#told.has(signature)) return false;
    this.#told.add(signature);
    this.#newKinds += 1;
    if (this.#told.size > this.#most * rememberedPerGroup) {
      const [oldest] = this.#told;
      this.#told.delete(oldest!);
    }
    return true;
  }

  #bytesOf(examples: readonly Example[]): number {
    if (this.#room === undefined) return 0;
    let bytes = 0;
    for (const each of new Set(examples)) bytes += this.#room.bytesOf(each);
    return bytes;
  }

  /** @returns how often its kind was seen */
  #evict(group: Group<Example>): number {
    this.#groups.delete(group.signature);
    this.#room?.take(-group.bytes);
    return group.count;
  }

  /**
   * Takes so many bytes: where there are none left, all but the first example of the largest kinds goes, then the rarest kinds.
   *
   * @returns how often a kind that went was seen, at most
   */
  #makeRoom(bytes: number): number {
    const room = this.#room;
    if (room === undefined || room.take(bytes)) return 0;
    for (const group of this.#groups.values()) {
      const { first, firstBytes, bytes: all } = group;
      room.take(firstBytes - all);
      Object.assign(group, { last: first, examples: [first], bytes: firstBytes });
    }
    let seen = 0;
    while (!room.take(bytes)) {
      const rarest = this.#rarest();
      if (rarest === undefined) {
        // The others' examples fill it: one of each experiment stays all the same.
        room.take(bytes, true);
        break;
      }
      seen = Math.max(seen, this.#evict(rarest));
    }
    return seen;
  }

  #rarest(): Group<Example> | undefined {
    let rarest: Group<Example> | undefined;
    for (const group of this.#groups.values()) if (rarest === undefined || group.count < rarest.count) rarest = group;
    return rarest;
  }
}
