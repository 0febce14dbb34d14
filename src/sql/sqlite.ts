import { countedTables, createCounted, createEvents, insertCounted, insertEvents } from "./counted-table.ts";
import type { Dialect } from "./dialect.ts";
import { agingTables, createMinutes, insertMinutes } from "./minutes.ts";
import { reading } from "./reading.ts";
import { columns } from "./result-row.ts";

const spelling: Parameters<typeof createCounted>[2] = {
  types: { text: "TEXT", whole: "INTEGER", number: "REAL" },
  select: (given) => `SELECT ${given.map(({ name }) => `json_extract(value, '$.${name}')`).join(", ")}
FROM json_each(?) WHERE true`,
};

/**
 * SQLite 3.24 or later, with its JSON functions (built in since 3.38). Triggers keep the counts: they run within the
 * statement that inserts, and only for rows that were not there.
 */
export const sqlite: Dialect = {
  migrations: (prefix) => [
    {
      version: 1,
      statements: [
        `CREATE TABLE IF NOT EXISTS ${prefix}results (
  result_id TEXT NOT NULL,
  candidate TEXT NOT NULL,
  experiment TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  signature TEXT,
  served TEXT NOT NULL,
  stage TEXT,
  control_outcome TEXT NOT NULL,
  control_ms REAL NOT NULL,
  candidate_outcome TEXT NOT NULL,
  candidate_ms REAL NOT NULL,
  process TEXT,
  weight REAL NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (result_id, candidate)
)`,
        `CREATE INDEX IF NOT EXISTS ${prefix}results_by_time ON ${prefix}results (experiment, started_at_ms)`,
        `CREATE TABLE IF NOT EXISTS ${prefix}groups (
  experiment TEXT NOT NULL,
  candidate TEXT NOT NULL,
  signature TEXT NOT NULL,
  mismatches INTEGER NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  example_id TEXT NOT NULL,
  PRIMARY KEY (experiment, candidate, signature)
)`,
        `CREATE TABLE IF NOT EXISTS ${prefix}tallies (
  experiment TEXT NOT NULL,
  candidate TEXT NOT NULL,
  kind TEXT NOT NULL,
  results INTEGER NOT NULL,
  control_ms_sum REAL NOT NULL,
  candidate_ms_sum REAL NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  PRIMARY KEY (experiment, candidate, kind)
)`,
        `CREATE TABLE IF NOT EXISTS ${prefix}skips (
  experiment TEXT NOT NULL,
  reason TEXT NOT NULL,
  calls INTEGER NOT NULL,
  first_at_ms INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  PRIMARY KEY (experiment, reason)
)`,
        createCounted(countedTables.counts, prefix, spelling),
        createCounted(countedTables.verdicts, prefix, spelling),
        createEvents(prefix, spelling),
        ...createMinutes(prefix, spelling),
        `CREATE TRIGGER IF NOT EXISTS ${prefix}group_result AFTER INSERT ON ${prefix}results
WHEN new.signature IS NOT NULL
BEGIN
  INSERT INTO ${prefix}groups (experiment, candidate, signature, mismatches, first_at_ms, last_at_ms, example_id)
  VALUES (new.experiment, new.candidate, new.signature, 1, new.started_at_ms, new.started_at_ms, new.result_id)
  ON CONFLICT (experiment, candidate, signature) DO UPDATE SET
    mismatches = mismatches + 1,
    first_at_ms = min(first_at_ms, excluded.first_at_ms),
    last_at_ms = max(last_at_ms, excluded.last_at_ms);
END`,
        `CREATE TRIGGER IF NOT EXISTS ${prefix}tally_result AFTER INSERT ON ${prefix}results
BEGIN
  INSERT INTO ${prefix}tallies
    (experiment, candidate, kind, results, control_ms_sum, candidate_ms_sum, first_at_ms, last_at_ms)
  VALUES (new.experiment, new.candidate, new.kind, 1, new.control_ms, new.candidate_ms, new.started_at_ms, new.started_at_ms)
  ON CONFLICT (experiment, candidate, kind) DO UPDATE SET
    results = results + 1,
    control_ms_sum = control_ms_sum + excluded.control_ms_sum,
    candidate_ms_sum = candidate_ms_sum + excluded.candidate_ms_sum,
    first_at_ms = min(first_at_ms, excluded.first_at_ms),
    last_at_ms = max(last_at_ms, excluded.last_at_ms);
END`,
      ],
    },
  ],
  // `WHERE true` tells the parser that ON CONFLICT belongs to the insert and not to a join.
  insert: (prefix) => `INSERT INTO ${prefix}results (${columns.join(", ")})
SELECT ${columns.map((column) => `json_extract(value, '$.${column}')`).join(", ")}
FROM json_each(?) WHERE true
ON CONFLICT (result_id, candidate) DO NOTHING`,
  insertSkips: (prefix) => `INSERT INTO ${prefix}skips (experiment, reason, calls, first_at_ms, last_at_ms)
SELECT json_extract(value, '$.experiment'), json_extract(value, '$.reason'), json_extract(value, '$.calls'),
  json_extract(value, '$.first_at_ms'), json_extract(value, '$.last_at_ms')
FROM json_each(?) WHERE true
ON CONFLICT (experiment, reason) DO UPDATE SET
  calls = calls + excluded.calls,
  first_at_ms = min(first_at_ms, excluded.first_at_ms),
  last_at_ms = max(last_at_ms, excluded.last_at_ms)`,
  insertCounts: (prefix) => insertCounted(countedTables.counts, prefix, spelling),
  insertVerdicts: (prefix) => insertCounted(countedTables.verdicts, prefix, spelling),
  insertMinutes: (prefix) => insertMinutes(prefix, spelling),
  prune: (prefix) =>
    agingTables.map(([table, column]) => `DELETE FROM ${prefix}${table} WHERE ${column} < CAST(? AS INTEGER)`),
  reading: (prefix) =>
    reading(prefix, {
      whole: () => "CAST(? AS INTEGER)",
      text: () => "?",
      asText: (column) => `CAST(${column} AS TEXT)`,
      bytes: "",
    }),
  insertEvent: (prefix) => insertEvents(prefix, spelling),
};
