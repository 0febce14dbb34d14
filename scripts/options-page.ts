/** The page of all options, made from the tables that check them and the docstrings of their interfaces. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { captureTable } from "../src/compare/copy/capture-limits.ts";
import { compareLimitsTable } from "../src/compare/rules/compare-limits.ts";
import { knownMismatchTable } from "../src/compare/rules/known-mismatches.ts";
import { compareTable, unorderedTable } from "../src/compare/rules/rules.ts";
import { toleranceTable } from "../src/compare/rules/tolerance.ts";
import { comparisonLimitsTable, comparisonTable } from "../src/experiment/define/comparison-options.ts";
import { laboratoryLimitsTable, laboratoryTable } from "../src/experiment/define/laboratory-options.ts";
import {
  aboutTable,
  experimentTable,
  limitsTable,
  noiseTable,
  streamTable,
} from "../src/experiment/define/option-tables.ts";
import { throwTable } from "../src/experiment/define/throw-options.ts";
import {
  handlerLimitsTable,
  handlerTable,
  sessionTable,
  silenceTable,
  streamsTable,
} from "../src/http/handler-options.ts";
import { fetchTable } from "../src/http/parallel-fetch.ts";
import { bodyLimitsTable, responseRulesTable } from "../src/http/responses/response-rules.ts";
import { serviceTable } from "../src/http/sides/side.ts";
import type { OptionRule } from "../src/model/option-table.ts";
import { batchTable } from "../src/publishers/combine/batch.ts";
import { throttleTable } from "../src/publishers/combine/throttle.ts";
import { consoleTable } from "../src/publishers/console.ts";
import { diagnosticsChannelTable } from "../src/publishers/diagnostics-channel.ts";
import { kafkaTable } from "../src/publishers/kafka.ts";
import { memoryTable } from "../src/publishers/memory.ts";
import { rotationTable } from "../src/publishers/ndjson/file-target.ts";
import { ndjsonTable } from "../src/publishers/ndjson/index.ts";
import { openTelemetryTable } from "../src/publishers/opentelemetry.ts";
import { pinoTable } from "../src/publishers/pino.ts";
import { prometheusTable } from "../src/publishers/prometheus.ts";
import { redisStreamTable } from "../src/publishers/redis-stream.ts";
import { sentryTable } from "../src/publishers/sentry.ts";
import { clickhouseTable } from "../src/publishers/clickhouse/index.ts";
import { sqlTable } from "../src/publishers/sql/index.ts";
import { webhookTable } from "../src/publishers/webhook/index.ts";
import { sidesTable } from "../src/recipes/experiments.ts";
import { privacyTable } from "../src/records/privacy-options.ts";
import { redactTable } from "../src/records/redaction.ts";
import { renderHtmlTable, renderTextTable } from "../src/render/index.ts";
import { keysStepTable, stepTable } from "../src/rollout/ramp/steps.ts";
import { rampTable } from "../src/rollout/ramp/ramp-options.ts";
import { sharesTable } from "../src/rollout/snapshot.ts";
import { environmentTable } from "../src/rollout/sources/environment.ts";
import { openFeatureTable } from "../src/rollout/sources/openfeature.ts";
import { changesSideTable } from "../src/writes/changes/changes-table.ts";
import { memoryOutboxTable } from "../src/writes/outbox/memory.ts";
import { postgresqlOutboxTable } from "../src/writes/outbox/postgresql.ts";
import { sqliteOutboxTable } from "../src/writes/outbox/sqlite.ts";
import { maxLagTable, parallelWritesTable, writeSideTable } from "../src/writes/options.ts";
import { reconcileTable } from "../src/writes/reconcile/reconcile.ts";
import { workTable } from "../src/writes/worker.ts";
import { postgresqlStoreTable } from "../src/rollout/stores/postgresql.ts";
import { redisStoreTable } from "../src/rollout/stores/redis.ts";
import { customGateTable, externalGateTable, slowerTable } from "../src/stats/gates.ts";

type Table = Readonly<Record<string, OptionRule>>;

const src = join(import.meta.dirname, "../src");

/** What many publishers share. */
const privacy = "records/privacy-options.ts PrivacyOptions";

