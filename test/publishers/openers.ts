import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import pino from "pino";
import client from "prom-client";
import initSqlite from "sql.js";
import { systemClock } from "../../src/model/clock.ts";
import { kafkaPublisher } from "../../src/publishers/kafka.ts";
import { openTelemetryPublisher } from "../../src/publishers/opentelemetry.ts";
import { pinoPublisher } from "../../src/publishers/pino.ts";
import { prometheusPublisher } from "../../src/publishers/prometheus.ts";
import { redisStreamPublisher } from "../../src/publishers/redis-stream.ts";
import { sentryPublisher } from "../../src/publishers/sentry.ts";
import { migrations, sqlPublisher } from "../../src/publishers/sql.ts";
import { webhookPublisher } from "../../src/publishers/webhook.ts";
import type { OpenedPublisher } from "../../src/testing/test-publisher.ts";
import { sentryInMemory } from "./sentry-in-memory.ts";

/** Every publisher that leaves the process, with a target in memory that gives back each byte it was sent. */
export const openers: Readonly<Record<string, () => OpenedPublisher | Promise<OpenedPublisher>>> = {
  opentelemetry() {
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const spans = new InMemorySpanExporter();
    const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 1_000_000 });
    const meters = new MeterProvider({ readers: [reader] });
    const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    return {
      publisher: openTelemetryPublisher({ meter: meters.getMeter("test"), tracer: tracers.getTracer("test") }),
      async written() {
        await reader.forceFlush();
        const finished = spans.getFinishedSpans().map(({ name, attributes, status }) => ({ name, attributes, status }));
        return JSON.stringify([metrics.getMetrics().map(({ scopeMetrics }) => scopeMetrics), finished]);
      },
      cleanUp: () => meters.shutdown(),
    };
  },
  prometheus() {
    const register = new client.Registry();
    return { publisher: prometheusPublisher({ client, register }), written: () => register.metrics() };
  },
  pino() {
    const lines: string[] = [];
    const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
    return { publisher: pinoPublisher({ logger, levels: { match: "debug" } }), written: () => lines.join("") };
  },
  "webhook in Slack's format": () => webhookInMemory("slack"),
  "webhook in JSON": () => webhookInMemory("json"),
  sentry() {
    const { client, sent } = sentryInMemory();
    return {
      publisher: sentryPublisher({ client, kinds: ["mismatch", "ignored", "inconclusive", "timed-out"] }),
      written: () => sent.join("\n"),
    };
  },
  async sql() {
    const db = new (await initSqlite()).Database();
    for (const { statements } of migrations("sqlite")) for (const statement of statements) db.run(statement);
    const tables = ["sidelane_results", "sidelane_groups", "sidelane_tallies"];
    return {
      publisher: sqlPublisher({ dialect: "sqlite", execute: (sql, parameters) => db.run(sql, parameters) }),
      written: () => JSON.stringify(tables.flatMap((table) => db.exec(`SELECT * FROM ${table}`))),
      cleanUp: () => db.close(),
    };
  },
  "redis-stream"() {
    const commands: unknown[] = [];
    const redis = { xAdd: async (...command: unknown[]) => void commands.push(command) };
    return { publisher: redisStreamPublisher({ client: redis }), written: () => JSON.stringify(commands) };
  },
  kafka() {
    const records: unknown[] = [];
    const producer = { send: async (record: unknown) => void records.push(record) };
    return { publisher: kafkaPublisher({ producer }), written: () => JSON.stringify(records) };
  },
};

function webhookInMemory(format: "slack" | "json"): OpenedPublisher {
  const bodies: string[] = [];
  let elapsedMs = 0;
  const publisher = webhookPublisher({
    // A second passes at every look, so that the limit a minute never holds anything back.
    clock: { ...systemClock, monotonic: () => (elapsedMs += 1_000) },
    url: "https://hooks.slack.com/services/T0/B0/x",
    format,
    alertOn: "every-mismatch",
    perMinute: 60,
    fetch: async (_url, { body }) => {
      bodies.push(body);
      return { ok: true, status: 200, body: null };
    },
  });
  return { publisher, written: () => bodies.join("\n") };
}
