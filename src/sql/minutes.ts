import type { StartRecord } from "../model/start-record.ts";
import type { FaultRecord } from "../records/record.ts";
import type { TallyRecord } from "../model/tally-record.ts";
import type { Column, Spelling } from "./counted-table.ts";
import { indexable } from "./result-row.ts";

/** A record of the table `minutes`: what was counted in one minute, or what the process is. */
export type MinuteRecord = StartRecord | TallyRecord | FaultRecord;

const key = ["process", "n", "type"] as const;
const required = new Set<string>([...key, "to_ms", "record"]);
const columns: readonly Column[] = [
  { name: "process", type: "text" },
  { name: "n", type: "whole" },
  { name: "type", type: "text" },
  { name: "experiment", type: "text" },
  { name: "candidate", type: "text" },
  { name: "version", type: "text" },
  { name: "stage", type: "text" },
  { name: "share", type: "number" },
  { name: "served", type: "whole" },
  { name: "from_ms", type: "whole" },
  { name: "to_ms", type: "whole" },
  ...["calls", "started", "skipped", "matched", "mismatched", "ignored", "inconclusive", "timed_out"].map(
    (name) => ({ name, type: "whole" }) as const,
  ),
  { name: "record", type: "text" },
];

export function createMinutes(prefix: string, { types }: Spelling): readonly string[] {
  const defined = columns.map(({ name, type }) => `  ${name} ${types[type]}${required.has(name) ? " NOT NULL" : ""}`);
  return [
    `CREATE TABLE IF NOT EXISTS ${prefix}minutes (
${defined.join(",\n")},
  PRIMARY KEY (${key.join(", ")})
)`,
    `CREATE INDEX IF NOT EXISTS ${prefix}minutes_by_time ON ${prefix}minutes (to_ms)`,
  ];
}

/** A record that is written twice is there once. */
export function insertMinutes(prefix: string, { select }: Spelling): string {
  return `INSERT INTO ${prefix}minutes (${columns.map(({ name }) => name).join(", ")})
${select(columns, key)}
ON CONFLICT (${key.join(", ")}) DO NOTHING`;
}

/** What of each table is old: those of totals keep what they have. */
export const agingTables: readonly (readonly [table: string, column: string])[] = [
  ["results", "started_at_ms"],
  ["minutes", "to_ms"],
  ["events", "at_ms"],
];

/** @param n of a start, which has no number of its own */
export function minuteRowOf(record: MinuteRecord, n: number): Readonly<Record<string, string | number | null>> {
  const row = { process: indexable(record.process), type: record.type, record: JSON.stringify(record) };
  if (record.type === "start") return { ...row, n, from_ms: Math.round(record.at), to_ms: Math.round(record.at) };
  const dated = { ...row, n: record.n, from_ms: Math.round(record.from), to_ms: Math.round(record.to) };
  if (record.type === "fault" || "publishers" in record) {
    return "experiment" in record ? { ...dated, experiment: indexable(record.experiment) } : dated;
  }
  const { experiment, candidate, version, stage, share, served, counts, of } = record;
  return {
    ...dated,
    experiment: indexable(experiment),
    candidate: indexable(candidate),
    version: version === undefined ? null : indexable(version),
    stage: stage ?? null,
    share: share ?? null,
    served: Number(served),
    ...(of && {
      calls: of.calls,
      started: of.started,
      skipped: Object.values(of.skips).reduce((sum, each) => sum + each, 0),
    }),
    matched: counts.match,
    mismatched: counts.mismatch,
    ignored: counts.ignored,
    inconclusive: counts.inconclusive,
    timed_out: counts["timed-out"],
  };
}