/** Each: title, table, and the interfaces (file and name) that say what its options do. */
const sections: readonly (readonly [title: string, table: object, ...interfaces: string[]])[] = [
  [
    "`experiment(name, { … })`",
    experimentTable,
    "experiment/define/options.ts Options",
    "experiment/define/definition.ts InferredDefinition",
  ],
  [
    "`lab.comparison(name, { … })`",
    comparisonTable,
    "experiment/define/comparison-options.ts ComparisonOptions",
    "experiment/define/comparison-options.ts PreparingOptions",
  ],
  ["`experiments(lab, { … })`", sidesTable, "recipes/experiments.ts ExperimentsSides"],
  [
    "`limits` of a comparison",
    comparisonLimitsTable,
    "experiment/define/options.ts ExperimentLimits",
    "experiment/define/comparison-options.ts ComparisonLimits",
  ],
  ["`limits` of an experiment", limitsTable, "experiment/define/options.ts ExperimentLimits"],
  ["`capture`", captureTable, "compare/copy/capture-limits.ts CaptureLimits"],
  ["`stream`", streamTable, "experiment/define/options.ts StreamLimits"],
  ["`noise`", noiseTable, "experiment/record/noise-reruns.ts NoiseOptions"],
  ["`about`", aboutTable, "experiment/define/options.ts About"],
  ["An element of `knownMismatches`", knownMismatchTable, "compare/rules/known-mismatches.ts KnownMismatch"],
  ["`throwOnMismatch`", throwTable, "experiment/define/throw-options.ts ThrowOptions"],
  ["`new Laboratory({ … })`", laboratoryTable, "experiment/define/laboratory-options.ts LaboratoryOptions"],
  ["`limits` of a laboratory", laboratoryLimitsTable, "experiment/define/laboratory-options.ts LaboratoryLimits"],
  ["`compare`", compareTable, "compare/rules/rules.ts CompareRules"],
  ["An element of `compare.unordered`", unorderedTable, "compare/rules/rules.ts UnorderedRule"],
  ["`compare.tolerance`", toleranceTable, "compare/rules/tolerance.ts Tolerance"],
  ["`compare.limits`", compareLimitsTable, "compare/rules/compare-limits.ts CompareLimits"],
  [
    "`parallelHandler({ … })`",
    handlerTable,
    "http/handler-options.ts HandlerOptions",
    "http/handler-options.ts SharedOptions",
  ],
  [
    "`parallelFetch({ … })`",
    fetchTable,
    "http/parallel-fetch.ts FetchOptions",
    "http/handler-options.ts SharedOptions",
  ],
  [
    "`limits` of a handler",
    handlerLimitsTable,
    "experiment/define/options.ts ExperimentLimits",
    "experiment/define/comparison-options.ts ComparisonLimits",
    "http/handler-options.ts HandlerLimits",
  ],
  ["`streams`", streamsTable, "http/exchange/stream-capture.ts StreamOptions"],
  ["`session`", sessionTable, "http/sessions.ts SessionOptions"],
  ["`silence`", silenceTable, "http/silence-watch.ts SilenceOptions"],
  ["A side of a handler, as an object", serviceTable, "http/sides/side.ts ServiceSide"],
  [
    "`compare` of a handler, and rules of `compareResponses`",
    responseRulesTable,
    "compare/rules/rules.ts CompareRules",
    "http/responses/response-rules.ts ResponseRules",
  ],
  ["`bodyLimits`", bodyLimitsTable, "http/responses/body-capture.ts BodyLimits"],
  ["`rollout`, as shares", sharesTable, "rollout/snapshot.ts RolloutSetting"],
  ["`ramp({ … })`", rampTable, "rollout/ramp/ramp-options.ts RampOptions"],
  ["An element of `steps`", stepTable, "rollout/ramp/steps.ts RampStep"],
  ["The first of `steps`, of chosen keys", keysStepTable, "rollout/ramp/steps.ts KeysStep"],
  ["`gates.slower({ … })`", slowerTable, "stats/gates.ts SlowerOptions"],
  ["`gates.custom({ … })`", customGateTable, "stats/gates.ts GateDefinition"],
  ["`gates.external({ … })`", externalGateTable, "stats/gates.ts ExternalGate"],
  ["`fromEnvironment(variable, { … })`", environmentTable, "rollout/sources/environment.ts EnvironmentOptions"],
  ["`fromOpenFeature(client, flagKey, { … })`", openFeatureTable, "rollout/sources/openfeature.ts OpenFeatureOptions"],
  ["`parallelWrites(name, { … })`", parallelWritesTable, "writes/options.ts ParallelWritesOptions"],
  ["`control` and `candidate` of parallel writes", writeSideTable, "writes/options.ts WriteSide"],
  ["`control` of parallel writes, with `changes`", changesSideTable, "writes/changes/changes-side.ts ChangesSide"],
  ["`maxLag`", maxLagTable, "writes/options.ts MaxLag"],
  ["`writes.work({ … })`", workTable, "writes/worker.ts WorkOptions"],
  ["`writes.reconcile({ … })`", reconcileTable, "writes/reconcile/reconcile.ts ReconcileOptions"],
  [
    "`postgresqlOutbox(pool, { … })`",
    postgresqlOutboxTable,
    "writes/outbox/tables.ts TableNames",
    "writes/outbox/postgresql.ts PostgresqlOutboxOptions",
  ],
  [
    "`sqliteOutbox(database, { … })`",
    sqliteOutboxTable,
    "writes/outbox/tables.ts TableNames",
    "writes/outbox/sqlite.ts SqliteOutboxOptions",
  ],
  ["`memoryOutbox({ … })`", memoryOutboxTable, "writes/outbox/memory.ts MemoryOutboxOptions"],
  ["`postgresqlStore({ … })`", postgresqlStoreTable, "rollout/stores/postgresql.ts PostgresqlStoreOptions"],
  ["`redisStore({ … })`", redisStoreTable, "rollout/stores/redis.ts RedisStoreOptions"],
  ["Every publisher that leaves the process", privacyTable, privacy],
  ["`redact`", redactTable, "records/redaction.ts RedactOptions"],
  ["`consolePublisher({ … })`", consoleTable, "publishers/console.ts ConsolePublisherOptions"],
  ["`memoryPublisher({ … })`", memoryTable, "publishers/memory.ts MemoryPublisherOptions"],
  ["`ndjsonPublisher({ … })`", ndjsonTable, "publishers/ndjson/index.ts NdjsonPublisherOptions"],
  ["`rotate`", rotationTable, "publishers/ndjson/file-target.ts Rotation"],
  ["`openTelemetryPublisher({ … })`", openTelemetryTable, "publishers/opentelemetry.ts OpenTelemetryPublisherOptions"],
  ["`prometheusPublisher({ … })`", prometheusTable, "publishers/prometheus.ts PrometheusPublisherOptions"],
  ["`pinoPublisher({ … })`", pinoTable, "publishers/pino.ts PinoPublisherOptions"],
  ["`sentryPublisher({ … })`", sentryTable, "publishers/sentry.ts SentryPublisherOptions"],
  ["`webhookPublisher({ … })`", webhookTable, "publishers/webhook/index.ts WebhookPublisherOptions"],
  ["`sqlPublisher({ … })`", sqlTable, "publishers/sql/index.ts SqlPublisherOptions"],
  ["`clickhousePublisher({ … })`", clickhouseTable, "publishers/clickhouse/index.ts ClickhousePublisherOptions"],
  ["`kafkaPublisher({ … })`", kafkaTable, "publishers/kafka.ts KafkaPublisherOptions"],
  ["`redisStreamPublisher({ … })`", redisStreamTable, "publishers/redis-stream.ts RedisStreamPublisherOptions"],
  [
    "`diagnosticsChannelPublisher({ … })`",
    diagnosticsChannelTable,
    "publishers/diagnostics-channel.ts DiagnosticsChannelPublisherOptions",
  ],
  ["`batch({ … }, publisher)`", batchTable, "publishers/combine/batch.ts BatchOptions"],
  ["`throttle({ … }, publisher)`", throttleTable, "publishers/combine/throttle.ts ThrottleOptions"],
  [
    "`renderText(result, { … })`",
    renderTextTable,
    "render/index.ts RenderTextOptions",
    "render/index.ts RenderOptions",
  ],
  [
    "`renderHtml(result, { … })`",
    renderHtmlTable,
    "render/index.ts RenderHtmlOptions",
    "render/index.ts RenderOptions",
  ],
];

