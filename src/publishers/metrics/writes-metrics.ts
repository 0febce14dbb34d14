import { bucketsHeld, type WritesStanding } from "../../model/writes-standing.ts";
import { gauge, type StandingMetric } from "./standing-metric.ts";

const perSide = ["experiment", "side"];
const perExperiment = ["experiment"];

export type WritesMetricName =
  | "writes_lag"
  | "writes_lag_seconds"
  | "writes_dead"
  | "writes_blocked"
  | "writes_skipped"
  | "writes_buckets"
  | "writes_last_reconciliation_timestamp_seconds"
  | "writes_last_reconciliation_clean"
  | "writes_read_timestamp_seconds";

/** Of parallel writes. `side` is the one that was the authority of what is counted. */
export const writesMetrics: Readonly<Record<WritesMetricName, StandingMetric>> = {
  writes_lag: gauge("Operations that wait to be followed, dead ones included", perSide, "writes.lag", "{operation}"),
  writes_lag_seconds: gauge("Age of the oldest operation that waits to be followed", perSide, "writes.lag.age", "s"),
  writes_dead: gauge("Operations that failed for good", perSide, "writes.dead", "{operation}"),
  writes_blocked: gauge("Records that wait behind a dead operation", perSide, "writes.blocked", "{record}"),
  writes_skipped: gauge(
    "Operations that a person skipped since the last reconciliation",
    perSide,
    "writes.skipped",
    "{operation}",
  ),
  writes_buckets: gauge("Buckets that each side is the authority of, of 64", perSide, "writes.buckets", "{bucket}"),
  writes_last_reconciliation_timestamp_seconds: gauge(
    "When all records were last compared, in seconds since 1970",
    perExperiment,
    "writes.last_reconciliation.timestamp",
    "s",
  ),
  writes_last_reconciliation_clean: gauge(
    "1 where the last reconciliation found nothing, 0 where it did",
    perExperiment,
    "writes.last_reconciliation.clean",
    "1",
  ),
  writes_read_timestamp_seconds: gauge(
    "When a worker last read what waits, in seconds since 1970",
    perSide,
    "writes.read.timestamp",
    "s",
  ),
};

/** Writes how parallel writes stand: of a side that could not be read nothing, so that its numbers stay as they were. */
export function writeWrites(
  { at, lag, holders, lastReconciliation: last }: WritesStanding,
  experiment: string,
  write: (name: WritesMetricName, labels: Readonly<Record<string, string>>, value: number) => void,
): void {
  for (const [side, { rows, oldestMs, dead, blocked, skipped }] of Object.entries(lag)) {
    const labels = { experiment, side };
    write("writes_lag", labels, rows);
    write("writes_lag_seconds", labels, oldestMs / 1_000);
    write("writes_dead", labels, dead);
    write("writes_blocked", labels, blocked);
    write("writes_skipped", labels, skipped);
    write("writes_read_timestamp_seconds", labels, at / 1_000);
  }
  for (const [side, count] of Object.entries(bucketsHeld(holders)))
    write("writes_buckets", { experiment, side }, count);
  if (last === undefined) return;
  write("writes_last_reconciliation_timestamp_seconds", { experiment }, last.at / 1_000);
  write("writes_last_reconciliation_clean", { experiment }, Number(last.clean));
}
