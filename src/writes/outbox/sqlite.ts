import { checkOptions } from "../../model/check-options.ts";
import { systemClock, type Clock } from "../../model/clock.ts";
import { aBoolean, aClock, orElse, settle, type OptionTable } from "../../model/option-table.ts";
import { withQuestionMarks } from "../../sql/question-marks.ts";
import { fenceOf, knownOf, type Row } from "./rows.ts";
import type { Query } from "./sql-dialect.ts";
import { sqlOutbox } from "./sql-outbox.ts";
import type { OutboxStore } from "./store.ts";
import { outboxMigrations, tableNames, tableNamesTable, type TableNames } from "./tables.ts";

/** What is used of a prepared statement of `better-sqlite3` 12 or `node:sqlite`. */
interface PreparedStatement {
  all(...parameters: never[]): unknown[];
}

/** What is used of a database: `better-sqlite3` 12 and `node:sqlite` prepare statements, `node-sqlite3-wasm` has `all` itself. */
export type SqliteDatabase =
  | { prepare(sql: string): PreparedStatement; exec(sql: string): unknown }
  | { all(sql: string, parameters: never): unknown[]; exec(sql: string): unknown };

/** What `sqliteOutbox` takes besides the database: the names of its tables, and the clock. */
export interface SqliteOutboxOptions extends Omit<TableNames, "schema"> {
  /** Whether missing tables are made when the first operation is written or followed; `true` by default. Else run `outboxMigrations`. */
  readonly migrate?: boolean;
  /** The clock that says when rows are due; the system's by default. */
  readonly clock?: Clock;
}

export const sqliteOutboxTable: OptionTable<SqliteOutboxOptions, "prefix" | "migrate" | "clock"> = {
  prefix: tableNamesTable.prefix,
  migrate: orElse(aBoolean, true),
  clock: orElse(aClock, systemClock),
};

type Answer = (sql: string, parameters: unknown[]) => unknown[];

/**
 * The outbox of a side that writes to SQLite 3.38 or later, in tables of that database. Every statement runs in a transaction of the
 * side's: on one connection, `transaction` has to let one work end before the next begins, and to begin with `BEGIN IMMEDIATE`.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example sqliteOutbox(new Database("ledger.sqlite"))
 */
