import type { Result } from "../../model/result.ts";
import { estimateBytes } from "./result-size.ts";

/** A result that waits, with its running number. */
export interface Waiter {
  readonly result: Result;
  readonly number: number;
  /** `undefined` until somebody had to ask. */
  bytes: number | undefined;
}

/**
 * What waits for one publisher, oldest first. Results are measured only when they really have to wait, since measuring
 * costs more than handing one to a synchronous publisher.
 */
export class ResultQueue {
  #waiters: (Waiter | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #measured = 0;

  get length(): number {
    return this.#waiters.length - this.#head;
  }

  /** Of those that were measured. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): Waiter | undefined {
    return this.#waiters[this.#head];
  }

  push(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  shift(): Waiter | undefined {
    const waiter = this.#waiters[this.#head];
    if (waiter === undefined) return undefined;
    this.#waiters[this.#head] = undefined;
    this.#head += 1;
    if (this.#measured > 0) this.#measured -= 1;
    this.#bytes -= waiter.bytes ?? 0;
    // Compacting every 512 steps copies each slot a bounded number of times, so that a step is O(1) on average.
    if (this.#head === this.#waiters.length) this.clear();
    else if (this.#head >= 512) {
      this.#waiters = this.#waiters.slice(this.#head);
      this.#head = 0;
    }
    return waiter;
  }

  /**
   * Measures everything that was not measured yet; measured ones always lie before the others.
   *
   * @returns how many were taken out because each alone is bigger than `mostBytes`
   */
  measure(mostBytes: number): number {
    let kept = this.#head + this.#measured;
    let removed = 0;
    for (let index = kept; index < this.#waiters.length; index++) {
      const waiter = this.#waiters[index]!;
      waiter.bytes ??= estimateBytes(waiter.result);
      if (waiter.bytes > mostBytes) {
        removed += 1;
        continue;
      }
      this.#bytes += waiter.bytes;
      this.#waiters[kept++] = waiter;
    }
    this.#waiters.length = kept;
    this.#measured = this.length;
    return removed;
  }

  clear(): void {
    this.#waiters = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#measured = 0;
  }
}
