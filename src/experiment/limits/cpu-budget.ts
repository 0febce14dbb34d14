const burstMs = 50;

/**
 * A share of the event loop's time, as a token bucket of milliseconds: at most 50 ms are saved up, and a long slice goes
 * into debt, so that a candidate of 50 ms at a share of 1 % rests for five seconds.
 */
export class CpuBudget {
  readonly #share: number;
  #tokensMs = burstMs;
  #at: number | undefined;

  constructor(share: number) {
    this.#share = share;
  }

  /** Whether there is time to spend; while in debt there is none. */
  has(now: number): boolean {
    if (this.#at !== undefined) this.#tokensMs = Math.min(burstMs, this.#tokensMs + (now - this.#at) * this.#share);
    this.#at = now;
    return this.#tokensMs > 0;
  }

  /** How many milliseconds until there is time to spend again; `Infinity` at a share of nothing. */
  get restMs(): number {
    return this.#tokensMs > 0 ? 0 : -this.#tokensMs / this.#share;
  }

  spend(milliseconds: number): void {
    this.#tokensMs -= milliseconds;
  }
}
