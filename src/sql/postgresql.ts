import { countedTables, createCounted, createEvents, insertCounted, insertEvents } from "./counted-table.ts";
import type { Dialect } from "./dialect.ts";
import { agingTables, createMinutes, insertMinutes } from "./minutes.ts";
import { reading } from "./reading.ts";
import { columns } from "./result-row.ts";

const spelling: Parameters<typeof createCounted>[2] = {
  types: { text: "text", whole: "bigint", number: "double precision" },
  // In one order, so that two processes never wait for each other.
  select: (given, orderedBy) => `SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS given (
  ${given.map(({ name, type }) => `${name} ${spelling.types[type]}`).join(", ")}
)
ORDER BY ${orderedBy.join(", ")}`,
};

/** Several processes may run it at once: "if not exists" alone fails when two of them find nothing. */
function atOnce(statements: readonly string[]): string {
  return `DO $sidelane$ BEGIN
PERFORM pg_advisory_xact_lock(7596553794);
${statements.join(";\n")};
END $sidelane$`;
}

/**
 * PostgreSQL 12 or later. One statement inserts the results and adds to the counts those that were not there, so that it is
 * all or nothing; counts are taken in one order, so that two processes never wait for each other.
 */
export const postgresql: Dialect = {
  migrations: (prefix) => [
    {
      version: 1,
      statements: [
        atOnce([
          `CREATE TABLE IF NOT EXISTS ${prefix}results (
  result_id text NOT NULL,
  candidate text NOT NULL,
  experiment text NOT NULL,
  started_at_ms bigint NOT NULL,
  kind text NOT NULL,
  signature text,
  served text NOT NULL,
  stage text,
  control_outcome text NOT NULL,
  control_ms double precision NOT NULL,
  candidate_outcome text NOT NULL,
  candidate_ms double precision NOT NULL,
  process text,
  weight double precision NOT NULL,
  detail json NOT NULL,
  PRIMARY KEY (result_id, candidate)
)`,
          `CREATE INDEX IF NOT EXISTS ${prefix}results_by_time ON ${prefix}results (experiment, started_at_ms)`,
          `CREATE TABLE IF NOT EXISTS ${prefix}groups (
  experiment text NOT NULL,
  candidate text NOT NULL,
  signature text NOT NULL,
  mismatches bigint NOT NULL,
  first_at_ms bigint NOT NULL,
  last_at_ms bigint NOT NULL,
  example_id text NOT NULL,
  PRIMARY KEY (experiment, candidate, signature)
)`,
          `CREATE TABLE IF NOT EXISTS ${prefix}tallies (
  experiment text NOT NULL,
  candidate text NOT NULL,
  kind text NOT NULL,
  results bigint NOT NULL,
  control_ms_sum double precision NOT NULL,
  candidate_ms_sum double precision NOT NULL,
  first_at_ms bigint NOT NULL,
  last_at_ms bigint NOT NULL,
  PRIMARY KEY (experiment, candidate, kind)
)`,
          `CREATE TABLE IF NOT EXISTS ${prefix}skips (
  experiment text NOT NULL,
  reason text NOT NULL,
  calls bigint NOT NULL,
  first_at_ms bigint NOT NULL,
  last_at_ms bigint NOT NULL,
  PRIMARY KEY (experiment, reason)
)`,
          createCounted(countedTables.counts, prefix, spelling),
          createCounted(countedTables.verdicts, prefix, spelling),
          createEvents(prefix, spelling),
          ...createMinutes(prefix, spelling),
        ]),
      ],
    },
  ],
  insert: (prefix) => `WITH inserted AS (
  INSERT INTO ${prefix}results (${columns.join(", ")})
  SELECT ${columns.map((column) => (column === "detail" ? "detail::json" : column)).join(", ")}
  FROM jsonb_to_recordset($1::text::jsonb) AS given (
    result_id text, candidate text, experiment text, started_at_ms bigint, kind text, signature text, served text,
    stage text, control_outcome text, control_ms double precision, candidate_outcome text, candidate_ms double precision,
    process text, weight double precision, detail text
  )
  ORDER BY result_id, candidate
  ON CONFLICT (result_id, candidate) DO NOTHING
  RETURNING *
), grouped AS (
  INSERT INTO ${prefix}groups AS known
    (experiment, candidate, signature, mismatches, first_at_ms, last_at_ms, example_id)
  SELECT experiment, candidate, signature, count(*), min(started_at_ms), max(started_at_ms),
    (array_agg(result_id ORDER BY started_at_ms, result_id))[1]
  FROM inserted WHERE signature IS NOT NULL
  GROUP BY experiment, candidate, signature
  ORDER BY experiment, candidate, signature
  ON CONFLICT (experiment, candidate, signature) DO UPDATE SET
    mismatches = known.mismatches + excluded.mismatches,
    first_at_ms = least(known.first_at_ms, excluded.first_at_ms),
    last_at_ms = greatest(known.last_at_ms, excluded.last_at_ms)
)
INSERT INTO ${prefix}tallies AS known
  (experiment, candidate, kind, results, control_ms_sum, candidate_ms_sum, first_at_ms, last_at_ms)
SELECT experiment, candidate, kind, count(*), sum(control_ms), sum(candidate_ms), min(started_at_ms), max(started_at_ms)
FROM inserted
GROUP BY experiment, candidate, kind
ORDER BY experiment, candidate, kind
ON CONFLICT (experiment, candidate, kind) DO UPDATE SET
  results = known.results + excluded.results,
  control_ms_sum = known.control_ms_sum + excluded.control_ms_sum,
  candidate_ms_sum = known.candidate_ms_sum + excluded.candidate_ms_sum,
  first_at_ms = least(known.first_at_ms, excluded.first_at_ms),
  last_at_ms = greatest(known.last_at_ms, excluded.last_at_ms)`,
  insertSkips: (prefix) => `INSERT INTO ${prefix}skips AS known (experiment, reason, calls, first_at_ms, last_at_ms)
SELECT experiment, reason, sum(calls), min(first_at_ms), max(last_at_ms)
FROM jsonb_to_recordset($1::text::jsonb) AS given (
  experiment text, reason text, calls bigint, first_at_ms bigint, last_at_ms bigint
)
GROUP BY experiment, reason
ORDER BY experiment, reason
ON CONFLICT (experiment, reason) DO UPDATE SET
  calls = known.calls + excluded.calls,
  first_at_ms = least(known.first_at_ms, excluded.first_at_ms),
  last_at_ms = greatest(known.last_at_ms, excluded.last_at_ms)`,
  insertCounts: (prefix) => insertCounted(countedTables.counts, prefix, spelling),
  insertVerdicts: (prefix) => insertCounted(countedTables.verdicts, prefix, spelling),
  insertMinutes: (prefix) => insertMinutes(prefix, spelling),
  prune: (prefix) => agingTables.map(([table, column]) => `DELETE FROM ${prefix}${table} WHERE ${column} < $1::bigint`),
  reading: (prefix) =>
    reading(prefix, {
      whole: (place) => `$${place}::bigint`,
      text: (place) => `$${place}::text`,
      asText: (column) => `(${column})::text`,
      bytes: ' COLLATE "C"',
    }),
  insertEvent: (prefix) => insertEvents(prefix, spelling),
};
