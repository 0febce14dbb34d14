import type { Clock } from "../../model/clock.ts";

/**
 * Wall time that no clock of this machine moves: it goes on by the monotonic clock, from this process's time of day at first, and
 * from the store's as soon as that is known.
 */
export class StoreTime {
  readonly #clock: Clock;
  #wall: number;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#at = clock.monotonic();
  }

  /** What is added to the monotonic clock. */
  get offsetMs(): number {
    return this.#wall - this.#at;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#wall + (this.#clock.monotonic() - this.#at);
  }

  /**
   * Takes the time that a store answered with, which is that of half way between question and answer.
   *
   * @param startedAt monotonic milliseconds, as `endedAt`
   */
  correct(storeNow: number, startedAt: number, endedAt: number): void {
    if (!Number.isFinite(storeNow)) return;
    this.#wall = storeNow;
    this.#at = (startedAt + endedAt) / 2;
  }
}
