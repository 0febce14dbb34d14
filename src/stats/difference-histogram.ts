import { SidelaneError } from "../model/errors.ts";
import type { DifferenceCounts } from "../model/tally-record.ts";

// A bucket is so much wider than the one before, that its middle is within 5 % of all that is in it: some 23 buckets a decade.
const relativeError = 0.05;
const gamma = (1 + relativeError) / (1 - relativeError);
const perLog = 1 / Math.log(gamma);
const leastMs = 1e-3;
// Eleven and a half days; what is longer counts in the last bucket.
const lastIndex = bucketOf(1e9);

/**
 * By how much one side of timed pairs took longer than the other, in logarithmic buckets for either sign: few of them, since pairs
 * are few. Two histograms merge by adding, in any order.
 */
export class DifferenceHistogram {
  // Made late: most tallies have no pair.
  #buckets: Map<number, number> | undefined = undefined;

  get count(): number {
    let count = 0;
    for (const times of this.#buckets?.values() ?? []) count += times;
    return count;
  }

  /** Adds one difference; what is no number is left out, and less than a microsecond either way counts as none. */
  add(differenceMs: number): void {
    if (Number.isNaN(differenceMs)) return;
    const size = Math.abs(differenceMs);
    const bucket = size < leastMs ? 0 : Math.min(bucketOf(size), lastIndex);
    this.#put(bucket === 0 || differenceMs > 0 ? bucket : -bucket, 1);
  }

  merge(other: DifferenceHistogram): void {
    for (const [index, times] of other.#buckets ?? []) this.#put(index, times);
  }

  /** The middle of each bucket in milliseconds and how many differences are in it, in rising order. */
  list(): [number, number][] {
    return this.#sorted().map(([index, times]) => [middleOf(index), times]);
  }

  toJSON(): DifferenceCounts {
    return { version: 1, buckets: this.#sorted().flat() };
  }

  /**
   * Reads what {@link DifferenceHistogram.toJSON} wrote; nothing is a histogram of nothing.
   *
   * @throws {SidelaneError} `invalid-state` when it is something else
   */
  static from(data: unknown): DifferenceHistogram {
    const histogram = new DifferenceHistogram();
    if (data === undefined) return histogram;
    const refuse = (): never => {
      throw new SidelaneError("invalid-state", "Expected differences of version 1, got something else");
    };
    const { version, buckets } = (data ?? {}) as { readonly version?: unknown; readonly buckets?: unknown };
    if (version !== 1 || !Array.isArray(buckets) || buckets.length % 2 !== 0) return refuse();
    for (let pair = 0; pair < buckets.length; pair += 2) {
      const index: unknown = buckets[pair];
      const times: unknown = buckets[pair + 1];
      if (!Number.isInteger(index) || Math.abs(index as number) > lastIndex) return refuse();
      if (!Number.isSafeInteger(times) || (times as number) <= 0) return refuse();
      histogram.#put(index as number, times as number);
    }
    return histogram;
  }

  #put(index: number, times: number): void {
    const buckets = (this.#buckets ??= new Map<number, number>());
    buckets.set(index, (buckets.get(index) ?? 0) + times);
  }

  #sorted(): [number, number][] {
    return [...(this.#buckets ?? [])].sort(([one], [other]) => one - other);
  }
}

/** From 1 on. */
function bucketOf(sizeMs: number): number {
  return Math.max(0, Math.ceil(Math.log(sizeMs / leastMs) * perLog)) + 1;
}

/** The point whose relative distance to both ends of its bucket is the same. */
function middleOf(index: number): number {
  if (index === 0) return 0;
  const sizeMs = (leastMs * 2 * gamma ** (Math.abs(index) - 1)) / (gamma + 1);
  return Math.sign(index) * Number(sizeMs.toPrecision(6));
}
