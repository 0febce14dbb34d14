import { bucketsOf } from "../model/latency-buckets.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { relativeError } from "../stats/histogram.ts";
import type { DifferenceHistogram } from "../stats/difference-histogram.ts";
import type { ReportDifferences, ReportLatency } from "./model.ts";

/** A histogram as a report tells it. @param sumMs of all durations, where it was added up beside the histogram */
export function latencyOf(histogram: LatencyHistogram, sumMs: number = histogram.toJSON().sumMs): ReportLatency {
  const { count, maxMs } = histogram;
  const meanMs = count === 0 ? 0 : sumMs / count;
  const { zero, buckets: written } = histogram.toJSON();
  const buckets: [number, number][] = zero > 0 ? [[0, zero]] : [];
  for (const [index, times] of bucketsOf(written)) buckets.push([upperBound(index), times]);
  return {
    ...{ count, meanMs, maxMs },
    ...(count > 0 && {
      p50Ms: histogram.quantile(0.5),
      p95Ms: histogram.quantile(0.95),
      p99Ms: histogram.quantile(0.99),
    }),
    buckets,
  };
}

/** Differences of timed pairs as a report tells them; nothing where there is no pair. */
export function differencesOf(histogram: DifferenceHistogram): { readonly differences?: ReportDifferences } {
  const buckets = histogram.list();
  const { count } = histogram;
  if (count === 0) return {};
  const sum = (is: (ms: number) => boolean): number =>
    buckets.reduce((total, [ms, times]) => total + (is(ms) ? times : 0), 0);
  return {
    differences: {
      ...{ count, slower: sum((ms) => ms > 0), faster: sum((ms) => ms < 0) },
      p5Ms: differenceAt(buckets, count, 0.05),
      p50Ms: differenceAt(buckets, count, 0.5),
      p95Ms: differenceAt(buckets, count, 0.95),
      buckets,
    },
  };
}

/** The difference that a share of the pairs does not exceed, in milliseconds. */
export function differenceAt(buckets: ReportDifferences["buckets"], count: number, share: number): number {
  const rank = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (const [ms, times] of buckets) if ((seen += times) >= rank) return ms;
  return buckets.at(-1)?.[0] ?? 0;
}

// As `LatencyHistogram` has them: a bucket's bound is a power of gamma, and the first holds a nanosecond.
const gamma = (1 + relativeError) / (1 - relativeError);
const offset = 1 - Math.ceil(Math.log(1e-6) / Math.log(gamma));

const bounds: number[] = [];

function upperBound(index: number): number {
  return (bounds[index] ??= Number((gamma ** (index - offset)).toPrecision(6)));
}
