import type { Result } from "../../model/result.ts";
import { measureResult } from "../../records/result-bytes.ts";

export const defaultMaxBytes = 64_000_000;

/** About how many bytes a laboratory keeps, by what for, beside the most that it may. */
export interface MemoryStatus {
  /** The laboratory's `limits.maxBytes`. */
  readonly maxBytes: number;
  /** Drawn examples of kinds of mismatch: at most a quarter. */
  readonly groupsBytes: number;
  /** Calls that wait to be compared, and those that were compared and wait to be told: at most a half. */
  readonly waitingBytes: number;
  /** Results in the queues of publishers, and being published; each once, however many publishers wait for it. */
  readonly queuedBytes: number;
}

/** Where results wait. */
export interface Holder {
  /** Of all that it holds. */
  readonly heldBytes: number;
  /** Counts what is being published, where it was handed over without waiting. */
  measureJob(): void;
  /** Lets go of the one that is worth least; `false` where there is none. */
  giveUpOne(): boolean;
}

/**
 * The bytes that all of a laboratory keeps: examples of mismatches at most a quarter, what waits to be compared at most a
 * half, and queues what those leave. When queues are over it, the one that holds most gives up first, so that a publisher
 * that hangs takes nothing from the others.
 */
export class MemoryBudget {
  readonly maxBytes: number;
  waitingBytes = 0;
  #groupsBytes = 0;
  #queuedBytes = 0;
  readonly #holders: Holder[] = [];
  readonly #held = new Map<Result, { readonly bytes: number; holders: number }>();

  constructor(maxBytes: number = defaultMaxBytes) {
    this.maxBytes = maxBytes;
  }

  /** What alone is bigger is not kept: an eighth. */
  get largest(): number {
    return this.maxBytes / 8;
  }

  get waitsTooMuch(): boolean {
    return this.waitingBytes > this.maxBytes / 2;
  }

  /** The quarter of groups: whether so much more is free, which is then taken. A negative number frees. */
  takeForGroups(bytes: number, must = false): boolean {
    if (!must && bytes > 0 && this.#groupsBytes + bytes > this.maxBytes / 4) return false;
    this.#groupsBytes += bytes;
    return true;
  }

  join(holder: Holder): void {
    this.#holders.push(holder);
  }

  /** Counts a result that one more holder keeps, and says how many bytes it has. */
  hold(result: Result): number {
    const known = this.#held.get(result);
    if (known !== undefined) {
      known.holders += 1;
      return known.bytes;
    }
    const bytes = measureResult(result, this.largest);
    this.#held.set(result, { bytes, holders: 1 });
    this.#queuedBytes += bytes;
    return bytes;
  }

  release(result: Result): void {
    const known = this.#held.get(result);
    if (known === undefined || --known.holders > 0) return;
    this.#held.delete(result);
    this.#queuedBytes -= known.bytes;
  }

  /** Makes queues give up until all fits, or until nobody can. */
  settle(): void {
    while (this.#groupsBytes + this.waitingBytes + this.#queuedBytes > this.maxBytes && this.#queuedBytes > 0) {
      const byBytes = [...this.#holders].sort((one, other) => other.heldBytes - one.heldBytes);
      if (!byBytes.some((holder) => holder.heldBytes > 0 && holder.giveUpOne())) return;
    }
  }

  status(): MemoryStatus {
    for (const holder of this.#holders) holder.measureJob();
    return {
      maxBytes: this.maxBytes,
      groupsBytes: Math.round(this.#groupsBytes),
      waitingBytes: Math.round(this.waitingBytes),
      queuedBytes: Math.round(this.#queuedBytes),
    };
  }
}
