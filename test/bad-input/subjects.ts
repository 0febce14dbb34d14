import { compare } from "../../src/compare/index.ts";
import { Laboratory } from "../../src/index.ts";
import { batch, redact, throttle } from "../../src/publishers/combine/index.ts";
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
import { sqlPublisher } from "../../src/publishers/sql/index.ts";
import { webhookPublisher } from "../../src/publishers/webhook/index.ts";
import { gates, ramp } from "../../src/rollout/index.ts";
import { fromEnvironment } from "../../src/rollout/sources/environment.ts";
import { fromOpenFeature } from "../../src/rollout/sources/openfeature.ts";

/** What takes an options object. */
export interface Subject {
  readonly name: string;
  /** Every option; those that are required with a right value. */
  readonly options: readonly string[];
  readonly right?: Readonly<Record<string, unknown>>;
  readonly make: (options: never) => unknown;
}

const nothing = (): void => undefined;
const sides = { control: nothing, candidate: nothing };
const define = (options: object) => new Laboratory().experiment("tried", { ...sides, ...options });
const instrument = (): object => ({ add: nothing, record: nothing });
class Metric {
  labels = nothing;
}
const prometheus = {
  register: { getSingleMetric: nothing },
  Counter: Metric,
  Gauge: Metric,
  Histogram: Metric,
};
const flags = { getObjectDetails: async () => ({ value: {} }), addHandler: nothing, removeHandler: nothing };
const privacy = ["values", "redact"];

