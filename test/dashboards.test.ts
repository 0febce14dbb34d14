import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { AggregationTemporality, DataPointType } from "@opentelemetry/sdk-metrics";
import { parser } from "@prometheus-io/lezer-promql";
import client from "prom-client";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { dashboardFiles } from "../scripts/dashboard-files.ts";
import { Laboratory } from "../src/index.ts";
import { openTelemetryPublisher } from "../src/publishers/opentelemetry.ts";
import { prometheusPublisher } from "../src/publishers/prometheus.ts";
import { ramp } from "../src/rollout/index.ts";
import { fixedClock } from "../src/testing/index.ts";

const folder = join(import.meta.dirname, "../dashboards");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}
interface Panel {
  readonly title: string;
  readonly targets: readonly Target[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const panels = (JSON.parse(read("grafana.json")) as { panels: readonly Panel[] }).panels;
const rules = (parse(read("alerts.yaml")) as { groups: readonly { rules: readonly Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

/** Labels of each metric that a publisher wrote, by the metric's name. */
type Registry = ReadonlyMap<string, ReadonlySet<string>>;
let written: { readonly prometheus: Registry; readonly openTelemetry: Registry };

/** A laboratory that does everything that is counted: matches, mismatches, skips, faults, a ramp that serves. */
async function writeAll(): Promise<typeof written> {
  const register = new client.Registry();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const clock = fixedClock();
  const lab = new Laboratory({
    clock,
    publishers: [prometheusPublisher({ client, register }), openTelemetryPublisher({ meter: provider.getMeter("a") })],
    labels: { build: "1" },
    onFault: () => undefined,
  });
  const rollout = ramp({ steps: [0.5] });
  const price = lab.experiment("price", {
    control: (id: number) => id,
    candidate: (id: number) => (id % 2 === 0 ? id : -id),
    key: (id: number) => String(id),
    rollout,
  });
  const broken = lab.experiment("broken", {
    control: () => 1,
    candidate: () => 1,
    enabled: () => {
      throw new Error("no");
    },
  });
  const behind = { rows: 3, oldestMs: 1_500, dead: 1, blocked: 2, skipped: 0 };
  lab.comparison("payments", {
    writes: () => ({
      ...{ at: clock.now(), stage: "ramp", share: 0.5, lag: { control: behind, candidate: behind } },
      holders: [
        ["candidate", 32],
        ["control", 32],
      ],
      lastReconciliation: { at: clock.now(), clean: true, keys: 9 },
    }),
  });
  const slow = lab.experiment("slow", { control: () => Promise.resolve(1), candidate: () => Promise.resolve(1) });
  // More in one turn than a queue holds.
  for (let id = 0; id < 3_000; id++) price(id);
  broken();
  await slow();
  await lab.settled();
  await lab.close();
  const prometheus = new Map<string, ReadonlySet<string>>();
  for (const metric of await register.getMetricsAsJSON()) {
    const values = metric.values as readonly { labels: object; metricName?: string }[];
    for (const { labels, metricName = metric.name } of values) addTo(prometheus, metricName, Object.keys(labels));
  }
  await reader.forceFlush();
  const openTelemetry = new Map<string, ReadonlySet<string>>();
  for (const metric of exporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics) {
    const base = metric.descriptor.name.replaceAll(".", "_");
    const name =
      metric.dataPointType === DataPointType.HISTOGRAM ? `${base}_bucket`
      : metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? `${base}_total`
      : base;
    for (const { attributes } of metric.dataPoints) {
      const labels = Object.keys(attributes).map((each) => each.replaceAll(".", "_"));
      addTo(openTelemetry, name, name.endsWith("_bucket") ? [...labels, "le"] : labels);
    }
  }
  await provider.shutdown();
  return { prometheus, openTelemetry };
}

function addTo(registry: Map<string, ReadonlySet<string>>, name: string, labels: readonly string[]): void {
  registry.set(name, new Set([...(registry.get(name) ?? []), ...labels]));
}

interface Query {
  readonly errors: readonly string[];
  readonly metrics: readonly RegExp[];
  readonly labels: readonly string[];
}

/** What a query asks for, by the grammar of PromQL. */
function queried(expr: string): Query {
  const text = expr.replaceAll("$__rate_interval", "5m");
  const found = { errors: [] as string[], metrics: [] as RegExp[], labels: [] as string[] };
  parser.parse(text).iterate({
    enter(node) {
      const part = text.slice(node.from, node.to);
      if (node.type.isError) found.errors.push(part);
      if (node.name === "Identifier") found.metrics.push(new RegExp(`^${part}$`));
      if (node.name === "LabelName" && part !== "__name__") found.labels.push(part);
      const byName = /^__name__=~"(.*)"$/.exec(part);
      if (node.name.endsWith("LabelMatcher") && byName !== null) found.metrics.push(new RegExp(`^${byName[1]}$`));
    },
  });
  return found;
}

/** Whether a publisher writes all that a query asks for. */
function isThere({ metrics, labels }: Query, registry: Registry): boolean {
  const known = metrics.map((metric) => [...registry].filter(([name]) => metric.test(name)));
  if (known.some((found) => found.length === 0)) return false;
  const theirs = known.flat().flatMap(([, each]) => [...each]);
  return labels.every((label) => theirs.includes(label));
}

const promtool = spawnSync("promtool", ["--version"], { encoding: "utf8" });
const withoutPromtool = promtool.error === undefined ? undefined : "skipped: there is no promtool on the PATH";

beforeAll(async () => {
  written = await writeAll();
});

const queries: readonly (readonly [string, string])[] = [
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

describe("the dashboard and the alerts", () => {
  it("are what the script writes", () => {
    for (const [name, text] of Object.entries(dashboardFiles())) expect(read(name)).toBe(text);
  });

  it.each(queries)("%s asks for what exactly one publisher writes: %s", (_title, expr) => {
    const query = queried(expr);
    expect(query.errors).toEqual([]);
    expect(query.metrics.length).toBeGreaterThan(0);
    const publishers = [written.prometheus, written.openTelemetry].filter((registry) => isThere(query, registry));
    expect(publishers).toHaveLength(1);
  });

  it.skipIf(withoutPromtool !== undefined)(`are rules that promtool takes (${withoutPromtool ?? "real"})`, () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", join(folder, "alerts.yaml")], {
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`).toContain(`${rules.length} rules found`);
    expect(status).toBe(0);
  });

  it("would notice a metric or a label that nobody writes", () => {
    expect(
      isThere(queried('sum by (experiment) (rate(sidelane_result_total{kind="x"}[5m]))'), written.prometheus),
    ).toBe(false);
    expect(isThere(queried("sum by (team) (sidelane_rollout_share)"), written.prometheus)).toBe(false);
    expect(queried("sum by (").errors).not.toEqual([]);
  });

  it("ask for each publisher's names as often", () => {
    const of = (registry: Registry): number => queries.filter(([, expr]) => isThere(queried(expr), registry)).length;
    expect(of(written.prometheus)).toBe(queries.length / 2);
    expect(of(written.openTelemetry)).toBe(queries.length / 2);
  });

  it("name lines and experiments by labels that are there", () => {
    const all = new Set([...written.prometheus, ...written.openTelemetry].flatMap(([, labels]) => [...labels]));
    const texts = [
      ...panels.flatMap(({ targets }) => targets.map(({ legendFormat }) => legendFormat)),
      ...rules.flatMap(({ annotations }) => Object.values(annotations)),
    ];
    const named = texts.flatMap((text) =>
      [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map((match) => match[1]!),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((label) => !all.has(label))).toEqual([]);
  });
});
