import { checkOptions } from "../../model/check-options.ts";
import { digestSql, type DigestColumn, type DigestDialect } from "./digest-sql.ts";
import type { Digest, KeyRange, RecordStore } from "./record-store.ts";

type Row = Readonly<Record<string, unknown>>;

/** One table whose rows are the records. */
export interface SqlRecordsOptions<Value> {
  readonly dialect: DigestDialect;
  /**
   * Runs one statement that reads, and resolves with its rows; `$1`, `$2`, … stand for the parameters in PostgreSQL, `?1`, `?2`, … in SQLite. It may run on
   * a connection of its own.
   */
  readonly query: (sql: string, parameters: (string | number)[]) => PromiseLike<readonly object[]> | readonly object[];
  /** The table, or whatever may stand after `FROM`. */
  readonly table: string;
  /** The column with the key, of type text. It wants an index in the order of its bytes: `(name COLLATE "C")` in PostgreSQL. */
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
  const mark = (at: number): string => (isPostgresql ? `$${at}` : `?${at}`);

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
    const rows = (await query(sql, parameters)) as readonly Row[];
    return rows.map(({ sidelane_key: found, ...row }) => ({ key: String(found), record: record(row) }));
  }
  if (columns === undefined) return { scan };

  const sums = digestSql(columns, dialect);
  const last = `max(${ordered})`;
  return {
    scan,
    async digests({ parts, ...range }) {
      const { where, parameters } = within(range);
      const counted = (await query(`SELECT count(*) AS count FROM ${table}${where}`, parameters)) as readonly Row[];
      const total = Number(counted[0]?.["count"] ?? 0);
      if (total === 0) return [];
      const size = Math.ceil(total / parts);
      // Rows that come meanwhile are the last part's.
      const part = `(SELECT *, CAST((row_number() OVER (ORDER BY ${ordered}) - 1) / ${size} AS integer) AS sidelane_part FROM ${table}${where}) AS numbered`;
      const sql =
        parts === 1 ?
          `SELECT ${last} AS last, ${sums} FROM ${table}${where}`
        : `SELECT ${last} AS last, ${sums} FROM ${part} GROUP BY sidelane_part ORDER BY sidelane_part`;
      const rows = (await query(sql, parameters)) as readonly Row[];
      return rows
        .filter(({ last: to }) => typeof to === "string")
        .map(({ last: to, count, high, low }): Digest => ({
          to: to as string,
          count: count as Digest["count"],
          sums: [high, low] as [Digest["count"], Digest["count"]],
        }));
    },
  };
}
