import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
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
import type { Publisher } from "../../src/model/publisher.ts";
import { all, batch, only, redact, sample, throttle } from "../../src/publishers/combine/index.ts";
import { clickhousePublisher } from "../../src/publishers/clickhouse/index.ts";
import { consolePublisher } from "../../src/publishers/console.ts";
import { diagnosticsChannelPublisher } from "../../src/publishers/diagnostics-channel.ts";
import { kafkaPublisher } from "../../src/publishers/kafka.ts";
import { memoryPublisher } from "../../src/publishers/memory.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { openTelemetryPublisher } from "../../src/publishers/opentelemetry.ts";
import { pinoPublisher } from "../../src/publishers/pino.ts";
import { prometheusPublisher } from "../../src/publishers/prometheus.ts";
import { redisStreamPublisher } from "../../src/publishers/redis-stream.ts";
import { sentryPublisher } from "../../src/publishers/sentry.ts";
import { migrations, sqlPublisher } from "../../src/publishers/sql/index.ts";
import { webhookPublisher } from "../../src/publishers/webhook/index.ts";
import type { OpenedPublisher } from "../../src/testing/test-publisher.ts";
import { sentryInMemory } from "./sentry-in-memory.ts";

type Open = () => OpenedPublisher | Promise<OpenedPublisher>;

/**
 * Every publisher by its subpath, and its variants by name, each with a target in memory that gives back each byte it was
 * sent.
 */
export const openers: Readonly<Record<string, Readonly<Record<string, Open>>>> = {
  combine: {
    only: () => ndjsonInMemory((inner) => only(["mismatch", "match"], inner)),
    "only, by a function": () => ndjsonInMemory((inner) => only(({ experiment }) => experiment !== "", inner)),
    "sample, of all": () => ndjsonInMemory((inner) => sample(1, inner)),
    "sample, the first of each kind": () => ndjsonInMemory((inner) => sample(0, inner)),
    redact: () => ndjsonInMemory((inner) => redact({}, inner)),
    batch: () => ndjsonInMemory((inner) => batch({ size: 7 }, inner)),
    throttle: () => ndjsonInMemory((inner) => throttle({ perMinute: 1_000_000 }, inner)),
    all: () => ndjsonInMemory((inner) => all(inner, memoryPublisher())),
    "all of them in one another": () =>
      ndjsonInMemory((inner) =>
        all(only("mismatch", throttle({ perMinute: 5_000 }, batch({ size: 7 }, redact({}, inner))))),
      ),
  },
  clickhouse: {
    ""() {
      const inserted: unknown[] = [];
      const publisher = clickhousePublisher({ client: { insert: async (request) => void inserted.push(request) } });
      return {
        publisher,
        async written() {
          await publisher.flush!();
          return JSON.stringify(inserted);
        },
      };
    },
  },
  console: { "": () => consoleInMemory(false), "in colors": () => consoleInMemory(true) },
  "diagnostics-channel": { "": () => ({ publisher: diagnosticsChannelPublisher() }) },
  memory: { "": () => ({ publisher: memoryPublisher() }) },
  ndjson: {
    "to a stream": () => ndjsonInMemory((inner) => inner),
    "to a file"() {
      const folder = mkdtempSync(join(tmpdir(), "sidelane-conformance-"));
      const path = join(folder, "results.ndjson");
      return {
        publisher: ndjsonPublisher({ path }),
        written: () => readFileSync(path, "utf8"),
        cleanUp: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
  webhook: {
    "in Slack's format": () => webhookInMemory("slack"),
    "in JSON": () => webhookInMemory("json"),
  },
  opentelemetry: {
    ""() {
      const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const spans = new InMemorySpanExporter();
      const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 1_000_000 });
      const meters = new MeterProvider({ readers: [reader] });
      const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
      return {
        publisher: openTelemetryPublisher({ meter: meters.getMeter("test"), tracer: tracers.getTracer("test") }),
        async written() {
          await reader.forceFlush();
          const finished = spans
            .getFinishedSpans()
            .map(({ name, attributes, status }) => ({ name, attributes, status }));
          return JSON.stringify([metrics.getMetrics().map(({ scopeMetrics }) => scopeMetrics), finished]);
        },
        cleanUp: () => meters.shutdown(),
      };
    },
  },
  prometheus: {
    ""() {
      const register = new client.Registry();
      return { publisher: prometheusPublisher({ client, register }), written: () => register.metrics() };
    },
  },
  pino: {
    ""() {
      const lines: string[] = [];
      const logger = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
      return { publisher: pinoPublisher({ logger, levels: { match: "debug" } }), written: () => lines.join("") };
    },
  },
  sentry: {
    ""() {
      const { client, sent } = sentryInMemory();
      return {
        publisher: sentryPublisher({ client, kinds: ["mismatch", "ignored", "inconclusive", "timed-out"] }),
        written: () => sent.join("\n"),
      };
    },
  },
  sql: {
    async ""() {
      const db = new (await initSqlite()).Database();
      for (const { statements } of migrations("sqlite")) for (const statement of statements) db.run(statement);
      const tables = [
        "sidelane_results",
        "sidelane_groups",
        "sidelane_tallies",
        "sidelane_skips",
        "sidelane_counts",
        "sidelane_verdicts",
        "sidelane_minutes",
        "sidelane_events",
      ];
      return {
        publisher: sqlPublisher({ dialect: "sqlite", execute: (sql, parameters) => db.run(sql, parameters) }),
        written: () => JSON.stringify(tables.flatMap((table) => db.exec(`SELECT * FROM ${table}`))),
        cleanUp: () => db.close(),
      };
    },
  },
  "redis-stream": {
    ""() {
      const commands: unknown[] = [];
      const redis = { xAdd: async (...command: unknown[]) => void commands.push(command) };
      return { publisher: redisStreamPublisher({ client: redis }), written: () => JSON.stringify(commands) };
    },
  },
  kafka: {
    ""() {
      const records: unknown[] = [];
      const producer = { send: async (record: unknown) => void records.push(record) };
      return { publisher: kafkaPublisher({ producer }), written: () => JSON.stringify(records) };
    },
  },
};

function ndjsonInMemory(around: (inner: Publisher) => Publisher): OpenedPublisher {
  let written = "";
  const stream = new Writable({
    write(chunk, _, done) {
      written += String(chunk);
      done();
    },
  });
  return { publisher: around(ndjsonPublisher({ stream })), written: () => written };
}

function consoleInMemory(color: boolean): OpenedPublisher {
  let written = "";
  const kinds = ["match", "ignored", "inconclusive", "timed-out", "mismatch"] as const;
  const write = (text: string): void => void (written += `${text}\n`);
  return { publisher: consolePublisher({ write, color, kinds, perMinute: 1_000_000 }), written: () => written };
}

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
