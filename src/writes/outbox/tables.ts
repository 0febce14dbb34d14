import { checkOptions } from "../../model/check-options.ts";
import { orElse, where, type OptionTable } from "../../model/option-table.ts";
import type { Migration } from "../../sql/dialect.ts";

/** How the tables are called. */
export interface TableNames {
  /** What their names start with; `sidelane_` by default. Lower-case letters, digits and underscores. */
  readonly prefix?: string;
  /** The schema that they are in; the first of the search path by default. PostgreSQL only. */
  readonly schema?: string;
}

const takes = "1 to 40 lower-case letters, digits or underscores";
const plainName = (got: unknown): boolean => typeof got === "string" && /^[a-z_][a-z0-9_]{0,39}$/.test(got);

export const tableNamesTable: OptionTable<TableNames, "prefix"> = {
  prefix: orElse(where(takes, plainName), "sidelane_"),
  schema: where(takes, plainName),
};

export type Table = "heads" | "outbox" | "ids" | "applied" | "fences" | "blocked" | "write_history" | "kept";

/** The full name of a table, from its own. */
export function tableNames({ prefix = "sidelane_", schema }: TableNames): (table: Table) => string {
  // In quotes: it may be a word of SQL, such as `user`.
  const before = schema === undefined ? "" : `"${schema}".`;
  return (table) => `${before}${prefix}${table}`;
}

interface Spelling {
  readonly text: string;
  readonly whole: string;
  /** A column that numbers rows by itself. */
  readonly numbered: string;
  /** An index of a column that grows as rows are added. */
  readonly growing: string;
}

const spellings: Readonly<Record<"postgresql" | "sqlite", Spelling>> = {
  // By bytes, whatever the database's own order is.
  postgresql: { text: 'text COLLATE "C"', whole: "bigint", numbered: "bigserial PRIMARY KEY", growing: "USING brin " },
  sqlite: { text: "TEXT", whole: "INTEGER", numbered: "INTEGER PRIMARY KEY AUTOINCREMENT", growing: "" },
};

/**
 * The statements that make the tables of `postgresqlOutbox` and `sqliteOutbox`, in versions. Running all of them again does
 * nothing.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example
 * for (const { statements } of outboxMigrations("postgresql")) for (const statement of statements) await pool.query(statement)
 */
export function outboxMigrations(dialect: "postgresql" | "sqlite", names: TableNames = {}): readonly Migration[] {
  const check = checkOptions("outboxMigrations");
  check.oneOf("dialect", dialect, Object.keys(spellings));
  if (names.prefix !== undefined) tableNamesTable.prefix.check(check, "prefix", names.prefix);
  if (names.schema !== undefined) tableNamesTable.schema.check(check, "schema", names.schema);
  const statements = firstVersion(spellings[dialect], names);
  if (dialect === "sqlite") return [{ version: 1, statements }];
  const { schema } = names;
  const all = schema === undefined ? statements : [`CREATE SCHEMA IF NOT EXISTS "${schema}"`, ...statements];
  // Several processes may run it at once: "if not exists" alone fails when two of them find nothing.
  const atOnce = `DO $sidelane$ BEGIN
PERFORM pg_advisory_xact_lock(7596553795);
${all.join(";\n")};
END $sidelane$`;
  return [{ version: 1, statements: [atOnce] }];
}

function firstVersion({ text, whole, numbered, growing }: Spelling, names: TableNames): string[] {
  const t = tableNames(names);
  const index = names.prefix ?? "sidelane_";
  const of = `name ${text} NOT NULL,
  side ${text} NOT NULL`;
  return [
    `CREATE TABLE IF NOT EXISTS ${t("heads")} (
  ${of},
  key ${text} NOT NULL,
  seq ${whole} NOT NULL,
  bucket ${whole} NOT NULL,
  touched ${whole} NOT NULL,
  PRIMARY KEY (name, side, key)
)`,
    `CREATE TABLE IF NOT EXISTS ${t("outbox")} (
  position ${numbered},
  ${of},
  op_id ${text} NOT NULL,
  token ${text} NOT NULL,
  digest ${text} NOT NULL,
  keys ${text} NOT NULL,
  seqs ${text} NOT NULL,
  op ${text} NOT NULL,
  facts ${text},
  schema ${whole} NOT NULL,
  bucket ${whole} NOT NULL,
  generation ${whole} NOT NULL,
  attempts ${whole} NOT NULL,
  waits ${whole} NOT NULL,
  next_at ${whole} NOT NULL,
  created_at ${whole} NOT NULL,
  state ${text} NOT NULL,
  error ${text},
  UNIQUE (name, side, op_id)
)`,
    `CREATE INDEX IF NOT EXISTS ${index}outbox_due ON ${t("outbox")} (name, side, position) WHERE state = 'due'`,
    `CREATE INDEX IF NOT EXISTS ${index}outbox_dead ON ${t("outbox")} (name, side, position) WHERE state = 'dead'`,
    `CREATE TABLE IF NOT EXISTS ${t("ids")} (
  ${of},
  op_id ${text} NOT NULL,
  digest ${text} NOT NULL,
  facts ${text},
  token ${text} NOT NULL,
  at_ms ${whole} NOT NULL,
  PRIMARY KEY (name, side, op_id)
)`,
    // Not of name and side: a database that has not counted its rows yet would look ids up by it, among all of them. Of ranges of rows
    // where there is such a one: it takes next to nothing of a write.
    `CREATE INDEX IF NOT EXISTS ${index}ids_by_time ON ${t("ids")} ${growing}(at_ms)`,
    `CREATE TABLE IF NOT EXISTS ${t("applied")} (
  ${of},
  key ${text} NOT NULL,
  seq ${whole} NOT NULL,
  generation ${whole} NOT NULL,
  PRIMARY KEY (name, side, key)
)`,
    `CREATE TABLE IF NOT EXISTS ${t("fences")} (
  ${of},
  bucket ${whole} NOT NULL,
  authority ${text} NOT NULL,
  moving ${whole} NOT NULL,
  follows ${whole} NOT NULL,
  generation ${whole} NOT NULL,
  epoch ${whole} NOT NULL,
  PRIMARY KEY (name, side, bucket)
)`,
    `CREATE TABLE IF NOT EXISTS ${t("blocked")} (
  ${of},
  key ${text} NOT NULL,
  op_id ${text} NOT NULL,
  PRIMARY KEY (name, side, key, op_id)
)`,
    `CREATE TABLE IF NOT EXISTS ${t("write_history")} (
  position ${numbered},
  ${of},
  at_ms ${whole} NOT NULL,
  kind ${text} NOT NULL,
  subject ${text} NOT NULL,
  by_whom ${text} NOT NULL,
  reason ${text} NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS ${t("kept")} (
  ${of},
  item ${text} NOT NULL,
  value ${text} NOT NULL,
  at_ms ${whole} NOT NULL,
  PRIMARY KEY (name, side, item)
)`,
  ];
}
