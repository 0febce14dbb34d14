import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { orElse, required, settle, where, withMethods, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import { standingMetrics, type StandingMetricName } from "./metrics/rollout-metrics.ts";
import { bucketsRule, defaultBuckets, maxLabelValuesRule, readings } from "./metrics/readings.ts";

interface Counter {
  inc(labels: Labels, value?: number): void;
}

interface Gauge extends Counter {
  set(labels: Labels, value: number): void;
}

type Labels = Record<string, string>;

interface MetricDescription<Registry> {
  name: string;
  help: string;
  labelNames: string[];
  registers: Registry[];
}

/** The part of `prom-client` that is used: its three constructors and its default registry. */
export interface PrometheusClient<Registry extends PrometheusRegistry = PrometheusRegistry> {
  readonly Counter: new (description: MetricDescription<Registry>) => Counter;
  readonly Gauge: new (description: MetricDescription<Registry>) => Gauge;
  readonly Histogram: new (description: MetricDescription<Registry> & { buckets: number[] }) => {
    observe(labels: Labels, value: number): void;
  };
  readonly register: Registry;
}

/** The part of a `prom-client` registry that is used. */
export interface PrometheusRegistry {
  readonly getSingleMetric: (name: string) => unknown;
}

/** What `prometheusPublisher` takes: the client, where metrics are kept, and how they are named and bounded. */
export interface PrometheusPublisherOptions<Registry extends PrometheusRegistry = PrometheusRegistry> {
  /** The module itself: `import client from 'prom-client'`. */
  readonly client: PrometheusClient<Registry>;
  /** Where the metrics are kept; the module's default registry if left out. */
  readonly register?: Registry;
  /** What every metric's name starts with, before an underscore; `sidelane` by default. */
  readonly prefix?: string;
  /** Bounds of the histogram in seconds; 10 µs to 10 s by default. Each costs one series a behavior and outcome. */
  readonly buckets?: readonly number[];
  /** How many distinct experiments, candidates, or reasons become label values; `(other)` stands for the rest. 100 by default. */
  readonly maxLabelValues?: number;
}

const aRegistry = withMethods("a registry of prom-client", "getSingleMetric");
const aPromClient = withMethods("prom-client", "Counter", "Gauge", "Histogram");

/** The options of `prometheusPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const prometheusTable: OptionTable<PrometheusPublisherOptions, "prefix" | "buckets" | "maxLabelValues"> = {
  client: required({
    ...aPromClient,
    check: (check, option, got) => {
      if (got === undefined)
        check.fail(option, aPromClient.takes, got, "Pass the module: `import client from 'prom-client'`.");
      aPromClient.check(check, option, got);
    },
  }),
  register: aRegistry,
  prefix: orElse(
    where(
      "a name for metrics, such as sidelane",
      (got) => typeof got === "string" && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(got),
    ),
    "sidelane",
  ),
  buckets: orElse(bucketsRule, defaultBuckets),
  maxLabelValues: orElse(maxLabelValuesRule, 100),
};

/**
 * Counts and times results with `prom-client`, whose registry then prints them on a `/metrics` page. Values never leave.
 *
 * | metric | kind, unit | labels |
 * |---|---|---|
 * | `sidelane_results_total` | counter, one a candidate | `experiment`, `candidate`, `kind`, `version` where there is one |
 * | `sidelane_behavior_duration_seconds` | histogram, seconds | `experiment`, `behavior` (`control` or a candidate), `outcome`, of a candidate `version` |
 * | `sidelane_skips_total` | counter, one a call | `experiment`, `reason` |
 * | `sidelane_candidates_in_flight` | gauge | `experiment` |
 * | `sidelane_rollout_share` | gauge, 0 to 1 | `experiment` |
 * | `sidelane_rollout_stage` | gauge, 1 for the present one | `experiment`, `stage` |
 * | `sidelane_rollout_events_total` | counter | `experiment`, `kind` |
 * | `sidelane_verdict` | gauge, 1 for the present one | `experiment`, `candidate`, `state` |
 * | `sidelane_mismatch_upper_bound` | gauge, 0 to 1 | `experiment`, `candidate` |
 * | `sidelane_units_missing` | gauge, units | `experiment`, `candidate` |
 * | `sidelane_served_total`, `sidelane_fell_back_total` | counters, calls | `experiment` |
 * | `sidelane_groups`, `sidelane_new_groups_total` | gauge and counter, kinds of mismatch | `experiment` |
 * | `sidelane_publisher_dropped_total` | counter, results | `publisher`, `reason` |
 * | `sidelane_faults_total` | counter | `operation` |
 * | `sidelane_synchronized` | gauge, 1 or 0 | `experiment` |
 * | `sidelane_writes_lag`, `sidelane_writes_lag_seconds` | gauges, operations and the oldest one's age | `experiment`, `side` |
 * | `sidelane_writes_dead`, `sidelane_writes_blocked`, `sidelane_writes_skipped` | gauges, operations, records, operations | `experiment`, `side` |
 * | `sidelane_writes_buckets` | gauge, of 64 | `experiment`, `side`: also `moving` and `unknown` |
 * | `sidelane_writes_last_reconciliation_timestamp_seconds` | gauge, seconds since 1970 | `experiment` |
 * | `sidelane_writes_last_reconciliation_clean` | gauge, 1 or 0 | `experiment` |
 * | `sidelane_writes_read_timestamp_seconds` | gauge, seconds since 1970 | `experiment`, `side` |
 *
 * Those from `sidelane_rollout_share` on are written every 60 s, by exact counts; `sidelane_results_total` then also has the
 * results that were dropped on their way.
 *
 * A second publisher on the same registry needs a `prefix` of its own.
 *
 * @throws {SidelaneError} `invalid-option`, also when the registry has a metric of one of these names
 * @see https://prometheus.io/docs/practices/naming/
 * @example prometheusPublisher({ client })
 */
export function prometheusPublisher<Registry extends PrometheusRegistry>(
  options: PrometheusPublisherOptions<Registry>,
): Publisher {
  const check: OptionCheck = checkOptions("prometheusPublisher");
  const settled = settle(check, prometheusTable, options as unknown as PrometheusPublisherOptions);
  const { prefix, buckets, maxLabelValues } = settled;
  const { client, register = client.register } = options;
  aRegistry.check(check, "register", register);
  for (const name of names) {
    if (register.getSingleMetric(`${prefix}_${name}`) === undefined) continue;
    check.fail("prefix", "free in the registry", prefix, `It has a metric ${prefix}_${name}; choose another prefix.`);
  }
  const describe = (name: string, help: string, labelNames: string[]): MetricDescription<Registry> => ({
    name: `${prefix}_${name}`,
    help,
    labelNames,
    registers: [register],
  });
  const results = new client.Counter(
    describe("results_total", "Candidates compared with control, by kind of comparison", [
      "experiment",
      "candidate",
      "kind",
      "version",
    ]),
  );
  const durations = new client.Histogram({
    ...describe("behavior_duration_seconds", "How long control and candidates took, until they settled", [
      "experiment",
      "behavior",
      "outcome",
      "version",
    ]),
    buckets: [...buckets],
  });
  const skips = new client.Counter(
    describe("skips_total", "Calls whose candidate did not run, by reason", ["experiment", "reason"]),
  );
  const inFlight = new client.Gauge(
    describe("candidates_in_flight", "Candidates that have not settled", ["experiment"]),
  );
  const rollouts = Object.fromEntries(
    Object.entries(standingMetrics).map(([name, { kind, help, labels }]) => {
      const description = describe(name, help, [...labels]);
      return [
        name,
        kind === "counter" ? { counter: new client.Counter(description) } : { gauge: new client.Gauge(description) },
      ];
    }),
  ) as Record<StandingMetricName, { readonly counter: Counter } | { readonly gauge: Gauge }>;
  return {
    name: "prometheus",
    ...readings(
      {
        compared: (experiment, candidate, kind, version, times) =>
          results.inc({ experiment, candidate, kind, ...(version !== undefined && { version }) }, times),
        took: (experiment, behavior, outcome, seconds, version) =>
          durations.observe({ experiment, behavior, outcome, ...(version !== undefined && { version }) }, seconds),
        skipped: (experiment, reason) => skips.inc({ experiment, reason }),
        inFlight: (experiment, change) => inFlight.inc({ experiment }, change),
      },
      maxLabelValues,
      (name, labels, value) => {
        const metric = rollouts[name];
        if ("counter" in metric) metric.counter.inc({ ...labels }, value);
        else metric.gauge.set({ ...labels }, value);
      },
    ),
  };
}

const names = [
  ...["results_total", "behavior_duration_seconds", "skips_total", "candidates_in_flight"],
  ...Object.keys(standingMetrics),
];
