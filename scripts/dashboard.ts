import { openTelemetry, prometheus, type LabelName, type MetricName, type Names } from "./metric-names.ts";

/** A panel's lines: what is drawn, for each way of calling it, and by which labels a line is named. */
interface Line {
  readonly expr: (names: Names) => string;
  readonly legend: string;
}

interface PanelPlan {
  readonly title: string;
  /** What a person reads out of it. */
  readonly description: string;
  readonly unit: "percentunit" | "s" | "short" | "ops";
  readonly type?: "timeseries" | "state-timeline";
  readonly min?: number;
  readonly max?: number;
  readonly lines: readonly Line[];
}

const chosen = { experiment: "=~$experiment" };

/** `{{experiment}}{{sidelane_experiment}}`: one of the two is there. */
function legend(...labels: readonly LabelName[]): string {
  const renamed: Partial<Record<LabelName, string>> = { kind: "sidelane_result_kind", reason: "sidelane_skip_reason" };
  return labels.map((label) => `{{${label}}}{{${renamed[label] ?? `sidelane_${label}`}}}`).join(" ");
}

function rate(names: Names, metric: MetricName, by: readonly LabelName[], where = {}): string {
  const labels = by.map((label) => names.label(metric, label)).join(", ");
  return `sum by (${labels}) (rate(${names.of(metric, { ...chosen, ...where })}[$__rate_interval]))`;
}

function quantile(share: number): Line {
  return {
    expr: (names) => {
      const metric = "behavior_duration_seconds_bucket";
      const labels = ["le", ...(["experiment", "behavior"] as const).map((label) => names.label(metric, label))];
      const rates = `rate(${names.of(metric, chosen)}[$__rate_interval])`;
      return `histogram_quantile(${share}, sum by (${labels.join(", ")}) (${rates}))`;
    },
    legend: `${legend("experiment", "behavior")} p${share * 100}`,
  };
}

function standing(metric: MetricName, by: readonly LabelName[], suffix = ""): Line {
  return {
    expr: (names) =>
      `max by (${by.map((label) => names.label(metric, label)).join(", ")}) (${names.of(metric, chosen)})${suffix}`,
    legend: legend(...by),
  };
}

function named(suffix: string, line: Line): Line {
  return { ...line, legend: `${line.legend} ${suffix}` };
}

const perSide = ["experiment", "side"] as const;

