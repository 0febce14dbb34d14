import type { DropReason } from "../../model/publisher.ts";
import type { Result } from "../../model/result.ts";
import type { RolloutEvent } from "../../model/rollout.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import type { Holder, MemoryBudget } from "./memory-budget.ts";
import { Novelty, ResultQueue } from "./result-queue.ts";

const mostResults = 1_000;
const mostEvents = 100;
const mostTallies = 20_000;
const batchSize = 100;
const tallyBatchSize = 500;
const noTallies: readonly TallyRecord[] = Object.freeze([]);

/** What is handed to a publisher at once. */
export interface Job {
  readonly results: readonly Result[];
  readonly event: RolloutEvent | undefined;
  readonly tallies: readonly TallyRecord[];
  /** The running number of its first result; `Infinity` for an event or tallies. */
  readonly number: number;
  failures: number;
}

/**
 * What waits for one publisher, and what it was handed and has not answered for: at most 1 000 results, their share of the
 * laboratory's bytes, and 100 events and 20 000 tallies, which go first.
 */
export class Backlog implements Holder {
  readonly #memory: MemoryBudget;
  readonly #dropped: (reason: DropReason | "too-many", count: number) => void;
  readonly #queue = new ResultQueue<Result>();
  readonly #novelty = new Novelty();
  readonly #events: RolloutEvent[] = [];
  #tallies: TallyRecord[] = [];
  #job: Job | undefined;
  /** Of the job's results, those that were counted. */
  #jobHeld: readonly Result[] = [];
  #jobBytes = 0;

  /** @param dropped told of results that were given up; `too-many` where there was no room */
  constructor(memory: MemoryBudget, dropped: (reason: DropReason | "too-many", count: number) => void) {
    this.#memory = memory;
    this.#dropped = dropped;
    memory.join(this);
  }

  get job(): Job | undefined {
    return this.#job;
  }

  /** Results that wait or are being published. */
  get length(): number {
    return this.#queue.length + (this.#job?.results.length ?? 0);
  }

  get waits(): boolean {
    return this.#queue.length > 0 || this.#events.length > 0 || this.#tallies.length > 0;
  }

  get heldBytes(): number {
    return this.#queue.bytes + this.#jobBytes;
  }

  /** The running number of the oldest result that has not ended; `-Infinity` while an event or a tally has not. */
  get oldest(): number {
    if (this.#events.length > 0 || this.#tallies.length > 0 || this.#job?.results.length === 0) return -Infinity;
    return this.#job?.number ?? this.#queue.first?.number ?? Infinity;
  }

  add(result: Result, number: number): void {
    this.#queue.push(result, number, this.#novelty.worthOf(result));
  }

  /** Nothing waits, and nothing is being published: this one is, at once. */
  begin(result: Result, number: number): Job {
    this.#novelty.worthOf(result);
    return (this.#job = { results: [result], event: undefined, tallies: noTallies, number, failures: 0 });
  }

  /** @returns whether an older one had to go */
  addEvent(event: RolloutEvent): boolean {
    this.#events.push(event);
    return this.#events.length > mostEvents && this.#events.shift() !== undefined;
  }

  /** @returns how many older ones had to go */
  addTallies(tallies: readonly TallyRecord[]): number {
    this.#tallies.push(...tallies);
    return this.#tallies.splice(0, Math.max(0, this.#tallies.length - mostTallies)).length;
  }

  /** The next that a publisher is to get; the same one again while it has not ended. */
  next(inBatches: boolean, tallyBatches = false): Job | undefined {
    if (this.#job !== undefined) return this.#job;
    const event = this.#events.shift();
    if (event !== undefined)
      return (this.#job = { results: [], event, tallies: noTallies, number: Infinity, failures: 0 });
    if (this.#tallies.length > 0) {
      const tallies = this.#tallies.splice(0, tallyBatches ? tallyBatchSize : 1);
      return (this.#job = { results: [], event: undefined, tallies, number: Infinity, failures: 0 });
    }
    if (inBatches && this.#queue.length > 1) this.#measure();
    const { first } = this.#queue;
    if (first === undefined) return undefined;
    const results: Result[] = [];
    const held: Result[] = [];
    const most = inBatches ? batchSize : 1;
    let bytes = 0;
    for (let next = this.#queue.first; next !== undefined && results.length < most; next = this.#queue.first) {
      // A batch that has not been published is kept as a whole.
      if (results.length > 0 && bytes + (next.bytes ?? 0) > this.#memory.largest) break;
      this.#queue.shift();
      results.push(next.item);
      bytes += next.bytes ?? 0;
      if (next.bytes !== undefined) held.push(next.item);
    }
    this.#jobHeld = held;
    this.#jobBytes = bytes;
    return (this.#job = { results, event: undefined, tallies: noTallies, number: first.number, failures: 0 });
  }

  ended(): void {
    for (const result of this.#jobHeld) this.#memory.release(result);
    this.#jobHeld = [];
    this.#jobBytes = 0;
    this.#job = undefined;
  }

  /** @param waiting whether results have to wait: measuring them costs more than handing one to a synchronous publisher */
  bound(waiting: boolean): void {
    while (this.#queue.length > 0 && this.length > mostResults) this.giveUpOne();
    if (!waiting) return;
    if (this.#queue.length > 0) this.measureJob();
    this.#measure();
    this.#memory.settle();
  }

  giveUpOne(): boolean {
    const given = this.#queue.giveUp();
    if (given === undefined) return false;
    if (given.bytes !== undefined) this.#memory.release(given.item);
    this.#dropped("too-many", 1);
    return true;
  }

  /** Lets go of everything. */
  clear(): void {
    this.ended();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.bytes !== undefined) this.#memory.release(next.item);
    }
    this.#events.length = this.#tallies.length = 0;
  }

  measureJob(): void {
    const results = this.#job?.results ?? [];
    if (this.#jobHeld.length === results.length) return;
    for (const result of results) if (!this.#jobHeld.includes(result)) this.#jobBytes += this.#memory.hold(result);
    this.#jobHeld = results;
  }

  #measure(): void {
    const { largest } = this.#memory;
    const tooLarge = this.#queue.measure(largest, (result) => {
      const bytes = this.#memory.hold(result);
      if (bytes > largest) this.#memory.release(result);
      return bytes;
    });
    if (tooLarge > 0) this.#dropped("too-large", tooLarge);
  }
}
