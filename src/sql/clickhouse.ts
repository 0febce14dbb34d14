import { bucketsOf } from "../model/latency-buckets.ts";
import { kindOfCandidate } from "../model/result.ts";
import type { EventRecord, PresentedResult } from "../records/record.ts";
import type { Migration } from "./dialect.ts";
import { minuteRowOf, type MinuteRecord } from "./minutes.ts";
import { storable } from "./result-row.ts";

/** A row as `JSONEachRow` has it. */
export type ClickhouseRow = Readonly<Record<string, unknown>>;

// A block that is inserted again under its token counts once, among the last thousand.
const settings = "SETTINGS non_replicated_deduplication_window = 1000";
const buckets = "Map(UInt16, UInt64)";

/** Tables of ClickHouse 23.8 or later. No materialized views: they would count what is inserted twice. */
export function clickhouseMigrations(prefix: string): readonly Migration[] {
  return [
    {
      version: 1,
      statements: [
        `CREATE TABLE IF NOT EXISTS ${prefix}results (
  id String,
  process String,
  experiment LowCardinality(String),
  candidate LowCardinality(String),
  kind LowCardinality(String),
  signature LowCardinality(String),
  version LowCardinality(String),
  build LowCardinality(String),
  served LowCardinality(String),
  weight Float64,
  started_at_ms Int64,
  started_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(started_at_ms, 'UTC'),
  control_ms Float64,
  candidate_ms Float64,
  paths Array(String),
  path_kinds Array(LowCardinality(String)),
  line String CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toDate(started_at)
ORDER BY (experiment, candidate, kind, signature, started_at_ms)
TTL toDateTime(started_at) + INTERVAL 30 DAY ${settings}`,
        `CREATE TABLE IF NOT EXISTS ${prefix}tallies (
  process String,
  n UInt64,
  type LowCardinality(String),
  experiment LowCardinality(String),
  candidate LowCardinality(String),
  version LowCardinality(String),
  stage LowCardinality(String),
  from_ms Int64,
  to_ms Int64,
  told_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(to_ms, 'UTC'),
  calls UInt64,
  started UInt64,
  skipped UInt64,
  matched UInt64,
  mismatched UInt64,
  ignored UInt64,
  inconclusive UInt64,
  timed_out UInt64,
  control_buckets ${buckets},
  candidate_buckets ${buckets},
  record String CODEC(ZSTD(3))
) ENGINE = MergeTree PARTITION BY toDate(told_at)
ORDER BY (experiment, candidate, process, n) ${settings}`,
        `CREATE TABLE IF NOT EXISTS ${prefix}events (
  experiment LowCardinality(String),
  process String,
  at_ms Int64,
  kind LowCardinality(String),
  from_stage LowCardinality(String),
  from_share Float64,
  to_stage LowCardinality(String),
  to_share Float64,
  asked_by String,
  reason String,
  record String CODEC(ZSTD(3))
) ENGINE = MergeTree ORDER BY (experiment, at_ms) ${settings}`,
        `CREATE VIEW IF NOT EXISTS ${prefix}minutes AS
SELECT experiment, candidate, version, toStartOfMinute(told_at) AS minute,
  sum(calls) AS calls, sum(started) AS started, sum(skipped) AS skipped, sum(matched) AS matched, sum(mismatched) AS mismatched,
  sum(ignored) AS ignored, sum(inconclusive) AS inconclusive, sum(timed_out) AS timed_out,
  sumMap(control_buckets) AS control_buckets, sumMap(candidate_buckets) AS candidate_buckets
FROM (SELECT * FROM ${prefix}tallies WHERE type = 'tally' LIMIT 1 BY process, n)
WHERE candidate != ''
GROUP BY experiment, candidate, version, minute`,
      ],
    },
  ];
}

/** A row for each candidate of a result; the line is in the first one. */
export function clickhouseResultRows(result: PresentedResult): ClickhouseRow[] {
  const { id, process = "", experiment, version = "", build = "", served, weight, startedAt, control } = result;
  return result.candidates.map((candidate, place) => {
    const { differences = [], signature = "" } = candidate.comparison;
    // Half a surrogate pair in a name would be refused, and the whole batch with it; JSON has written it in digits.
    return {
      id: storable(id),
      process: storable(process),
      experiment: storable(experiment),
      candidate: storable(candidate.name),
      kind: kindOfCandidate(candidate),
      signature: storable(signature),
      version: storable(version),
      build: storable(build),
      served: storable(served),
      weight,
      started_at_ms: Math.round(startedAt),
      control_ms: control.durationMs,
      candidate_ms: candidate.durationMs,
      paths: differences.map(({ path }) => storable(path)),
      path_kinds: differences.map(({ kind }) => kind),
      line: place === 0 ? JSON.stringify(result) : "",
    };
  });
}

/** @param n of a start, which has no number of its own */
export function clickhouseTallyRow(record: MinuteRecord, n: number): ClickhouseRow {
  const given = Object.entries(minuteRowOf(record, n)).filter(
    ([name, value]) => value !== null && name !== "share" && name !== "served",
  );
  const row: Record<string, unknown> = Object.fromEntries(given);
  if (record.type === "tally" && "latency" in record) {
    row["control_buckets"] = Object.fromEntries(bucketsOf(record.latency.control.buckets));
    row["candidate_buckets"] = Object.fromEntries(bucketsOf(record.latency.candidate.buckets));
  }
  return row;
}

export function clickhouseEventRow(event: EventRecord): ClickhouseRow {
  const { experiment, process = "", at, kind, from, to, by, reason } = event;
  return {
    ...{ experiment: storable(experiment), process: storable(process), at_ms: Math.round(at), kind },
    ...{ from_stage: from.stage, from_share: from.share, to_stage: to.stage, to_share: to.share },
    ...{ asked_by: storable(by), reason: storable(reason), record: JSON.stringify(event) },
  };
}