/** The docstrings of the properties below one declaration, by name. */
function docstrings(place: string): ReadonlyMap<string, string> {
  const [file, name] = place.split(" ") as [string, string];
  const text = readFileSync(join(src, file), "utf8");
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node)) {
      const [doc] = ts.getJSDocCommentsAndTags(node);
      const comment = doc !== undefined && ts.isJSDoc(doc) ? ts.getTextOfJSDocComment(doc.comment) : undefined;
      if (comment !== undefined) found.set(node.name.getText(), comment.replaceAll(/\s*\n\s*/g, " "));
    }
    ts.forEachChild(node, visit);
  };
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true).statements) {
    const declares = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    if (declares && statement.name.text === name) visit(statement);
  }
  return found;
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "function") return value === Math.random ? "`Math.random`" : "see right";
  if (Array.isArray(value) && value.some((each) => typeof each === "object")) return "see right";
  if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
    return "the system's";
  return `\`${JSON.stringify(value)}\``;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** The whole page, in Markdown. */
export function optionsPage(): string {
  const parts = sections.map(([title, table, ...interfaces]) => {
    const docs = new Map([privacy, ...interfaces].flatMap((each) => [...docstrings(each)]));
    const rows = Object.entries(table as Table).map(([name, { takes, isRequired, byDefault }]) => {
      const otherwise = isRequired === true ? "required" : shown(byDefault);
      return `| \`${name}\` | ${cell(takes)} | ${cell(otherwise)} | ${cell(docs.get(name) ?? "")} |`;
    });
    return [
      `## ${title}`,
      "",
      "| option | takes | default | what it does |",
      "| --- | --- | --- | --- |",
      ...rows,
    ].join("\n");
  });
  return `# Options

Every options object of the package, made from the tables that check it (\`npm run docs:options\`). An unknown name, or a value that
does not fit, throws a \`SidelaneError\` where the object is handed in: it names the option, what was expected and what came.

${parts.join("\n\n")}
`;
}
