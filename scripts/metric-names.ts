import { standingMetrics, type StandingMetricName } from "../src/publishers/metrics/rollout-metrics.ts";

/** What the publishers count and time, by the name that it has in Prometheus without the prefix. */
export type MetricName =
  "results_total" | "behavior_duration_seconds_bucket" | "skips_total" | "candidates_in_flight" | StandingMetricName;

export type LabelName =
  | "experiment"
  | "candidate"
  | "kind"
  | "behavior"
  | "outcome"
  | "reason"
  | "stage"
  | "state"
  | "publisher"
  | "operation"
  | "side"
  | "version";

/** How one of the two publishers calls what it writes, in PromQL. */
export interface Names {
  readonly kind: "prometheus" | "opentelemetry";
  /** A selector of the metric. @param where labels with their value; one that starts with `=~` is matched */
  of(metric: MetricName, where?: Partial<Record<LabelName, string>>): string;
  /** The label of a metric, for `by (…)`. */
  label(metric: MetricName, label: LabelName): string;
}

function selector(name: string | undefined, matchers: readonly string[]): string {
  return `${name ?? ""}${matchers.length === 0 ? "" : `{${matchers.join(", ")}}`}`;
}

/** A label that every series of a metric has: by it the two publishers' series are told apart where their names are the same. */
function markOf(metric: MetricName): LabelName {
  if (metric === "publisher_dropped_total") return "publisher";
  return metric === "faults_total" ? "operation" : "experiment";
}

function matcher(label: string, value: string): string {
  return value.startsWith("=~") ? `${label}=~"${value.slice(2)}"` : `${label}="${value}"`;
}

export const prometheus: Names = {
  kind: "prometheus",
  of: (metric, where = {}) =>
    selector(`sidelane_${metric}`, [
      `${markOf(metric)}!=""`,
      ...Object.entries(where).map(([label, value]) => matcher(label, value)),
    ]),
  label: (_metric, label) => label,
};

const instruments: Readonly<Record<Exclude<MetricName, StandingMetricName>, string>> = {
  results_total: "sidelane_experiment_results_total",
  // With a unit in its name or without: the collector adds it, the SDK's own exporter does not.
  behavior_duration_seconds_bucket: "sidelane_behavior_duration(_seconds)?_bucket",
  skips_total: "sidelane_experiment_skips_total",
  candidates_in_flight: "sidelane_candidates_in_flight",
};

/** As exporters to Prometheus translate names: dots to underscores, `_total` for counters, `_ratio` and `_seconds` for gauges by some. */
function translated(metric: MetricName): string {
  if (metric in instruments) return instruments[metric as keyof typeof instruments];
  const { otel, kind, unit } = standingMetrics[metric as StandingMetricName];
  const name = otel.replaceAll(".", "_");
  if (kind === "counter") return `${name}_total`;
  if (unit === "s") return `${name}(_seconds)?`;
  return unit === "1" ? `${name}(_ratio)?` : name;
}

function attribute(metric: MetricName, label: LabelName): string {
  if (metric === "results_total" && label === "kind") return "sidelane_result_kind";
  if (metric === "skips_total" && label === "reason") return "sidelane_skip_reason";
  return `sidelane_${label}`;
}

export const openTelemetry: Names = {
  kind: "opentelemetry",
  of: (metric, where = {}) => {
    const name = translated(metric);
    const isPattern = name.includes("?");
    const matchers = [
      `${attribute(metric, markOf(metric))}!=""`,
      ...Object.entries(where).map(([label, value]) => matcher(attribute(metric, label as LabelName), value)),
    ];
    return isPattern ? selector(undefined, [`__name__=~"${name}"`, ...matchers]) : selector(name, matchers);
  },
  label: attribute,
};
