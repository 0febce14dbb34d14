const longestDoublings = 6;
/** A probe whose control never settles tells nothing: after so long another call may probe. */
const longestProbeMs = 600_000;

/** `closed`: runs. `open`: pauses. `half-open`: one probe decides. */
export type BreakerState = "closed" | "open" | "half-open";

/**
 * Pauses a candidate that fails or times out so many times in a row; then lets one call probe it. A probe that fails
 * doubles the pause, up to 64 times the first.
 */
export class CandidateBreaker {
  readonly #after: number;
  readonly #pauseMs: number;
  #failures = 0;
  #doublings = 0;
  #openUntil = 0;
  #state: BreakerState = "closed";

  constructor(after: number, pauseMs: number) {
    this.#after = after;
    this.#pauseMs = pauseMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether a call may run now; while open, the first one after the pause is the probe. */
  admits(now: number): boolean {
    if (this.#state === "closed") return true;
    if (now < this.#openUntil) return false;
    this.#state = "half-open";
    this.#openUntil = now + longestProbeMs;
    return true;
  }

  /** The call that was let in did not take place after all: the next one may be the probe. */
  release(now: number): void {
    if (this.#state !== "half-open") return;
    this.#state = "open";
    this.#openUntil = now;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#doublings = 0;
    this.#state = "closed";
  }

  /** Whether this failure opened it. */
  failed(now: number): void {
    this.#failures += 1;
    if (this.#state === "half-open") this.#doublings = Math.min(this.#doublings + 1, longestDoublings);
    else if (this.#failures < this.#after) return;
    this.#state = "open";
    this.#openUntil = now + this.#pauseMs * 2 ** this.#doublings;
  }
}
