import { stringify } from "yaml";
import { alertRules } from "./alerts.ts";
import { dashboard } from "./dashboard.ts";

/** The files of `dashboards`, by name. */
export function dashboardFiles(): Readonly<Record<string, string>> {
  return {
    "grafana.json": `${JSON.stringify(dashboard(), undefined, 2)}\n`,
    "alerts.yaml": `# Rules for Prometheus, by the names of prometheusPublisher and of openTelemetryPublisher.\n${stringify(alertRules(), { lineWidth: 120 })}`,
  };
}
