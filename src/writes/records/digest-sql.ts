import { checkOptions } from "../../model/check-options.ts";

/** What a column holds, however a database keeps it. */
export type ColumnType = "text" | "integer" | "boolean" | "decimal" | "time" | "bytes";

/** One field of a record, the same on both sides. */
export interface DigestColumn {
  /** The column, or any expression: `"cents"`, `"amount * 100"`. It stands in the statement as it is. */
  readonly sql: string;
  /**
   * `decimal` is taken at its `scale`, half away from zero; `time` in microseconds of UTC, where one without a zone is taken to be UTC;
   * `bytes` by their bytes. Floating-point numbers are to be declared as decimals.
   */
  readonly type: ColumnType;
  /** Digits after the point of a `decimal`, from 0 to 20. */
  readonly scale?: number;
  /** What a `time` counts that SQLite keeps as a number, since 1970: `ms` by default. */
  readonly unit?: "s" | "ms" | "us";
}

/** The databases that can digest their own rows. */
export type DigestDialect = "postgresql" | "sqlite";

const types: readonly ColumnType[] = ["text", "integer", "boolean", "decimal", "time", "bytes"];

/**
 * The columns of a statement that digests records: `count`, and `high` and `low`, the sums of the upper and the lower 30 bits of an md5
 * prefix of each record's fields. A sum does not cancel pairs, as XOR would, and halves do not overflow. Each field has its length before it and NULL a mark of its own, so that
 * no two records have one text. Both sides need the same fields in the same order. SQLite needs `registerDigest`.
 *
 * @param columns at least one
 * @throws {SidelaneError} `invalid-option`
 * @example `SELECT ${digestSql([{ sql: "name", type: "text" }, { sql: "balance", type: "decimal", scale: 2 }], "postgresql")} FROM accounts`
 */
export function digestSql(columns: readonly DigestColumn[], dialect: DigestDialect): string {
  const check = checkOptions("digestSql");
  check.oneOf("dialect", dialect, ["postgresql", "sqlite"]);
  if (!Array.isArray(columns) || columns.length === 0)
    check.fail("columns", "a list with at least one column", columns);
  const fields = columns.map((column) => {
    check.text("columns[].sql", column.sql);
    check.oneOf("columns[].type", column.type, types);
    if (column.unit !== undefined) check.oneOf("columns[].unit", column.unit, ["s", "ms", "us"]);
    const { scale = 0 } = column;
    const fits =
      Number.isInteger(scale) && scale >= 0 && scale <= 20 && (column.scale !== undefined || column.type !== "decimal");
    if (!fits) check.fail("columns[].scale", "a whole number from 0 to 20, with every decimal", column.scale);
    return dialect === "postgresql" ? inPostgresql(column) : inSqlite(column);
  });
  const text = fields.join(" || ");
  if (dialect === "postgresql") {
    const prefix = `CAST(CAST('x' || substr(md5(${text}), 1, 15) AS bit(60)) AS bigint)`;
    return `count(*) AS count, coalesce(sum(${prefix} >> 30), 0) AS high, coalesce(sum(${prefix} & 1073741823), 0) AS low`;
  }
  return `count(*) AS count, coalesce(sum(sidelane_md5(${text}, 0)), 0) AS high, coalesce(sum(sidelane_md5(${text}, 1)), 0) AS low`;
}

function inPostgresql({ sql, type, scale = 0 }: DigestColumn): string {
  const seconds = `CAST(extract(epoch FROM date_trunc('second', ${sql})) AS bigint)`;
  const micros = `mod(CAST(extract(microseconds FROM ${sql}) AS bigint), 1000000)`;
  const text = {
    text: `CAST(${sql} AS text)`,
    integer: `CAST(CAST(${sql} AS bigint) AS text)`,
    boolean: `CASE WHEN ${sql} THEN '1' ELSE '0' END`,
    decimal: `CAST(round(CAST(${sql} AS numeric), ${scale}) AS text)`,
    // Not `extract(epoch)` alone: before PostgreSQL 14 it loses the last digit.
    time: `CASE WHEN isfinite(${sql}) THEN CAST(${seconds} * 1000000 + ${micros} AS text) ELSE CAST(${sql} AS text) END`,
    bytes: `encode(${sql}, 'hex')`,
  }[type];
  return `CASE WHEN (${sql}) IS NULL THEN 'n' ELSE octet_length(${text}) || ':' || ${text} END`;
}

function inSqlite({ sql, type, scale = 0, unit = "ms" }: DigestColumn): string {
  const text = {
    text: `CAST(${sql} AS TEXT)`,
    integer: `CAST(CAST(${sql} AS INTEGER) AS TEXT)`,
    boolean: `CASE WHEN ${sql} THEN '1' ELSE '0' END`,
    decimal: `sidelane_decimal(${sql}, ${scale})`,
    time: `sidelane_time(${sql}, '${unit}')`,
    bytes: `lower(hex(${sql}))`,
  }[type];
  return `CASE WHEN (${sql}) IS NULL THEN 'n' ELSE length(CAST(${text} AS BLOB)) || ':' || ${text} END`;
}
