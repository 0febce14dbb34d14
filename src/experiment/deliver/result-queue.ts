import type { Result, ResultKind } from "../../model/result.ts";

/** Something that waits, with its running number. */
export interface Waiter<Item> {
  readonly item: Item;
  readonly number: number;
  /** `undefined` until it was needed. */
  bytes: number | undefined;
  gone: boolean;
}

/** What goes first when there is no room: matches, then what a rule knows, then what is like others, then what is new. */
export type Worth = 0 | 1 | 2 | 3;

/**
 * What waits for one publisher, taken out in its order, and given up by its worth: of matches and of what a rule knows the
 * oldest, of the rest the newest. Every step is O(1) on average.
 *
 * What waits is measured only when it has to wait, since measuring costs more than handing one to a synchronous
 * publisher.
 */
export class ResultQueue<Item> {
  readonly #lanes = [new Lane<Item>(), new Lane<Item>(), new Lane<Item>(), new Lane<Item>()] as const;
  #fresh: Waiter<Item>[] = [];
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Of those that were measured. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): Waiter<Item> | undefined {
    return this.#firstLane()?.first;
  }

  push(item: Item, number: number, worth: Worth): void {
    const waiter = { item, number, bytes: undefined, gone: false };
    this.#lanes[worth].push(waiter);
    this.#fresh.push(waiter);
    this.#length += 1;
  }

  /** Takes the oldest of all. */
  shift(): Waiter<Item> | undefined {
    return this.#took(this.#firstLane()?.shift());
  }

  /** Takes what is worth least. */
  giveUp(): Waiter<Item> | undefined {
    const [matches, ignored, known, isNew] = this.#lanes;
    return this.#took(matches.shift() ?? ignored.shift() ?? known.pop() ?? isNew.pop());
  }

  /**
   * Measures everything that was not measured yet.
   *
   * @returns how many were taken out because each alone is bigger than `mostBytes`
   */
  measure(mostBytes: number, bytesOf: (item: Item) => number): number {
    const fresh = this.#fresh;
    this.#fresh = [];
    let removed = 0;
    for (const waiter of fresh) {
      if (waiter.gone) continue;
      waiter.bytes = bytesOf(waiter.item);
      if (waiter.bytes <= mostBytes) {
        this.#bytes += waiter.bytes;
        continue;
      }
      waiter.gone = true;
      this.#length -= 1;
      removed += 1;
    }
    return removed;
  }

  clear(): void {
    for (const lane of this.#lanes) lane.clear();
    this.#fresh = [];
    this.#length = 0;
    this.#bytes = 0;
  }

  #firstLane(): Lane<Item> | undefined {
    let oldest: Lane<Item> | undefined;
    for (const lane of this.#lanes) {
      const { first } = lane;
      if (first !== undefined && (oldest === undefined || first.number < oldest.first!.number)) oldest = lane;
    }
    return oldest;
  }

  #took(waiter: Waiter<Item> | undefined): Waiter<Item> | undefined {
    if (waiter === undefined) return undefined;
    waiter.gone = true;
    this.#length -= 1;
    this.#bytes -= waiter.bytes ?? 0;
    if (this.#length === 0) this.clear();
    // Those that were taken before they were measured are let go of.
    else if (this.#fresh.length > 2 * this.#length + 64) this.#fresh = this.#fresh.filter(({ gone }) => !gone);
    return waiter;
  }
}

/** What is of one worth, oldest first. Those that are gone are skipped when they come up. */
class Lane<Item> {
  #waiters: (Waiter<Item> | undefined)[] = [];
  #head = 0;

  get first(): Waiter<Item> | undefined {
    while (this.#waiters[this.#head]?.gone === true) this.#step();
    return this.#waiters[this.#head];
  }

  push(waiter: Waiter<Item>): void {
    this.#waiters.push(waiter);
  }

  shift(): Waiter<Item> | undefined {
    const { first } = this;
    if (first !== undefined) this.#step();
    return first;
  }

  pop(): Waiter<Item> | undefined {
    while (this.#waiters.length > this.#head) {
      const last = this.#waiters.pop()!;
      if (!last.gone) return last;
    }
    return undefined;
  }

  clear(): void {
    if (this.#waiters.length > 0) this.#waiters = [];
    this.#head = 0;
  }

  #step(): void {
    this.#waiters[this.#head] = undefined;
    this.#head += 1;
    // Compacting every 512 steps copies each slot a bounded number of times, so that a step is O(1) on average.
    if (this.#head === this.#waiters.length) this.clear();
    else if (this.#head >= 512) {
      this.#waiters = this.#waiters.slice(this.#head);
      this.#head = 0;
    }
  }
}

const mostKinds = 1_000;

/** Tells the first of its kind from others, for each candidate: by signature, or by what it is where there is none. */
export class Novelty {
  readonly #kinds = new Set<string>();

  worthOf(result: Result): Worth {
    const worth = worthByKind[result.kind];
    if (worth !== undefined) return worth;
    let isNew = false;
    for (const { name, comparison, outcome } of result.candidates) {
      const kind = comparison.kind === "mismatch" ? comparison.signature : `${outcome.kind} ${comparison.kind}`;
      if (this.#isNew(`${result.experiment}\n${name}\n${kind}`) && comparison.kind !== "match") isNew = true;
    }
    return isNew ? 3 : 2;
  }

  #isNew(kind: string): boolean {
    if (this.#kinds.has(kind)) return false;
    this.#kinds.add(kind);
    if (this.#kinds.size > mostKinds) for (const oldest of this.#kinds) return this.#kinds.delete(oldest);
    return true;
  }
}

const worthByKind: Readonly<Partial<Record<ResultKind, Worth>>> = { match: 0, ignored: 1 };