export function sqliteOutbox(database: SqliteDatabase, options: SqliteOutboxOptions = {}): OutboxStore {
  const check = checkOptions("sqliteOutbox");
  const { migrate, clock, ...names } = settle(check, sqliteOutboxTable, options);
  const t = tableNames(names);
  const answer = answering(database);
  const query: Query = (_, sql, parameters) => {
    const marked = withQuestionMarks<unknown>(sql, /\$(\d+)/g, parameters);
    return Promise.resolve(answer(marked.sql, marked.parameters) as Row[]);
  };
  const now = (): string => String(Math.round(clock.now()));

  const latest = `coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = '${t("outbox")}'), 0)`;
  const mark = `${latest} + 1`;

  return sqlOutbox({
    query,
    table: t,
    now,
    mark,
    latest,
    list: (parameter) => `SELECT value FROM json_each(${parameter})`,
    among: (column, among) => `${column} IN (${among})`,
    rowsOf: (columns, table, own) =>
      `SELECT ${columns} FROM ${t(table)} WHERE name = $1 AND side = $2 AND ${own} IN (SELECT value FROM json_each($3))`,
    // One transaction writes at a time.
    hold: () => "",
    deleting: (first, then) => [first, then],
    lockBucket: () => Promise.resolve(),
    prepare() {
      if (migrate) {
        for (const { statements } of outboxMigrations("sqlite", names))
          statements.forEach((each) => database.exec(each));
      }
      return Promise.resolve();
    },

    async enter(tx, { name, side, bucket, id }) {
      const [row] = await query(
        tx,
        `SELECT f.bucket, f.authority, f.moving, f.follows, f.generation, f.epoch, i.digest, i.facts, i.token
FROM ${t("fences")} f LEFT JOIN ${t("ids")} i ON i.name = $1 AND i.side = $2 AND i.op_id = $4
WHERE f.name = $1 AND f.side = $2 AND f.bucket = $3`,
        [name, side, bucket, id],
      );
      return { fence: fenceOf(row!), known: row!["digest"] === null ? undefined : knownOf(row!) };
    },

    async enqueue(tx, { name, side, entry }) {
      const noted = await query(
        tx,
        `INSERT INTO ${t("ids")} (name, side, op_id, digest, facts, token, at_ms) VALUES ($1, $2, $3, $4, $5, $6, ${now()})
ON CONFLICT (name, side, op_id) DO NOTHING RETURNING op_id`,
        [name, side, entry.id, entry.digest, entry.facts, entry.token],
      );
      if (noted.length === 0) return false;
      const moved = await query(
        tx,
        `INSERT INTO ${t("heads")} AS h (name, side, key, seq, bucket, touched)
SELECT $1, $2, value, 1, $4, ${mark} FROM json_each($3) WHERE true
ON CONFLICT (name, side, key) DO UPDATE SET seq = h.seq + 1, bucket = excluded.bucket, touched = excluded.touched
RETURNING key, seq`,
        [name, side, JSON.stringify(entry.keys), entry.bucket],
      );
      const seqs = new Map(moved.map((row) => [row["key"], Number(row["seq"])]));
      await query(
        tx,
        `INSERT INTO ${t("outbox")} (name, side, op_id, token, digest, keys, seqs, op, facts, schema, bucket, generation,
  attempts, waits, next_at, created_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, ${now()}, ${now()}, 'due')`,
        [
          ...[name, side, entry.id, entry.token, entry.digest, JSON.stringify(entry.keys)],
          ...[JSON.stringify(entry.keys.map((key) => seqs.get(key))), entry.op, entry.facts],
          ...[entry.schema, entry.bucket, entry.generation],
        ],
      );
      return true;
    },

    async advance(tx, { name, side, row, follower, keys }) {
      const noted = await query(
        tx,
        `INSERT INTO ${t("ids")} AS i (name, side, op_id, digest, facts, token, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, ${now()})
ON CONFLICT (name, side, op_id) DO UPDATE SET
  digest = excluded.digest, facts = excluded.facts, token = excluded.token, at_ms = excluded.at_ms
WHERE i.token <> excluded.token RETURNING 1`,
        [name, follower, row.id, row.digest, row.facts, row.token],
      );
      if (noted.length === 0) return false;
      if (keys.length === 0) return true;
      const moved = await query(
        tx,
        `INSERT INTO ${t("applied")} AS a (name, side, key, seq, generation)
SELECT $1, $2, json_extract(value, '$[0]'), json_extract(value, '$[1]'), $4 FROM json_each($3) WHERE true
ON CONFLICT (name, side, key) DO UPDATE SET seq = excluded.seq, generation = excluded.generation
WHERE a.seq = excluded.seq - 1 RETURNING 1`,
        [name, side, JSON.stringify(keys.map((key) => [key, row.seqs[row.keys.indexOf(key)]])), row.generation],
      );
      return moved.length === keys.length;
    },
  });
}

function answering(database: SqliteDatabase): Answer {
  // `node-sqlite3-wasm` has `all` beside `prepare`, and its statements have to be given back.
  if ("all" in database) return (sql, parameters) => database.all(sql, parameters as never);
  return (sql, parameters) => {
    const statement = database.prepare(sql);
    // `better-sqlite3` knows which statements return rows, and refuses to ask others for them.
    if ("reader" in statement && statement.reader === false && "run" in statement) {
      (statement.run as (...parameters: unknown[]) => unknown)(...parameters);
      return [];
    }
    return statement.all(...(parameters as never[]));
  };
}
