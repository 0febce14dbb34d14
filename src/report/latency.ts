import type { LatencyHistogram } from "../stats/histogram.ts";
import { relativeError } from "../stats/histogram.ts";
import type { ReportLatency } from "./model.ts";

/** A histogram as a report tells it. @param sumMs of all durations, where it was added up beside the histogram */
export function latencyOf(histogram: LatencyHistogram, sumMs: number = histogram.toJSON().sumMs): ReportLatency {
  const { count, maxMs } = histogram;
  const meanMs = count === 0 ? 0 : sumMs / count;
  const { zero, buckets: pairs } = histogram.toJSON();
  const buckets: [number, number][] = zero > 0 ? [[0, zero]] : [];
  for (let at = 0; at < pairs.length; at += 2) buckets.push([upperBound(pairs[at]!), pairs[at + 1]!]);
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

// As `LatencyHistogram` has them: a bucket's bound is a power of gamma, and the first holds a nanosecond.
const gamma = (1 + relativeError) / (1 - relativeError);
const offset = 1 - Math.ceil(Math.log(1e-6) / Math.log(gamma));

function upperBound(index: number): number {
  return Number((gamma ** (index - offset)).toPrecision(6));
}
