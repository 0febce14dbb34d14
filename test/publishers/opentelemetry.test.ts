import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { WritesStanding } from "../../src/model/writes-standing.ts";
import { openTelemetryPublisher } from "../../src/publishers/opentelemetry.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/index.ts";

function metricsInMemory() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter("test"),
    async read(name: string) {
      await reader.forceFlush();
      const metrics = exporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics;
      const metric = metrics.find(({ descriptor }) => descriptor.name === name)!;
      return {
        unit: metric.descriptor.unit,
        points: metric.dataPoints.map(({ attributes, value }) => ({ attributes, value })),
      };
    },
    close: () => provider.shutdown(),
  };
}

function spansInMemory() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { tracer: provider.getTracer("test"), spans: () => exporter.getFinishedSpans() };
}

describe("openTelemetryPublisher with the real SDK", () => {
  it("counts each candidate by experiment, candidate and kind", async () => {
    const metrics = metricsInMemory();
    const publisher = openTelemetryPublisher({ meter: metrics.meter });
    await publisher.publish(aResult({ kind: "match" }));
    await publisher.publish(aResult({ kind: "match" }));
    await publisher.publish(aResult({ kind: "timed-out", experiment: "price" }));
    expect(await metrics.read("sidelane.experiment.results")).toEqual({
      unit: "{result}",
      points: [
        {
          attributes: {
            "sidelane.experiment": "find-user",
            "sidelane.candidate": "candidate",
            "sidelane.result.kind": "match",
          },
          value: 2,
        },
        {
          attributes: {
            "sidelane.experiment": "price",
            "sidelane.candidate": "candidate",
            "sidelane.result.kind": "timed-out",
          },
          value: 1,
        },
      ],
    });
    await metrics.close();
  });

  it("times both behaviors in seconds", async () => {
    const metrics = metricsInMemory();
    const publisher = openTelemetryPublisher({ meter: metrics.meter, buckets: [0.01, 1] });
    await publisher.publish(aResult({ control: { durationMs: 12 }, candidates: [{ durationMs: 8 }] }));
    const { unit, points } = await metrics.read("sidelane.behavior.duration");
    expect(unit).toBe("s");
    expect(points).toMatchObject([
      {
        attributes: { "sidelane.behavior": "control", "sidelane.outcome": "returned" },
        value: { sum: 0.012, buckets: { boundaries: [0.01, 1], counts: [0, 1, 0] } },
      },
      { attributes: { "sidelane.behavior": "candidate" }, value: { sum: 0.008, buckets: { counts: [1, 0, 0] } } },
    ]);
    await metrics.close();
  });

  it("counts skips by reason and candidates in flight", async () => {
    const metrics = metricsInMemory();
    const publisher = openTelemetryPublisher({ meter: metrics.meter });
    publisher.onSkip!("price", "not sampled");
    publisher.onSkip!("price", "not sampled");
    publisher.onInFlight!("price", 1);
    publisher.onInFlight!("price", 1);
    publisher.onInFlight!("price", -1);
    expect((await metrics.read("sidelane.experiment.skips")).points).toEqual([
      { attributes: { "sidelane.experiment": "price", "sidelane.skip.reason": "not sampled" }, value: 2 },
    ]);
    expect((await metrics.read("sidelane.candidates.in_flight")).points).toEqual([
      { attributes: { "sidelane.experiment": "price" }, value: 1 },
    ]);
    await metrics.close();
  });

  it("moves the gauges of parallel writes to where they stand, by side", async () => {
    const metrics = metricsInMemory();
    const clock = fixedClock();
    const lab = new Laboratory({ clock, publishers: [openTelemetryPublisher({ meter: metrics.meter })] });
    const behind = { rows: 9, oldestMs: 2_500, dead: 1, blocked: 2, skipped: 0 };
    const standing = {
      holders: [["candidate", 64]],
    } as const;
    let at = 0;
    let rows = 9;
    const writes = (): WritesStanding => ({
      ...standing,
      at,
      stage: "live",
      share: 1,
      lag: { candidate: { ...behind, rows } },
    });
    lab.comparison("payments", { writes });
    for ([at, rows] of [
      [60_000, 9],
      [120_000, 4],
    ] as const)
      await clock.advanceAsync(60_000);
    await lab.close();
    const attributes = { "sidelane.experiment": "payments", "sidelane.side": "candidate" };
    expect(await metrics.read("sidelane.writes.lag")).toEqual({
      unit: "{operation}",
      points: [{ attributes, value: 4 }],
    });
    expect(await metrics.read("sidelane.writes.lag.age")).toEqual({ unit: "s", points: [{ attributes, value: 2.5 }] });
    expect((await metrics.read("sidelane.writes.read.timestamp")).points).toEqual([{ attributes, value: 120 }]);
    await metrics.close();
  });

  it("bounds the values of a label, and counts the rest under (other)", async () => {
    const metrics = metricsInMemory();
    const publisher = openTelemetryPublisher({ meter: metrics.meter, maxLabelValues: 3 });
    for (let index = 0; index < 1_000; index++) await publisher.publish(aResult({ experiment: `user-${index}` }));
    const { points } = await metrics.read("sidelane.experiment.results");
    expect(points.map(({ attributes, value }) => [attributes["sidelane.experiment"], value])).toEqual([
      ["user-0", 1],
      ["user-1", 1],
      ["user-2", 1],
      ["(other)", 997],
    ]);
    await metrics.close();
  });

  it("makes each candidate a root span with its own times, linked to the request's span", async () => {
    const { tracer, spans } = spansInMemory();
    const request = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
    const publisher = openTelemetryPublisher({ tracer, linkTo: () => request });
    const result = aResult({ startedAt: 1_767_225_600_000, candidates: [{ offsetMs: 0.25, durationMs: 8.5 }] });
    await publisher.publish(result);
    const [span] = spans();
    expect(span!.name).toBe("candidate find-user");
    expect(span!.parentSpanContext).toBeUndefined();
    expect(span!.links.map(({ context }) => context)).toEqual([request]);
    expect(span!.startTime).toEqual([1_767_225_600, 250_000]);
    expect(span!.endTime).toEqual([1_767_225_600, 8_750_000]);
    expect(span!.attributes).toMatchObject({ "sidelane.result.id": result.id, "sidelane.result.kind": "mismatch" });
    expect(span!.attributes["sidelane.signature"]).toMatch(/\S/);
    expect(span!.status.code).toBe(0);
  });

  it("marks the span of a candidate that threw as an error, without its message", async () => {
    const { tracer, spans } = spansInMemory();
    await openTelemetryPublisher({ tracer }).publish(
      aResult({ candidates: [{ outcome: { kind: "threw", error: new Error("card 4111111111111111") } }] }),
    );
    expect(spans()[0]!.status).toEqual({ code: 2 });
    expect(JSON.stringify(spans()[0]!.attributes)).not.toContain("4111");
  });

  it("reports a link that throws and makes the span without it", async () => {
    const { tracer, spans } = spansInMemory();
    const faults: unknown[] = [];
    const publisher = openTelemetryPublisher({
      tracer,
      linkTo: () => {
        throw new Error("no span");
      },
    });
    publisher.attach!({ onFault: (fault) => faults.push(fault) });
    await publisher.publish(aResult());
    expect(spans()).toHaveLength(1);
    expect(faults).toMatchObject([{ operation: "publish", publisher: "opentelemetry", experiment: "find-user" }]);
  });

  it.each([
    [{}, /expected `meter` to be an OpenTelemetry meter/],
    [{ meter: {} }, /expected `meter.createCounter` to be a function/],
    [{ tracer: {} }, /expected `tracer.startSpan`/],
    [{ tracer: { startSpan() {} }, linkTo: 1 }, /expected `linkTo`/],
    [{ tracer: { startSpan() {} }, buckets: [2, 1] }, /expected `buckets` to be a rising list of seconds/],
    [{ tracer: { startSpan() {} }, maxLabelValues: 0 }, /expected `maxLabelValues`/],
    [{ metre: {} }, /did you mean `meter`/],
  ])("refuses %j when it is made", (options, message) => {
    expect(() => openTelemetryPublisher(options as never)).toThrow(message);
  });
});
