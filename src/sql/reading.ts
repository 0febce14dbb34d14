import type { ReadingStatements } from "./dialect.ts";

/** How a database spells what differs. */
export interface ReadingSpelling {
  /** A parameter as a whole number. */
  whole(place: number): string;
  text(place: number): string;
  /** A column as text. */
  asText(column: string): string;
  /** Orders texts by their bytes. */
  readonly bytes: string;
}

/** Statements with named columns, so that one that was added to a table is in nobody's way. */
export function reading(prefix: string, { whole, text, asText, bytes }: ReadingSpelling): ReadingStatements {
  // A database may count its parameters by where they stand: each stands once, in their order.
  const told = (place: number): string => `SELECT process, max(to_ms) AS told_ms FROM ${prefix}minutes
  WHERE type = 'tally' AND to_ms >= ${whole(place)} GROUP BY process`;
  return {
    minutes: `SELECT process, ${asText("n")} AS number, type, record FROM ${prefix}minutes
WHERE (process, n, type) > (${text(1)}, ${whole(2)}, ${text(3)})
ORDER BY process, n, type LIMIT 500`,
    events: `SELECT record FROM ${prefix}events ORDER BY at_ms`,
    untold: `SELECT result_id, ${asText("detail")} AS detail FROM ${prefix}results
WHERE started_at_ms >= ${whole(1)} AND (process IS NULL OR process NOT IN (SELECT process FROM (${told(2)}) AS told))
ORDER BY process, length(result_id), result_id`,
    span: `SELECT ${asText("min(started_at_ms)")} AS first_ms, ${asText("max(started_at_ms)")} AS last_ms FROM ${prefix}results
WHERE started_at_ms >= ${whole(1)}`,
    uncounted: `SELECT results.process AS process, ${asText("count(DISTINCT result_id)")} AS results
FROM ${prefix}results AS results JOIN (${told(1)}) AS told ON told.process = results.process
WHERE results.weight > 0 AND results.started_at_ms > told.told_ms AND results.started_at_ms >= ${whole(2)}
GROUP BY results.process`,
    examples: `SELECT result_id, ${asText("detail")} AS detail FROM ${prefix}results WHERE result_id IN (
  SELECT result_id FROM (
    SELECT result_id, row_number() OVER (
      PARTITION BY experiment, candidate, signature ORDER BY started_at_ms, result_id${bytes}
    ) AS place FROM ${prefix}results WHERE kind = 'mismatch' AND signature IS NOT NULL AND started_at_ms >= ${whole(1)}
  ) AS ranked WHERE place <= 3
)
ORDER BY started_at_ms, result_id`,
  };
}
