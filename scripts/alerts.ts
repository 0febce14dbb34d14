import { openTelemetry, prometheus, type Names } from "./metric-names.ts";

interface AlertPlan {
  readonly alert: string;
  readonly expr: (names: Names) => string;
  readonly for?: string;
  readonly severity: "critical" | "warning";
  readonly summary: (experiment: string) => string;
  /** What to do. */
  readonly description: string;
}

/** A counter that grew, or that came to be: `increase` does not see the first value of a series. */
function grew(selector: string, within: string): string {
  return `increase(${selector}[${within}]) > 0 or (${selector} > 0 unless ${selector} offset ${within})`;
}

/** Numbers of parallel writes that stand still, since the process reads them no more: another one's hold. */
function unread(names: Names): string {
  return `(time() - ${names.of("writes_read_timestamp_seconds")} > 300)`;
}

const alerts: readonly AlertPlan[] = [
  {
    alert: "SidelaneRolledBack",
    expr: (names) => grew(names.of("rollout_events_total", { kind: "rolled-back" }), "10m"),
    severity: "critical",
    summary: (experiment) => `${experiment} was rolled back`,
    description:
      "Control answers again. The event has the reason; `npx sidelane report` shows what differed. It stays there until a person clears it.",
  },
  {
    alert: "SidelaneRegressed",
    expr: (names) => `${names.of("verdict", { state: "regressed" })} == 1`,
    severity: "critical",
    summary: (experiment) => `${experiment} differs more than is tolerated`,
    description: "The evidence is against the candidate. Without a rollout nothing was changed by that.",
  },
  {
    alert: "SidelaneFallsBack",
    expr: (names) => {
      const served = names.of("served_total");
      const fellBack = names.of("fell_back_total");
      return `rate(${fellBack}[10m]) > 0.01 * (rate(${served}[10m]) + rate(${fellBack}[10m]))`;
    },
    for: "5m",
    severity: "warning",
    summary: (experiment) => `Over 1 % of the calls that the candidate of ${experiment} was to answer fell back`,
    description: "It throws, times out or is slow: callers got control's answer, later than they would have.",
  },
  {
    alert: "SidelaneNewKindOfMismatch",
    expr: (names) => grew(names.of("new_groups_total"), "10m"),
    severity: "warning",
    summary: (experiment) => `A process saw a kind of mismatch of ${experiment} for the first time`,
    description: "See `npx sidelane report`, or `lab.report()`.",
  },
  {
    alert: "SidelaneNotSynchronized",
    expr: (names) => `${names.of("synchronized")} == 0`,
    for: "2m",
    severity: "warning",
    summary: (experiment) => `A process does not know the state of ${experiment}`,
    description: "Its store does not answer: from `staleAfterMs` on it serves control alone.",
  },
  {
    alert: "SidelaneNothingCompared",
    expr: (names) => {
      const stage = names.of("rollout_stage", { stage: "=~ramp|live" });
      const compared = names.of("results_total");
      const by = `by (${names.label("results_total", "experiment")})`;
      return `max ${by} (${stage}) > 0 unless sum ${by} (rate(${compared}[30m])) > 0`;
    },
    for: "30m",
    severity: "warning",
    summary: (experiment) => `${experiment} serves its candidate, and nothing was compared for half an hour`,
    description: "A match that nobody looked at is none. The skips say why.",
  },
  {
    alert: "SidelaneWritesDead",
    expr: (names) => `${names.of("writes_dead")} > 0 unless ${unread(names)}`,
    severity: "critical",
    summary: (experiment) => `An operation of ${experiment} failed for good`,
    description:
      "Its records wait, others go on. The event `dead` has the reason; a person has it tried again, repairs the record, or skips it.",
  },
  {
    alert: "SidelaneWritesLag",
    expr: (names) => `${names.of("writes_lag_seconds")} > 600 unless ${unread(names)}`,
    for: "5m",
    severity: "warning",
    summary: (experiment) => `What is written on one side of ${experiment} waits for over 10 minutes to be followed`,
    description: "Writes go on. The following side is down or slow, an operation is dead, or no worker works.",
  },
  {
    alert: "SidelaneWritesDiffer",
    expr: (names) => {
      const metric = "writes_last_reconciliation_clean";
      return `${names.of(metric)} == 0 unless ignoring (${names.label(metric, "side")}) ${unread(names)}`;
    },
    severity: "critical",
    summary: (experiment) => `The records of ${experiment} differ`,
    description:
      "The last reconciliation was not clean: its findings name the records. No bucket moves to the candidate.",
  },
  {
    alert: "SidelaneWritesNotReconciled",
    expr: (names) => {
      const metric = "writes_last_reconciliation_timestamp_seconds";
      return `time() - max by (${names.label(metric, "experiment")}) (${names.of(metric)}) > 86400`;
    },
    for: "1h",
    severity: "warning",
    summary: (experiment) => `The records of ${experiment} were not compared for over a day`,
    description: "No bucket moves to the candidate until they are: `reconcile({ everyMs })` of a process that runs.",
  },
  {
    alert: "SidelaneWritesNotRead",
    expr: (names) => {
      const metric = "writes_read_timestamp_seconds";
      const by = (["experiment", "side"] as const).map((label) => names.label(metric, label)).join(", ");
      return `time() - max by (${by}) (${names.of(metric)}) > 300`;
    },
    severity: "warning",
    summary: (experiment) => `Nobody reads any more what waits of ${experiment}`,
    description: "No worker works, or that side's database is out of reach: its other numbers are as old.",
  },
  {
    alert: "SidelaneDropsResults",
    expr: (names) => `rate(${names.of("publisher_dropped_total")}[10m]) > 0`,
    for: "10m",
    severity: "warning",
    summary: () => "A publisher does not get all results",
    description: "Counts stay exact; examples are missing. The labels have the publisher and the reason.",
  },
  {
    alert: "SidelaneFaults",
    expr: (names) => `rate(${names.of("faults_total")}[10m]) > 0`,
    for: "10m",
    severity: "warning",
    summary: () => "Hooks, publishers or stores fail",
    description: "`onFault` has the errors; the label says at what operation.",
  },
];

/** As Prometheus reads rules: a group for each publisher's names. */
export function alertRules(): object {
  const groups = [prometheus, openTelemetry].map((names) => ({
    name: names.kind === "prometheus" ? "sidelane" : "sidelane-opentelemetry",
    rules: alerts.map((plan) => ({
      alert: plan.alert,
      expr: plan.expr(names),
      ...(plan.for !== undefined && { for: plan.for }),
      labels: { severity: plan.severity },
      annotations: {
        summary: plan.summary(`{{ $labels.${names.label("verdict", "experiment")} }}`),
        description: plan.description,
      },
    })),
  }));
  return { groups };
}
