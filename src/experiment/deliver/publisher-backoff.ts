import { backoffMs, type Backoff } from "../../model/backoff.ts";

const failuresToOpen = 5;
const backoff: Backoff = { firstMs: 1_000, mostMs: 60_000 };

/**
 * Lets a failing publisher rest: after five failures in a row it asks for a pause of one second, then doubles it with
 * every further failure up to a minute. One success closes it.
 */
export class Breaker {
  #failures = 0;
  #pauseMs = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  get open(): boolean {
    return this.#pauseMs > 0;
  }

  /** How long to wait before the next try, in milliseconds; `0` while closed. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures < failuresToOpen) return;
    this.#pauseMs = backoffMs(backoff, this.#failures - failuresToOpen + 1, this.#random);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = 0;
  }
}

/** What a publisher fails with that has not settled in its time. */
export function timeoutError(name: string, afterMs: number): Error {
  const error = new Error(`Publisher ${JSON.stringify(name)} did not settle within ${afterMs} ms`);
  error.name = "TimeoutError";
  return error;
}
