/** What is known of a pair of objects at a place. */
export type PairState = "open" | "same" | "different";

/** One pair that was looked at. */
export interface Pair {
  readonly control: object;
  readonly candidate: object;
  readonly place: object;
  readonly next: Pair | undefined;
  state: PairState;
}

/**
 * Remembers pairs, so that a cycle ends and what is shared is looked at once: 40 levels of two references each are 40
 * pairs, not 2⁴⁰.
 */
export class Pairs {
  private readonly first = new Map<object, Pair>();
  private readonly journal: Pair[] = [];

  find(control: object, candidate: object, place: object): PairState | undefined {
    let pair = this.first.get(control);
    while (pair !== undefined && (pair.candidate !== candidate || pair.place !== place)) pair = pair.next;
    return pair?.state;
  }

  open(control: object, candidate: object, place: object): Pair {
    const pair: Pair = { control, candidate, place, next: this.first.get(control), state: "open" };
    this.first.set(control, pair);
    this.journal.push(pair);
    return pair;
  }

  close(pair: Pair, same: boolean): void {
    pair.state = same ? "same" : "different";
  }

  mark(): number {
    return this.journal.length;
  }

  /** Forgets all pairs opened since the mark. */
  forgetSince(mark: number): void {
    while (this.journal.length > mark) {
      const { control, next } = this.journal.pop()!;
      if (next === undefined) this.first.delete(control);
      else this.first.set(control, next);
    }
  }
}
