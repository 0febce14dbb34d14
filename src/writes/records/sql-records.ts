import { checkOptions } from "../../model/check-options.ts";
import { withQuestionMarks } from "../../sql/question-marks.ts";
import { digestOnce, digestSql, type DigestColumn, type DigestDialect } from "./digest-sql.ts";
import type { Digest, KeyRange, RecordStore } from "./record-store.ts";

type Row = Readonly<Record<string, unknown>>;

/** One table whose rows are the records. */
export interface SqlRecordsOptions<Value> {
  readonly dialect: DigestDialect;
  /**
   * Runs one statement that reads, and resolves with its rows; `$1`, `$2`, … stand for the parameters in PostgreSQL, one `?` for each in SQLite: with
   * `better-sqlite3` or `node:sqlite` `(sql, parameters) => db.prepare(sql).all(...parameters)`. It may run on a connection of its own.
   */
  readonly query: (sql: string, parameters: (string | number)[]) => PromiseLike<readonly object[]> | readonly object[];
  /** The table, or whatever may stand after `FROM`. */
  readonly table: string;
  /**
   * The column with the key, of type text, or an expression that makes one, such as `id::text`. It wants an index in the order of its bytes:
   * `(name COLLATE "C")` in PostgreSQL.
   */
  readonly key: string;
  /** The fields that are digested, the same on both sides. Without it every record is read. */
  readonly columns?: readonly DigestColumn[];
  /** The record of a row, as `read` returns it. A method by type, so that it may say what its rows hold. */
  record(row: Readonly<Record<string, unknown>>): Value;
}

/**
 * The `records` of a side whose records are the rows of one table: `scan`, and with `columns` also `digests`.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example
 * records: sqlRecords({
 *   dialect: "postgresql",
 *   query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
 *   table: "accounts",
 *   key: "name",
 *   columns: [{ sql: "name", type: "text" }, { sql: "balance", type: "decimal", scale: 2 }],
 *   record: (row) => ({ balance: row.balance }),
 * })
 */
export function sqlRecords<Value>(options: SqlRecordsOptions<Value>): RecordStore<Value> {
  const check = checkOptions("sqlRecords");
  const { dialect, query, table, key, columns } = options;
  const record = (row: Row): Value => options.record(row);
  check.oneOf("dialect", dialect, ["postgresql", "sqlite"]);
  check.text("table", table);
  check.text("key", key);
  check.function("query", query);
  check.function("record", options.record);
  const isPostgresql = dialect === "postgresql";
  const ordered = isPostgresql ? `${key} COLLATE "C"` : `${key} COLLATE BINARY`;
  const mark = (at: number): string => (isPostgresql ? `$${at}` : `\0${at}\0`);
  const rowsOf = async (sql: string, parameters: string[]): Promise<readonly Row[]> => {
    const asked = isPostgresql ? { sql, parameters } : withQuestionMarks(sql, /\0(\d)\0/g, parameters);
    return (await query(asked.sql, asked.parameters)) as readonly Row[];
  };

  /** The rows of a range. */
  function within({ after, to }: KeyRange): { readonly where: string; readonly parameters: string[] } {
    const parameters: string[] = [];
    const bounds: string[] = [];
    if (after !== undefined) bounds.push(`${ordered} > ${mark(parameters.push(after))}`);
    if (to !== undefined) bounds.push(`${ordered} <= ${mark(parameters.push(to))}`);
    return { where: bounds.length === 0 ? "" : ` WHERE ${bounds.join(" AND ")}`, parameters };
  }

  async function scan(range: KeyRange & { readonly limit: number }): Promise<{ key: string; record: Value }[]> {
    const { where, parameters } = within(range);
    const sql = `SELECT ${key} AS sidelane_key, * FROM ${table}${where} ORDER BY ${ordered} LIMIT ${range.limit}`;
    const rows = await rowsOf(sql, parameters);
    return rows.map(({ sidelane_key: found, ...row }) => ({ key: String(found), record: record(row) }));
  }
  if (columns === undefined) return { scan };

  return {
    scan,
    async digests({ parts, ...range }) {
      const { where, parameters } = within(range);
      const rows = { table, key, ordered, where };
      const sql = parts === 1 ? digestOfAll(columns, dialect, rows) : digestOfParts(columns, dialect, rows, parts);
      return digestsOf(await rowsOf(sql, parameters));
    },
  };
}

/** The rows that a statement is about. */
interface Rows {
  readonly table: string;
  readonly key: string;
  /** The key in the order of its bytes. */
  readonly ordered: string;
  /** Empty, or with `WHERE`. */
  readonly where: string;
}

function digestOfAll(columns: readonly DigestColumn[], dialect: DigestDialect, rows: Rows): string {
  const { table, key, ordered, where } = rows;
  const { sums, from } = digestOnce(columns, dialect, `${table}${where}`);
  // By the index: to compare all keys would take long.
  const last = `SELECT ${key} FROM ${table}${where} ORDER BY ${ordered} DESC LIMIT 1`;
  return `SELECT (${last}) AS last, ${sums} FROM ${from}`;
}

/** First where each part begins and ends, which the index alone tells, and then each part by itself. */
function digestOfParts(columns: readonly DigestColumn[], dialect: DigestDialect, rows: Rows, parts: number): string {
  const { table, key, ordered, where } = rows;
  const collation = ordered.slice(key.length);
  const keyAt = (which: string, after = ""): string =>
    `(SELECT ${key} FROM ${table}${where}${after && `${where === "" ? " WHERE" : " AND"} ${after}`} ORDER BY ${ordered}${which})`;
  const end = keyAt(" DESC LIMIT 1");
  const part = (after?: string): string =>
    `SELECT ${keyAt(" LIMIT 1", after)}${collation}, coalesce(${keyAt(" LIMIT 1 OFFSET (SELECT size - 1 FROM counted)", after)}, ${end})${collation}`;
  const bounds = `WITH RECURSIVE counted AS (SELECT (count(*) + ${parts - 1}) / ${parts} AS size FROM ${table}${where}),
bounds(sidelane_first, sidelane_last) AS (${part()}
UNION ALL ${part(`${ordered} > bounds.sidelane_last`)} FROM bounds WHERE bounds.sidelane_last < ${end})`;
  const within = `${ordered} >= bounds.sidelane_first AND ${ordered} <= bounds.sidelane_last`;
  if (dialect === "sqlite") {
    return `${bounds} SELECT sidelane_last AS last, ${digestSql(columns, dialect)}
FROM bounds CROSS JOIN ${table} ON ${within} GROUP BY sidelane_last ORDER BY sidelane_last`;
  }
  const { sums, from } = digestOnce(columns, dialect, `${table} WHERE ${within}`);
  return `${bounds} SELECT sidelane_last AS last, digests.* FROM bounds
CROSS JOIN LATERAL (SELECT ${sums} FROM ${from}) AS digests ORDER BY sidelane_last`;
}

/** Without a range that no row is in. */
function digestsOf(rows: readonly Row[]): readonly Digest[] {
  return rows
    .filter(({ last }) => typeof last === "string")
    .map(({ last, count, high, low }): Digest => ({
      to: last as string,
      count: count as Digest["count"],
      sums: [high, low] as [Digest["count"], Digest["count"]],
    }));
}
