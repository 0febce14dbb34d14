import { logRatio } from "./evidence.ts";

// A deviation that comes by chance once in so many steps.
const mostEvidence = Math.log(10_000);
// Shares that are too small or too large by these factors, of those in and of those out.
const factors: readonly number[] = [0, 0.25, 0.5, 0.8];
const mostKeys = 6_553;

/**
 * Tests whether the candidate answers the share of keys that it was promised (sample ratio mismatch): where it does not,
 * whatever is seen of the served ones may be of a selection. Always valid, as a mixture of likelihood ratios.
 *
 * @see A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments" (KDD 2019)
 */
export class SampleRatio {
  readonly share: number;
  #keys = 0;
  #served = 0;

  /** @param share what was promised, between 0 and 1, both excluded */
  constructor(share: number) {
    this.share = share;
  }

  get keys(): number {
    return this.#keys;
  }

  get served(): number {
    return this.#served;
  }

  /** Whether no more keys are needed: more of them share places in the table that tells them apart. */
  get isFull(): boolean {
    return this.#keys >= mostKeys;
  }

  /** Adds a key that was not there before. */
  add(served: boolean): void {
    if (this.isFull) return;
    this.#keys++;
    if (served) this.#served++;
  }

  /** Whether the share is another one than promised; wrong about that in at most 1 of 10 000 steps. */
  get isOff(): boolean {
    const { share } = this;
    let most = -Infinity;
    const terms = factors.flatMap((factor) => [
      logRatio(this.#keys, this.#served, factor * share, share),
      logRatio(this.#keys, this.#keys - this.#served, factor * (1 - share), 1 - share),
    ]);
    for (const term of terms) most = Math.max(most, term);
    const sum = terms.reduce((all, term) => all + Math.exp(term - most), 0);
    return most + Math.log(sum / terms.length) >= mostEvidence;
  }
}
