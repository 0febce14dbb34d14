/** One metric of what tallies and events say: in Prometheus's words; OpenTelemetry's name beside them. */
export interface StandingMetric {
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly labels: readonly string[];
  readonly otel: string;
  readonly unit: string;
}

/** Bounds how many values a label takes. */
export type Label = (value: string) => string;

export function gauge(help: string, labels: readonly string[], otel: string, unit: string): StandingMetric {
  return { kind: "gauge", help, labels, otel: `sidelane.${otel}`, unit };
}

export function counter(help: string, labels: readonly string[], otel: string, unit: string): StandingMetric {
  return { kind: "counter", help, labels, otel: `sidelane.${otel}`, unit };
}