export const subjects: readonly Subject[] = [
  {
    name: "experiment",
    options: [
      ...["control", "candidate", "candidates", "prepare", "enabled", "sample", "compare", "context", "order"],
      ...["knownMismatches", "clean", "noise", "stream", "beforeRun", "afterRun", "onNewMismatch", "key", "rollout"],
      ...["limits", "capture", "isolate", "checkArguments", "about", "throwOnMismatch", "replace"],
    ],
    right: sides,
    make: (options: object) => new Laboratory().experiment("tried", options as never),
  },
  {
    name: "experiment limits",
    options: ["timeoutMs", "maxInFlight", "breakAfter", "breakMs", "cpuShare"],
    make: (limits) => define({ limits }),
  },
  {
    name: "comparison",
    options: [
      ...["enabled", "sample", "key", "context", "compare", "prepareComparable", "knownMismatches", "clean", "noise"],
      ...["afterRun", "onNewMismatch", "rollout", "limits", "capture", "about", "throwOnMismatch", "replace"],
    ],
    make: (options) => new Laboratory().comparison("tried", options),
  },
  {
    name: "comparison limits",
    options: ["timeoutMs", "maxInFlight", "callerMs", "breakAfter", "breakMs"],
    make: (limits) => new Laboratory().comparison("tried", { limits }),
  },
  { name: "experiment capture", options: ["nodes", "depth", "length"], make: (capture) => define({ capture }) },
  { name: "experiment stream", options: ["maxItems", "maxBytes"], make: (stream) => define({ stream }) },
  {
    name: "experiment noise",
    options: ["controlIsReadOnly", "rate", "max"],
    right: { controlIsReadOnly: true },
    make: (noise) => define({ noise }),
  },
  {
    name: "experiment throwOnMismatch",
    options: ["kinds", "error"],
    make: (throwOnMismatch) => define({ throwOnMismatch }),
  },
  { name: "experiment about", options: ["owner", "link", "until"], make: (about) => define({ about }) },
  {
    name: "experiment rollout",
    options: ["serve", "compare", "salt", "onMismatch", "graceMs"],
    right: { serve: 0.5 },
    make: (rollout) => define({ rollout }),
  },
  {
    name: "experiment known mismatch",
    options: ["name", "when", "signature", "paths", "link", "until"],
    right: { name: "known", when: () => true },
    make: (known) => define({ knownMismatches: [known] }),
  },
  {
    name: "laboratory",
    options: [
      ...["publishers", "onFault", "enabled", "context", "throwOnMismatch", "limits", "trackRuns", "clock", "random"],
    ],
    make: (options) => new Laboratory(options),
  },
  {
    name: "laboratory limits",
    options: ["maxInFlight", "maxLoopUtilization"],
    make: (limits) => new Laboratory({ limits }),
  },
  {
    name: "compare",
    options: [
      ...["ignore", "unordered", "tolerance", "at", "classes", "normalize", "undefinedIsMissing", "ignorePrototype"],
      ...["errors", "limits"],
    ],
    make: (rules) => compare(1, 2, rules),
  },
  {
    name: "compare limits",
    options: ["timeMs", "nodes", "trialPairs", "differences", "depth"],
    make: (limits) => compare(1, 2, { limits }),
  },
  {
    name: "compare unordered",
    options: ["path", "by"],
    right: { path: "$.lines" },
    make: (rule) => compare(1, 2, { unordered: [rule] }),
  },
  { name: "compare tolerance", options: ["abs", "rel"], make: (tolerance) => compare(1, 2, { tolerance }) },
  {
    name: "ramp",
    options: [
      ...[
        "steps",
        "gates",
        "onReady",
        "onRegression",
        "start",
        "compare",
        "minimumServed",
        "unkeyed",
        "version",
        "onNewVersion",
        "minimumTimeMs",
        "minimumUnits",
        "minimumKeys",
      ],
      ...["completeAfterMs", "risk", "falseAlarmEvery", "unitWindowMs", "quietAfterMs", "checkEveryMs", "onMismatch"],
      ...["graceMs", "store", "source", "salt", "process"],
    ],
    make: (options) => ramp(options),
  },
  {
    name: "ramp step",
    options: ["share", "minimumTimeMs", "pause"],
    right: { share: 0.5 },
    make: (step) => ramp({ steps: [step] }),
  },
  {
    name: "ramp step of chosen keys",
    options: ["keys", "minimumTimeMs", "pause"],
    right: { keys: () => true },
    make: (step) => ramp({ steps: [step, 0.5] }),
  },
  { name: "gates.slower", options: ["ratio", "marginMs", "max", "warmUp"], make: (options) => gates.slower(options) },
  {
    name: "gates.custom",
    options: ["name", "max", "of"],
    right: { name: "mine", max: 0.1, of: () => 0 },
    make: (options) => gates.custom(options),
  },
  {
    name: "gates.external",
    options: ["name", "max", "ask", "everyMs", "alarmAfter", "dryRun"],
    right: { name: "mine", max: 0.1, ask: () => 0, everyMs: 1_000 },
    make: (options) => gates.external(options),
  },
  { name: "fromEnvironment", options: ["otherwise"], make: (options) => fromEnvironment("SIDELANE_NONE", options) },
  {
    name: "fromOpenFeature",
    options: ["context", "pollEveryMs", "otherwise"],
    make: (options) => fromOpenFeature(flags, "flag", options),
  },
  {
    name: "consolePublisher",
    options: ["write", "color", "perMinute", "values", "redact", "kinds", "clock"],
    make: (options) => consolePublisher(options),
  },
  { name: "memoryPublisher", options: ["limit"], make: (options) => memoryPublisher(options) },
  {
    name: "diagnosticsChannelPublisher",
    options: ["prefix"],
    make: (options) => diagnosticsChannelPublisher(options),
  },
  {
    name: "ndjsonPublisher",
    options: ["stream", "rotate", "kinds", ...privacy],
    right: { stream: { write: () => true } },
    make: (options) => ndjsonPublisher(options),
  },
  {
    name: "ndjsonPublisher rotate",
    options: ["bytes", "files"],
    right: { bytes: 1_000 },
    make: (rotate) => ndjsonPublisher({ path: "/dev/null", rotate }),
  },
  {
    name: "kafkaPublisher",
    options: ["producer", "topic", ...privacy],
    right: { producer: { send: nothing } },
    make: (options) => kafkaPublisher(options),
  },
  {
    name: "openTelemetryPublisher",
    options: ["meter", "tracer", "linkTo", "buckets", "maxLabelValues"],
    right: { meter: { createCounter: instrument, createUpDownCounter: instrument, createHistogram: instrument } },
    make: (options) => openTelemetryPublisher(options),
  },
  {
    name: "pinoPublisher",
    options: ["logger", "levels", ...privacy],
    right: { logger: { info: nothing, warn: nothing } },
    make: (options) => pinoPublisher(options),
  },
  {
    name: "prometheusPublisher",
    options: ["client", "register", "prefix", "buckets", "maxLabelValues"],
    right: { client: prometheus },
    make: (options) => prometheusPublisher(options),
  },
  {
    name: "redisStreamPublisher",
    options: ["client", "key", "maxLength", ...privacy],
    right: { client: { xAdd: nothing } },
    make: (options) => redisStreamPublisher(options),
  },
  {
    name: "sentryPublisher",
    options: ["client", "kinds", ...privacy],
    right: { client: { captureEvent: nothing } },
    make: (options) => sentryPublisher(options),
  },
  {
    name: "sqlPublisher",
    options: ["execute", "dialect", "prefix", "clock", ...privacy],
    right: { execute: nothing, dialect: "sqlite" },
    make: (options) => sqlPublisher(options),
  },
  {
    name: "webhookPublisher",
    options: [
      ...["url", "format", "alertOn", "allowHosts", "allowPrivate", "allowHttp", "headers", "perMinute", "timeoutMs"],
      ...["fetch", "lookup", "clock", "random", ...privacy],
    ],
    right: { url: "https://hooks.slack.com/services/x" },
    make: (options) => webhookPublisher(options),
  },
  {
    name: "batch",
    options: ["size", "intervalMs", "maxBytes", "clock"],
    right: { size: 10 },
    make: (options) => batch(options, { name: "inner", publish: nothing, publishBatch: nothing }),
  },
  {
    name: "throttle",
    options: ["perMinute", "clock"],
    right: { perMinute: 1 },
    make: (options) => throttle(options, memoryPublisher()),
  },
  {
    name: "redact",
    options: ["keys", "paths", "replace"],
    make: (options) => redact(options, memoryPublisher()),
  },
];
