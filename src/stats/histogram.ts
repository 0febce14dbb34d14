import type { LatencyCounts } from "../model/tally-record.ts";
import { SidelaneError } from "../model/errors.ts";

/** How far a quantile may be from the truth, as a share of it. */
export const relativeError = 0.01;

const gamma = (1 + relativeError) / (1 - relativeError);
const perLog = 1 / Math.log(gamma);
const leastMs = 1e-6;
const offset = 1 - Math.ceil(Math.log(leastMs) * perLog);
// One nanosecond to about eleven and a half days; what is longer counts in the last bucket.
const bucketTotal = Math.ceil(Math.log(1e9) * perLog) + offset + 1;

/** A histogram as data. */
export type HistogramData = LatencyCounts;

/**
 * How long calls took, in logarithmic buckets: any quantile within 1 % of the true one, from a nanosecond to eleven
 * days, in 14 KB. Two histograms merge by adding.
 *
 * @see C. Masson, J. E. Rim, H. K. Lee, "DDSketch", PVLDB 12 (2019)
 */
export class LatencyHistogram {
  #buckets: Float64Array | undefined;
  #count = 0;
  #zero = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** 0 when nothing was added. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** Adds one duration; what is no number is left out, and what is below a nanosecond counts as zero. */
  add(durationMs: number): void {
    if (!(durationMs >= leastMs)) {
      if (Number.isNaN(durationMs)) return;
      this.#zero++;
    } else {
      // Made late: most experiments have more candidates than latencies when they start.
      const buckets = (this.#buckets ??= new Float64Array(bucketTotal));
      const index = Math.ceil(Math.log(durationMs) * perLog) + offset;
      buckets[index < bucketTotal ? index : bucketTotal - 1]!++;
      this.#sumMs += durationMs;
      if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    }
    this.#count++;
  }

  /**
   * The duration that a share of the calls did not exceed, in milliseconds.
   *
   * @param share from 0 to 1; 0.99 is p99
   * @returns within 1 % of the true value; `NaN` when nothing was added
   */
  quantile(share: number): number {
    if (this.#count === 0) return NaN;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = this.#zero;
    if (seen >= rank) return 0;
    const buckets = this.#buckets!;
    for (let index = 0; index < bucketTotal; index++) {
      seen += buckets[index]!;
      // The point whose relative distance to both ends of its bucket is the same.
      if (seen >= rank) return Math.min((2 * gamma ** (index - offset)) / (gamma + 1), this.#maxMs);
    }
    return this.#maxMs;
  }

  /** Adds all that another histogram has seen. */
  merge(other: LatencyHistogram): void {
    if (other.#buckets) {
      const buckets = (this.#buckets ??= new Float64Array(bucketTotal));
      for (let index = 0; index < bucketTotal; index++) buckets[index]! += other.#buckets[index]!;
    }
    this.#count += other.#count;
    this.#zero += other.#zero;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  toJSON(): HistogramData {
    const buckets: number[] = [];
    let next = 0;
    this.#buckets?.forEach((count, index) => {
      if (count === 0) return;
      if (index > next) buckets.push(next - index);
      buckets.push(count);
      next = index + 1;
    });
    return {
      version: 2,
      count: this.#count,
      zero: this.#zero,
      sumMs: this.#sumMs,
      maxMs: this.#maxMs,
      buckets,
    };
  }

  /**
   * Reads what {@link LatencyHistogram.toJSON} wrote.
   *
   * @throws {SidelaneError} `invalid-state` when it is something else
   */
  static from(data: unknown): LatencyHistogram {
    const refuse = (): never => {
      throw new SidelaneError("invalid-state", "Expected a latency histogram of version 2, got something else");
    };
    if (typeof data !== "object" || data === null) return refuse();
    const { version, count, zero, sumMs, maxMs, buckets } = data as Partial<HistogramData>;
    const sound = [count, zero, sumMs, maxMs].every((number) => typeof number === "number" && number >= 0);
    if (version !== 2 || !sound || !Array.isArray(buckets)) return refuse();
    const histogram = new LatencyHistogram();
    let total = zero!;
    let index = 0;
    for (const number of buckets as readonly unknown[]) {
      if (!Number.isInteger(number) || number === 0) return refuse();
      if ((number as number) < 0) index -= number as number;
      else if (index >= bucketTotal) return refuse();
      else {
        (histogram.#buckets ??= new Float64Array(bucketTotal))[index++] = number as number;
        total += number as number;
      }
    }
    if (total !== count) return refuse();
    histogram.#count = count;
    histogram.#zero = zero!;
    histogram.#sumMs = sumMs!;
    histogram.#maxMs = maxMs!;
    return histogram;
  }
}
