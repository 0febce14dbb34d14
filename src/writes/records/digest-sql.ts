import { checkOptions } from "../../model/check-options.ts";

/** What a column holds, however a database keeps it. */
export type ColumnType = "text" | "integer" | "boolean" | "decimal" | "time" | "bytes";

/** One field of a record, the same on both sides. */
export interface DigestColumn {
  /** The column, or any expression: `"cents"`, `"amount * 100"`. It stands in the statement as it is. */
  readonly sql: string;
  /**
   * `decimal` is taken at its `scale`, half away from zero; `time` in microseconds of UTC, where one without a zone is taken to be UTC;
   * `bytes` by their bytes. Floating-point numbers are to be declared as decimals. What is not of the type, such as half a cent as an `integer`,
   * is taken as it is.
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
 * prefix of each record's fields. A sum does not cancel pairs, as XOR would, and halves do not overflow. Each field has its length before it, which NULL lacks, so that
 * no two records have one text. Both sides need the same fields in the same order. SQLite needs `registerDigest`.
 *
 * @param columns at least one
 * @throws {SidelaneError} `invalid-option`
 * @example `SELECT ${digestSql([{ sql: "name", type: "text" }, { sql: "balance", type: "decimal", scale: 2 }], "postgresql")} FROM accounts`
 */
export function digestSql(columns: readonly DigestColumn[], dialect: DigestDialect): string {
  return sumsOf(textOf(fieldsOf(columns, dialect), dialect), dialect);
}

/**
 * The same for a statement that works out each field, and the md5 of each record, once: an expression is worked out wherever it is named.
 *
 * @param rows what stands after `FROM`, with its `WHERE`
 * @returns the sums, and what they are to be selected from
 * @throws {SidelaneError} `invalid-option`
 */
export function digestOnce(
  columns: readonly DigestColumn[],
  dialect: DigestDialect,
  rows: string,
): { readonly sums: string; readonly from: string } {
  const fields = fieldsOf(columns, dialect);
  const names = fields.map((_, at) => `sidelane_field_${at}`);
  const named = fields.map((field, at) => `${field} AS ${names[at]!}`).join(", ");
  const text = textOf(names, dialect);
  // Else the database would put the subquery's expressions in the place of its columns.
  const apart = dialect === "postgresql" ? " OFFSET 0" : " LIMIT -1";
  const each = dialect === "postgresql" ? prefixOf(text) : text;
  return {
    sums: dialect === "postgresql" ? sumsOfPrefix("sidelane_digest") : sumsOf("sidelane_digest", dialect),
    from: `(SELECT ${each} AS sidelane_digest FROM (SELECT ${named} FROM ${rows}${apart}) AS fields${apart}) AS digested`,
  };
}

/** Each field as a text, or NULL. */
function fieldsOf(columns: readonly DigestColumn[], dialect: DigestDialect): readonly string[] {
  const check = checkOptions("digestSql");
  check.oneOf("dialect", dialect, ["postgresql", "sqlite"]);
  if (!Array.isArray(columns) || columns.length === 0)
    check.fail("columns", "a list with at least one column", columns);
  return columns.map((column) => {
    check.text("columns[].sql", column.sql);
    check.oneOf("columns[].type", column.type, types);
    if (column.unit !== undefined) check.oneOf("columns[].unit", column.unit, ["s", "ms", "us"]);
    const { scale = 0 } = column;
    const fits =
      Number.isInteger(scale) && scale >= 0 && scale <= 20 && (column.scale !== undefined || column.type !== "decimal");
    if (!fits) check.fail("columns[].scale", "a whole number from 0 to 20, with every decimal", column.scale);
    return dialect === "postgresql" ? inPostgresql(column) : inSqlite(column);
  });
}

/** PostgreSQL's functions take 100 arguments. */
const mostAtOnce = 33;

/** The fields of a record as one text: `3:abc` for each, `:` where it is NULL. */
function textOf(fields: readonly string[], dialect: DigestDialect): string {
  if (dialect === "sqlite") {
    return fields.map((field) => `coalesce(length(CAST(${field} AS BLOB)) || ':' || ${field}, ':')`).join(" || ");
  }
  const joined: string[] = [];
  for (let at = 0; at < fields.length; at += mostAtOnce) {
    // NULL adds nothing: one text is made, rather than one by each `||`.
    const given = fields.slice(at, at + mostAtOnce).map((field) => `octet_length(${field}), ':', ${field}`);
    joined.push(`concat(${given.join(", ")})`);
  }
  return joined.join(" || ");
}

function prefixOf(text: string): string {
  return `CAST(CAST('x' || substr(md5(${text}), 1, 15) AS bit(60)) AS bigint)`;
}

function sumsOf(text: string, dialect: DigestDialect): string {
  if (dialect === "postgresql") return sumsOfPrefix(prefixOf(text));
  return `count(*) AS count, coalesce(sum(sidelane_md5(${text}, 0)), 0) AS high, coalesce(sum(sidelane_md5(${text}, 1)), 0) AS low`;
}

function sumsOfPrefix(prefix: string): string {
  return `count(*) AS count, coalesce(sum(${prefix} >> 30), 0) AS high, coalesce(sum(${prefix} & 1073741823), 0) AS low`;
}

function inPostgresql({ sql, type, scale = 0 }: DigestColumn): string {
  const numeric = `CAST(${sql} AS numeric)`;
  // A cast of a float keeps 6 or 15 digits of it, its text all.
  const exact = `CASE WHEN ${isOf(sql, "float4", "float8")} THEN CAST(CAST(${sql} AS text) AS numeric) ELSE ${numeric} END`;
  // A cast to bigint would round.
  const whole = `CAST(CASE WHEN ${numeric} = trunc(${numeric}) THEN trunc(${numeric}) ELSE ${exact} END AS text)`;
  // A date becomes a timestamp of no zone by that, rather than of the session's.
  const at = `((${sql}) + interval '0')`;
  // Not `extract`: before PostgreSQL 14 the epoch loses its last digit by it, and since then it is slow.
  const seconds = `CAST(date_part('epoch', date_trunc('second', ${at})) AS bigint)`;
  const micros = `CAST(date_part('microseconds', ${at}) AS bigint) % 1000000`;
  return {
    text: `CAST(${sql} AS text)`,
    integer: `CASE WHEN ${isOf(sql, "int8", "int4", "int2")} THEN CAST(${sql} AS text) ELSE ${whole} END`,
    boolean: `CAST(CAST(${sql} AS integer) AS text)`,
    decimal: `CAST(round(${exact}, ${scale}) AS text)`,
    time: `CASE WHEN isfinite(${sql}) THEN CAST(${seconds} * 1000000 + ${micros} AS text) ELSE CAST(${sql} AS text) END`,
    bytes: `encode(${sql}, 'hex')`,
  }[type];
}

function isOf(sql: string, ...ofThese: readonly string[]): string {
  return `pg_typeof(${sql}) IN (${ofThese.map((each) => `CAST('pg_catalog.${each}' AS regtype)`).join(", ")})`;
}

/** A column of SQLite holds whatever it is given: what is not of the type is taken as it is, never for something that is. */
function inSqlite({ sql, type, scale = 0, unit = "ms" }: DigestColumn): string {
  const asText = `CAST(${sql} AS TEXT)`;
  const whole = `CAST(${sql} AS INTEGER)`;
  // As text: `better-sqlite3` hands a whole number to a function as a double.
  const number = `CASE typeof(${sql}) WHEN 'integer' THEN ${asText} ELSE ${sql} END`;
  const text = {
    text: asText,
    integer: `CASE WHEN ${whole} = (${sql}) THEN CAST(${whole} AS TEXT) ELSE ${asText} END`,
    boolean: `CASE WHEN (${sql}) = 1 OR lower(${sql}) IN ('true', 't') THEN '1' WHEN (${sql}) = 0 OR lower(${sql}) IN ('false', 'f') THEN '0' ELSE ${asText} END`,
    decimal: `sidelane_decimal(${number}, ${scale})`,
    time: `sidelane_time(${sql}, '${unit}')`,
    bytes: `lower(hex(${sql}))`,
  }[type];
  // Functions and casts would make a text of NULL.
  return `CASE WHEN (${sql}) IS NOT NULL THEN ${text} END`;
}