const panels: readonly PanelPlan[] = [
  {
    title: "May it go on?",
    description: "What the evidence says of each candidate: ready, not-ready, insufficient or regressed.",
    unit: "short",
    type: "state-timeline",
    lines: [standing("verdict", ["experiment", "candidate", "state"], " == 1")],
  },
  {
    title: "Share that the candidate answers",
    description: "The share of keys that each rollout serves from its candidate.",
    unit: "percentunit",
    min: 0,
    max: 1,
    lines: [standing("rollout_share", ["experiment"])],
  },
  {
    title: "Rate of mismatches, and its bound",
    description: "Mismatches of all compared calls, beside the most that the true rate is at the verdict's confidence.",
    unit: "percentunit",
    min: 0,
    lines: [
      {
        expr: (names) =>
          `${rate(names, "results_total", ["experiment", "candidate"], { kind: "mismatch" })} / ${rate(names, "results_total", ["experiment", "candidate"])}`,
        legend: legend("experiment", "candidate"),
      },
      {
        ...standing("mismatch_upper_bound", ["experiment", "candidate"]),
        legend: `${legend("experiment", "candidate")} bound`,
      },
    ],
  },
  {
    title: "What is missing",
    description: "Units of evidence until ready, if all of them are good.",
    unit: "short",
    min: 0,
    lines: [standing("units_missing", ["experiment", "candidate"])],
  },
  {
    title: "Compared calls, by kind",
    description: "Results a second.",
    unit: "ops",
    min: 0,
    lines: [
      {
        expr: (names) => rate(names, "results_total", ["experiment", "kind"]),
        legend: legend("experiment", "kind"),
      },
    ],
  },
  {
    title: "How long both sides take",
    description: "p50 and p99 of control and of each candidate.",
    unit: "s",
    min: 0,
    lines: [quantile(0.5), quantile(0.99)],
  },
  {
    title: "Answered by the candidate, and fallen back",
    description: "Calls a second that the candidate answered, and those in which control took its place.",
    unit: "ops",
    min: 0,
    lines: [
      { expr: (names) => rate(names, "served_total", ["experiment"]), legend: `${legend("experiment")} served` },
      { expr: (names) => rate(names, "fell_back_total", ["experiment"]), legend: `${legend("experiment")} fell back` },
    ],
  },
  {
    title: "Not compared, by reason",
    description: "Calls a second whose candidate did not run.",
    unit: "ops",
    min: 0,
    lines: [
      { expr: (names) => rate(names, "skips_total", ["experiment", "reason"]), legend: legend("experiment", "reason") },
    ],
  },
  {
    title: "Kinds of mismatch",
    description: "How many kinds are known, and how many of the last hour are new.",
    unit: "short",
    min: 0,
    lines: [
      standing("groups", ["experiment"]),
      {
        expr: (names) =>
          `sum by (${names.label("new_groups_total", "experiment")}) (increase(${names.of("new_groups_total", chosen)}[1h]))`,
        legend: `${legend("experiment")} new`,
      },
    ],
  },
  {
    title: "Parallel writes: what waits",
    description:
      "Operations that are not followed yet, by the side that was their authority, and the age of the oldest.",
    unit: "short",
    min: 0,
    lines: [standing("writes_lag", perSide), named("s old", standing("writes_lag_seconds", perSide))],
  },
  {
    title: "Parallel writes: dead, blocked, skipped",
    description:
      "Operations that failed for good, records that wait behind them, and operations that a person skipped.",
    unit: "short",
    min: 0,
    lines: [
      named("dead", standing("writes_dead", perSide)),
      named("blocked", standing("writes_blocked", perSide)),
      named("skipped", standing("writes_skipped", perSide)),
    ],
  },
  {
    title: "Parallel writes: who holds the buckets",
    description:
      "How many of the 64 buckets each side is the authority of; moving ones are nobody's, unknown ones could not be read.",
    unit: "short",
    min: 0,
    max: 64,
    lines: [standing("writes_buckets", perSide)],
  },
  {
    title: "Parallel writes: since all records were compared",
    description: "The age of the last reconciliation: over 24 h no bucket moves to the candidate.",
    unit: "s",
    min: 0,
    lines: [
      {
        expr: (names) => {
          const metric = "writes_last_reconciliation_timestamp_seconds";
          return `time() - max by (${names.label(metric, "experiment")}) (${names.of(metric, chosen)})`;
        },
        legend: legend("experiment"),
      },
    ],
  },
  {
    title: "Candidates in flight",
    description: "Candidates that have not settled.",
    unit: "short",
    min: 0,
    lines: [
      {
        expr: (names) =>
          `sum by (${names.label("candidates_in_flight", "experiment")}) (${names.of("candidates_in_flight", chosen)})`,
        legend: legend("experiment"),
      },
    ],
  },
  {
    title: "Results that publishers did not get",
    description: "Results a second that were dropped, by publisher and reason.",
    unit: "ops",
    min: 0,
    lines: [
      {
        expr: (names) => {
          const metric = "publisher_dropped_total";
          const labels = (["publisher", "reason"] as const).map((label) => names.label(metric, label));
          return `sum by (${labels.join(", ")}) (rate(${names.of(metric)}[$__rate_interval]))`;
        },
        legend: "{{publisher}}{{sidelane_publisher}} {{reason}}{{sidelane_reason}}",
      },
    ],
  },
  {
    title: "Faults",
    description: "What hooks, publishers and stores did wrong, a second, by operation.",
    unit: "ops",
    min: 0,
    lines: [
      {
        expr: (names) =>
          `sum by (${names.label("faults_total", "operation")}) (rate(${names.of("faults_total")}[$__rate_interval]))`,
        legend: legend("operation"),
      },
    ],
  },
];

const datasource = { type: "prometheus", uid: "${datasource}" };
const [width, height] = [12, 8];

/** The dashboard as Grafana imports it. Each line has two queries, one for each publisher's names: the one that is not in use finds nothing. */
export function dashboard(): object {
  return {
    title: "Sidelane",
    uid: "sidelane",
    tags: ["sidelane"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        {
          name: "experiment",
          type: "textbox",
          label: "Experiments, as a regular expression",
          query: ".*",
          current: { text: ".*", value: ".*" },
        },
      ],
    },
    panels: panels.map((panel, index) => ({
      id: index + 1,
      title: panel.title,
      description: panel.description,
      type: panel.type ?? "timeseries",
      datasource,
      gridPos: { x: (index % 2) * width, y: Math.floor(index / 2) * height, w: width, h: height },
      fieldConfig: {
        defaults: {
          unit: panel.unit,
          ...(panel.min !== undefined && { min: panel.min }),
          ...(panel.max !== undefined && { max: panel.max }),
        },
        overrides: [],
      },
      targets: panel.lines
        .flatMap(({ expr, legend: legendFormat }) =>
          [prometheus, openTelemetry].map((names) => ({ expr: expr(names), legendFormat })),
        )
        .map((target, place) => ({ refId: String.fromCharCode(65 + place), datasource, ...target })),
    })),
  };
}
