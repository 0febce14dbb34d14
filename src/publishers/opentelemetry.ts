import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { aFunction, orElse, settle, withMethods, type OptionTable } from "../model/option-table.ts";
import type { Fault } from "../model/fault.ts";
import type { Publisher } from "../model/publisher.ts";
import { kindOfCandidate, type CandidateObservation, type Result } from "../model/result.ts";
import { standingMetrics, type Write } from "./metrics/rollout-metrics.ts";
import { bucketsRule, defaultBuckets, maxLabelValuesRule, readings, type Readings } from "./metrics/readings.ts";

type Attributes = Record<string, string | number>;

/** The part of OpenTelemetry's `Meter` that is used; what `metrics.getMeter('…')` returns. */
export interface OpenTelemetryMeter {
  createCounter(name: string, options?: InstrumentOptions): { add(value: number, attributes?: Attributes): void };
  createUpDownCounter(name: string, options?: InstrumentOptions): { add(value: number, attributes?: Attributes): void };
  createHistogram(name: string, options?: InstrumentOptions): { record(value: number, attributes?: Attributes): void };
}

interface InstrumentOptions {
  description?: string;
  unit?: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

/** The part of OpenTelemetry's `Tracer` that is used; what `trace.getTracer('…')` returns. */
export interface OpenTelemetryTracer {
  startSpan(name: string, options?: SpanOptions): OpenTelemetrySpan;
}

interface SpanOptions {
  root?: boolean;
  startTime?: [number, number];
  links?: { context: OpenTelemetrySpanContext }[];
  attributes?: Attributes;
}

interface OpenTelemetrySpan {
  setStatus(status: { code: number }): unknown;
  end(endTime?: [number, number]): void;
}

/** What names a span in all processes; what `span.spanContext()` returns. */
export interface OpenTelemetrySpanContext {
  traceId: string;
  spanId: string;
  traceFlags: number;
}

/** At least one of `meter` and `tracer`. */
export interface OpenTelemetryPublisherOptions {
  /** Records counts and durations. */
  readonly meter?: OpenTelemetryMeter;
  /** Makes one span a candidate. Costs what a span costs: wrap the publisher in `only('mismatch', …)` where that is too much. */
  readonly tracer?: OpenTelemetryTracer;
  /**
   * The span that the request had, to link a candidate's span to. Results are published outside every request, so let
   * the experiment's `context` carry it: `context: () => ({ span: trace.getActiveSpan()?.spanContext() })`, and here
   * `linkTo: (result) => result.context.span`.
   */
  readonly linkTo?: (result: Result) => OpenTelemetrySpanContext | undefined;
  /** Bounds of the histogram in seconds, advised to the SDK; 10 µs to 10 s by default. */
  readonly buckets?: readonly number[];
  /** How many distinct experiments, candidates, or reasons become label values; `(other)` stands for the rest. 100 by default. */
  readonly maxLabelValues?: number;
}

// OpenTelemetry's SpanStatusCode.ERROR.
const statusError = 2;

/** The options of `openTelemetryPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const openTelemetryTable: OptionTable<OpenTelemetryPublisherOptions, "buckets" | "maxLabelValues"> = {
  meter: withMethods("an OpenTelemetry meter", "createCounter", "createUpDownCounter", "createHistogram"),
  tracer: withMethods("an OpenTelemetry tracer", "startSpan"),
  linkTo: aFunction,
  buckets: orElse(bucketsRule, defaultBuckets),
  maxLabelValues: orElse(maxLabelValuesRule, 100),
};

/**
 * Counts and times results with OpenTelemetry, and makes spans of candidates when given a tracer. Values never leave.
 *
 * | instrument | kind, unit | attributes |
 * |---|---|---|
 * | `sidelane.experiment.results` | counter, `{result}`, one a candidate | `sidelane.experiment`, `sidelane.candidate`, `sidelane.result.kind`, `sidelane.version` where there is one |
 * | `sidelane.behavior.duration` | histogram, `s` | `sidelane.experiment`, `sidelane.behavior` (`control` or a candidate), `sidelane.outcome`, of a candidate `sidelane.version` |
 * | `sidelane.experiment.skips` | counter, `{call}` | `sidelane.experiment`, `sidelane.skip.reason` |
 * | `sidelane.candidates.in_flight` | up-down counter, `{candidate}` | `sidelane.experiment` |
 * | `sidelane.rollout.share` | up-down counter, `1`: the share, from 0 to 1 | `sidelane.experiment` |
 * | `sidelane.rollout.stage` | up-down counter, `1` for the present one | `sidelane.experiment`, `sidelane.stage` |
 * | `sidelane.rollout.events` | counter, `{event}` | `sidelane.experiment`, `sidelane.kind` |
 * | `sidelane.verdict` | up-down counter, `1` for the present one | `sidelane.experiment`, `sidelane.candidate`, `sidelane.state` |
 * | `sidelane.mismatch.upper_bound` | up-down counter, `1`: a rate | `sidelane.experiment`, `sidelane.candidate` |
 * | `sidelane.units.missing` | up-down counter, `{unit}` | `sidelane.experiment`, `sidelane.candidate` |
 * | `sidelane.served`, `sidelane.fell_back` | counters, `{call}` | `sidelane.experiment` |
 * | `sidelane.groups`, `sidelane.groups.new` | up-down counter and counter, `{group}` | `sidelane.experiment` |
 * | `sidelane.publisher.dropped` | counter, `{result}` | `sidelane.publisher`, `sidelane.reason` |
 * | `sidelane.faults` | counter, `{fault}` | `sidelane.operation` |
 * | `sidelane.synchronized` | up-down counter, `1` or 0 | `sidelane.experiment` |
 * | `sidelane.writes.lag`, `sidelane.writes.lag.age` | up-down counters, `{operation}` and `s` | `sidelane.experiment`, `sidelane.side` |
 * | `sidelane.writes.dead`, `sidelane.writes.skipped` | up-down counters, `{operation}` | `sidelane.experiment`, `sidelane.side` |
 * | `sidelane.writes.blocked` | up-down counter, `{record}` | `sidelane.experiment`, `sidelane.side` |
 * | `sidelane.writes.buckets` | up-down counter, `{bucket}` of 64 | `sidelane.experiment`, `sidelane.side`: also `moving` and `unknown` |
 * | `sidelane.writes.last_reconciliation.timestamp` | up-down counter, `s` since 1970 | `sidelane.experiment` |
 * | `sidelane.writes.last_reconciliation.clean` | up-down counter, `1` or 0 | `sidelane.experiment` |
 * | `sidelane.writes.read.timestamp` | up-down counter, `s` since 1970 | `sidelane.experiment`, `sidelane.side` |
 *
 * Those from `sidelane.rollout.share` on are written every 60 s, by exact counts; `sidelane.experiment.results` then also has
 * the results that were dropped on their way.
 *
 * A span is named `candidate EXPERIMENT`, is the root of its own trace, and carries `sidelane.result.id`, the kind, the
 * signature of a mismatch, and how many milliseconds control took. It is an error when the candidate threw or timed out.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://opentelemetry.io/docs/specs/semconv/general/naming/
 * @example openTelemetryPublisher({ meter: metrics.getMeter('checkout') })
 */
export function openTelemetryPublisher(options: OpenTelemetryPublisherOptions): Publisher {
  const check: OptionCheck = checkOptions("openTelemetryPublisher");
  const { meter, tracer, linkTo, buckets, maxLabelValues } = settle(check, openTelemetryTable, options);
  if (meter === undefined && tracer === undefined) {
    check.fail("meter", "an OpenTelemetry meter", meter, "Pass `metrics.getMeter('your-service')`, or a `tracer`.");
  }
  const counts = meter && meterReadings(meter, buckets, maxLabelValues);
  let report: (fault: Fault) => void = () => undefined;

  function linksOf(result: Result): { context: OpenTelemetrySpanContext }[] {
    try {
      const context = linkTo?.(result);
      return context === undefined ? [] : [{ context }];
    } catch (error) {
      report({ operation: "publish", error, experiment: result.experiment, publisher: "opentelemetry" });
      return [];
    }
  }

  return {
    name: "opentelemetry",
    attach: (host) => void (report = (fault) => host.onFault(fault)),
    publish(result) {
      counts?.publish(result);
      if (tracer === undefined) return;
      const links = linksOf(result);
      for (const candidate of result.candidates) traceCandidate(tracer, result, candidate, links);
    },
    ...(counts && {
      onSkip: counts.onSkip,
      onInFlight: counts.onInFlight,
      publishTally: counts.publishTally,
      publishEvent: counts.publishEvent,
    }),
  };
}

function meterReadings(meter: OpenTelemetryMeter, buckets: readonly number[], maxLabelValues: number): Readings {
  const results = meter.createCounter("sidelane.experiment.results", {
    description: "Candidates compared with control, by kind of comparison",
    unit: "{result}",
  });
  const durations = meter.createHistogram("sidelane.behavior.duration", {
    description: "How long control and candidates took, until they settled",
    unit: "s",
    advice: { explicitBucketBoundaries: [...buckets] },
  });
  const skips = meter.createCounter("sidelane.experiment.skips", {
    description: "Calls whose candidate did not run, by reason",
    unit: "{call}",
  });
  const inFlight = meter.createUpDownCounter("sidelane.candidates.in_flight", {
    description: "Candidates that have not settled",
    unit: "{candidate}",
  });
  return readings(
    {
      compared: (experiment, candidate, kind, version, times) =>
        results.add(times, {
          "sidelane.experiment": experiment,
          "sidelane.candidate": candidate,
          "sidelane.result.kind": kind,
          ...(version !== undefined && { "sidelane.version": version }),
        }),
      took: (experiment, behavior, outcome, seconds, version) =>
        durations.record(seconds, {
          "sidelane.experiment": experiment,
          "sidelane.behavior": behavior,
          "sidelane.outcome": outcome,
          ...(version !== undefined && { "sidelane.version": version }),
        }),
      skipped: (experiment, reason) =>
        skips.add(1, { "sidelane.experiment": experiment, "sidelane.skip.reason": reason }),
      inFlight: (experiment, change) => inFlight.add(change, { "sidelane.experiment": experiment }),
    },
    maxLabelValues,
    rolloutWriter(meter),
  );
}

/** Gauges are up-down counters that are moved by the difference: every SDK has those. */
function rolloutWriter(meter: OpenTelemetryMeter): Write {
  const last = new Map<string, number>();
  const instruments = Object.fromEntries(
    Object.entries(standingMetrics).map(([name, { kind, help, otel, unit }]) => {
      const options = { description: help, unit };
      return [name, kind === "counter" ? meter.createCounter(otel, options) : meter.createUpDownCounter(otel, options)];
    }),
  );
  return (name, labels, value) => {
    const attributes = Object.fromEntries(Object.entries(labels).map(([label, text]) => [`sidelane.${label}`, text]));
    const instrument = instruments[name]!;
    if (standingMetrics[name].kind === "counter") {
      instrument.add(value, attributes);
      return;
    }
    const key = JSON.stringify([name, labels]);
    const before = last.get(key) ?? 0;
    last.set(key, value);
    instrument.add(value - before, attributes);
  };
}

function traceCandidate(
  tracer: OpenTelemetryTracer,
  result: Result,
  candidate: CandidateObservation,
  links: { context: OpenTelemetrySpanContext }[],
): void {
  const startedAt = result.startedAt + candidate.offsetMs;
  const attributes: Attributes = {
    "sidelane.experiment": result.experiment,
    "sidelane.candidate": candidate.name,
    "sidelane.result.id": result.id,
    "sidelane.result.kind": kindOfCandidate(candidate),
    "sidelane.outcome": candidate.outcome.kind,
    "sidelane.control.duration_ms": result.control.durationMs,
  };
  if (candidate.comparison.kind === "mismatch") attributes["sidelane.signature"] = candidate.comparison.signature;
  const span = tracer.startSpan(`candidate ${result.experiment}`, {
    root: true,
    startTime: highResolution(startedAt),
    links,
    attributes,
  });
  if (candidate.outcome.kind !== "returned") span.setStatus({ code: statusError });
  span.end(highResolution(startedAt + candidate.durationMs));
}

/** Seconds since 1970 and nanoseconds: a bare number could be read as time since the process started. */
function highResolution(epochMs: number): [number, number] {
  const seconds = Math.floor(epochMs / 1_000);
  return [seconds, Math.floor((epochMs - seconds * 1_000) * 1e6)];
}
