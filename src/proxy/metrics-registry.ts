import type { PrometheusClient, PrometheusRegistry } from "../publishers/prometheus.ts";

type Labels = Readonly<Record<string, string>>;

interface Description {
  readonly name: string;
  readonly help: string;
  readonly buckets?: readonly number[];
}

interface Metric {
  lines(): Iterable<string>;
}

/** Metrics as Prometheus reads them, with no more than `prometheusPublisher` needs of a client. */
export class MetricsRegistry implements PrometheusRegistry {
  readonly #metrics = new Map<string, Metric>();
  readonly client: PrometheusClient<MetricsRegistry>;

  constructor() {
    const metrics = this.#metrics;
    this.client = {
      Counter: class extends Values {
        constructor(description: Description) {
          super(description, "counter");
          metrics.set(description.name, this);
        }
      },
      Gauge: class extends Values {
        constructor(description: Description) {
          super(description, "gauge");
          metrics.set(description.name, this);
        }
      },
      Histogram: class extends Buckets {
        constructor(description: Description & { buckets: number[] }) {
          super(description);
          metrics.set(description.name, this);
        }
      },
      register: this,
    };
  }

  readonly getSingleMetric = (name: string): unknown => this.#metrics.get(name);

  /** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): string {
    return [...this.#metrics.values()].flatMap((metric) => [...metric.lines()]).join("\n") + "\n";
  }
}

function headOf({ name, help }: Description, type: string): readonly string[] {
  return [`# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}`, `# TYPE ${name} ${type}`];
}

function shown(labels: Labels): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

class Values implements Metric {
  readonly #description: Description;
  readonly #type: string;
  readonly #values = new Map<string, number>();

  constructor(description: Description, type: string) {
    this.#description = description;
    this.#type = type;
  }

  inc(labels: Labels, value = 1): void {
    const key = shown(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  }

  set(labels: Labels, value: number): void {
    this.#values.set(shown(labels), value);
  }

  *lines(): Iterable<string> {
    if (this.#values.size === 0) return;
    yield* headOf(this.#description, this.#type);
    for (const [labels, value] of this.#values) yield `${this.#description.name}${labels} ${value}`;
  }
}

class Buckets implements Metric {
  readonly #description: Description & { readonly buckets: readonly number[] };
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();

  constructor(description: Description & { readonly buckets: readonly number[] }) {
    this.#description = description;
  }

  observe(labels: Labels, value: number): void {
    const key = shown(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: this.#description.buckets.map(() => 0), sum: 0, count: 0 };
      this.#series.set(key, series);
    }
    const at = this.#description.buckets.findIndex((bound) => value <= bound);
    if (at >= 0) series.counts[at]! += 1;
    series.sum += value;
    series.count += 1;
  }

  *lines(): Iterable<string> {
    const { name, buckets } = this.#description;
    if (this.#series.size === 0) return;
    yield* headOf(this.#description, "histogram");
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let below = 0;
      for (const [index, bound] of buckets.entries()) {
        below += counts[index]!;
        yield `${name}_bucket${shown({ ...labels, le: String(bound) })} ${below}`;
      }
      yield `${name}_bucket${shown({ ...labels, le: "+Inf" })} ${count}`;
      yield `${name}_sum${shown(labels)} ${sum}`;
      yield `${name}_count${shown(labels)} ${count}`;
    }
  }
}
