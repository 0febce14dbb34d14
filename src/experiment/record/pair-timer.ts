/**
 * How a call's sides are timed as a pair: not at all, in their usual order, or in one that is drawn. A drawn order that puts the
 * candidate first has a name of its own, where it has been drawn before anything is called.
 */
export type Timing = "untimed" | "usual-order" | "drawn-order" | "candidate-first";

export function isDrawn(timing: Timing): boolean {
  return timing === "drawn-order" || timing === "candidate-first";
}

const meanGap = 16;
const longSyncMs = 1;
const toleratedShare = 0.01;
const fewest = 32;
const memory = 256;

/**
 * Chooses the calls whose sides are timed as a pair, one in 16, and says whether their order may be drawn: only while the
 * candidate's synchronous part is at most 1 ms in 99 of 100 of them, since a candidate that is called first keeps its caller waiting
 * for as long.
 */
export class PairTimer {
  #left = meanGap;
  #seen = 0;
  /** The share of recent calls with a longer synchronous part. */
  #long = 0;
  // Not the laboratory's chance: which calls are drawn elsewhere must not hang on what is timed here.
  #state = 0x9e3779b9;

  /** How a call of one candidate is timed. */
  takeOfTwo(): Timing {
    const timing = this.take();
    return timing === "drawn-order" && this.random() < 0.5 ? "candidate-first" : timing;
  }

  /** How this call is timed. */
  take(): Timing {
    if (this.#left > 1) {
      this.#left -= 1;
      return "untimed";
    }
    // Uneven, so that no rhythm of the traffic decides which calls are timed.
    this.#left = 1 + Math.floor(this.random() * (2 * meanGap - 1));
    return this.mayDraw ? "drawn-order" : "usual-order";
  }

  /** Whether enough is known of the candidate's synchronous part, and it is short. */
  get mayDraw(): boolean {
    return this.#seen >= fewest && this.#long <= toleratedShare;
  }

  /** Whether enough is known of the candidate's synchronous part, and it is long. */
  get isLong(): boolean {
    return this.#seen >= fewest && this.#long > toleratedShare;
  }

  /** Of a timed call, in milliseconds. */
  observe(syncMs: number): void {
    this.#seen += 1;
    const weight = 1 / Math.min(this.#seen, memory);
    this.#long += weight * (Number(syncMs > longSyncMs) - this.#long);
  }

  /** Xorshift (Marsaglia 2003), in [0, 1). */
  random(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) / 2 ** 32;
  }
}
