/** A text as SQL has it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Paths as a list of DuckDB's, to which `*`, `?` and `[` would be patterns. */
function pathsOf(files: readonly string[]): string {
  return `[${files.map((file) => quoted(file.replaceAll(/[*?[]/g, "[$&]"))).join(", ")}]`;
}

// A result as far as it is looked at. Types are given: an inferred one would depend on the first lines. Of JSON where a number would else pass for text.
const shape = JSON.stringify({
  v: "JSON",
  type: "VARCHAR",
  id: "JSON",
  process: "VARCHAR",
  experiment: "JSON",
  kind: "JSON",
  startedAt: "DOUBLE",
  weight: "DOUBLE",
  control: { name: "VARCHAR" },
  candidates: [{ name: "VARCHAR", comparison: { kind: "VARCHAR", signature: "VARCHAR" } }],
});

// A control character that stands in no line of JSON: every line is one column.
const lines = (files: readonly string[]): string => `SELECT line FROM read_csv(${pathsOf(files)},
  columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = chr(1), quote = '', escape = '', new_line = '\\n',
  max_line_size = 16000000, buffer_size = 17000000, strict_mode = false, null_padding = true, ignore_errors = true, store_rejects = true,
  parallel = true) WHERE line IS NOT NULL`;

/**
 * Lines with what is looked at of results, by columns. What is no whole result has an empty `id`: its line is read as a file's would be.
 *
 * @param files NDJSON, plain or with `.gz`
 */
export function parsedLines(files: readonly string[]): string {
  return `SELECT
  CASE WHEN isResult THEN json_extract_string(r.id, '$') ELSE '' END AS id,
  CASE WHEN isResult THEN r.process END AS process,
  CASE WHEN isResult THEN round(r.startedAt)::BIGINT END AS at_ms,
  CASE WHEN isResult THEN r.weight END AS weight,
  CASE WHEN starts_with(r.experiment, '"') THEN json_extract_string(r.experiment, '$') ELSE '' END AS experiment,
  CASE WHEN isResult THEN list_transform(list_filter(r.candidates, lambda c: c.comparison.kind = 'mismatch' AND c.comparison.signature IS NOT NULL),
    lambda c: {'name': c.name, 'signature': c.comparison.signature}) END AS mismatches,
  line
FROM (
  SELECT line, r, coalesce(r.v = '2' AND r.type = 'result' AND starts_with(r.id, '"') AND r.id <> '""' AND starts_with(r.experiment, '"')
    AND starts_with(r.kind, '"') AND r.control.name IS NOT NULL AND abs(r.startedAt) <= ${furthestMs} AND r.weight IS NOT NULL AND r.candidates IS NOT NULL
    AND len(list_filter(r.candidates, lambda c: c.name IS NULL OR c.comparison.kind IS NULL)) = 0, false) AS isResult
  FROM (SELECT line, CASE WHEN json_valid(line) THEN json_transform(line, ${quoted(shape)}) END AS r FROM (${lines(files)}))
)`;
}

/**
 * Lines of the files of the last statement that have bytes which are no UTF-8, with `?` in their place: behind one that is torn within a character, too,
 * where the tab went with it, a whole record may stand.
 */
export const rejectedLines: string = `SELECT regexp_replace(csv_line, '^(.+)([{]"v":2,"type":")', '\\1' || chr(9) || '\\2') AS line
FROM reject_errors WHERE error_type = 'INVALID ENCODING'`;

/** The same columns of files that an export wrote, and where a row stands in them. */
export function exportedLines(files: readonly string[]): string {
  return `SELECT id, process, at_ms, weight, experiment, mismatches, line, file_index, file_row_number
FROM read_parquet(${pathsOf(files)}, hive_partitioning = false)`;
}

/** The furthest that a `Date` goes from 1970, in milliseconds: what is further away fits into no column. */
export const furthestMs = 8.64e15;

/** A name of more bytes, each of which may take three in the name of a folder, has none of its own: folders have names of 255. */
const longestFolder = 80;

/** How many lines of a folder are written at once. */
export const rowGroupSize = 5_000;

/** Writes lines with the columns of {@link parsedLines} to Parquet, in folders by experiment and day, beside what is there. */
export function exportStatement(columns: string, folder: string): string {
  return `COPY (
  SELECT *, CASE WHEN id = '' THEN 'other' ELSE 'result' END AS records,
    coalesce(strftime(make_timestamp(at_ms * 1000), '%Y-%m-%d'), 'all') AS day
  FROM (SELECT * EXCLUDE (hasFolder) REPLACE (CASE WHEN hasFolder THEN id ELSE '' END AS id, CASE WHEN hasFolder THEN experiment ELSE '' END AS experiment)
    FROM (SELECT *, strlen(experiment) <= ${longestFolder} AND NOT contains(experiment, chr(0)) AS hasFolder FROM (${columns})))
) TO ${quoted(folder)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, PARTITION_BY (records, experiment, day),
  WRITE_PARTITION_COLUMNS true, ROW_GROUP_SIZE ${rowGroupSize}, APPEND true)`;
}

/** {@link rejectedLines} with the columns of {@link parsedLines}, of none of which is looked at. */
export const rejectedRows: string = `SELECT '' AS id, NULL::VARCHAR AS process, NULL::BIGINT AS at_ms, NULL::DOUBLE AS weight, '' AS experiment,
  NULL::STRUCT(name VARCHAR, signature VARCHAR)[] AS mismatches, line FROM (${rejectedLines})`;
