import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { aBoolean, aFunction, orElse, settle, type OptionTable } from "../../model/option-table.ts";
import { murmur3 } from "../../rollout/bucket.ts";
import { plannedStatements, type PostgresqlClient } from "./planned-statements.ts";
import { fenceOf, knownOf, type Row } from "./rows.ts";
import type { Query } from "./sql-dialect.ts";
import { sqlOutbox } from "./sql-outbox.ts";
import type { OutboxStore, StreamOf } from "./store.ts";
import { outboxMigrations, tableNames, tableNamesTable, type TableNames } from "./tables.ts";

/** What `postgresqlOutbox` takes: how its client is found, and the names of its tables. */
export interface PostgresqlOutboxOptions extends TableNames {
  /** The client of a transaction, where what the side's `transaction` hands to its work is not one itself. */
  readonly client?: (tx: never) => PostgresqlClient;
  /** Whether missing tables are made when the first operation is written or followed; `true` by default. Else run `outboxMigrations`. */
  readonly migrate?: boolean;
  /**
   * Whether each statement is planned once a connection rather than each time: it is handed to `query` as `{ name, text, values }`, as `pg` 8
   * takes it. By default where the client is one of `pg` 8, until it turns out that a pool behind it hands connections on between transactions, as
   * PgBouncer before 1.21 does: what that breaks is run again.
   */
  readonly prepared?: boolean;
}

export const postgresqlOutboxTable: OptionTable<PostgresqlOutboxOptions, "prefix" | "migrate"> = {
  ...tableNamesTable,
  client: aFunction,
  migrate: orElse(aBoolean, true),
  prepared: aBoolean,
};

const listOf = (parameter: string): string =>
  `SELECT value FROM jsonb_array_elements_text(CAST(CAST(${parameter} AS text) AS jsonb)) AS given(value)`;

const now = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";

/**
 * The outbox of a side that writes to PostgreSQL 12 or later, in tables of that database. What has to commit with the side's own
 * writes runs on the client that its `transaction` hands to its work; the rest on the pool.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example postgresqlOutbox(new Pool(), { schema: "sidelane" })
 */
export function postgresqlOutbox(pool: PostgresqlClient, options: PostgresqlOutboxOptions = {}): OutboxStore {
  const check: OptionCheck = checkOptions("postgresqlOutbox");
  check.object("pool", pool);
  check.function("pool.query", (pool as { readonly query?: unknown }).query);
  const { client, migrate, prepared, ...names } = settle(check, postgresqlOutboxTable, options);
  const t = tableNames(names);
  const run = plannedStatements(prepared, pool);
  const clientOf = (client ?? ((tx: unknown) => tx)) as (tx: unknown) => Partial<PostgresqlClient> | undefined;

  const query: Query = async (tx, sql, parameters) => {
    const on = tx === pool ? pool : clientOf(tx);
    if (typeof on?.query !== "function") {
      check.fail(
        "transaction",
        "one that hands its work a client with `query`",
        on,
        "Where it hands over something else, say `client: (tx) => …`",
      );
    }
    const { rows } = await run(on as PostgresqlClient, sql, [...parameters]);
    return rows as readonly Row[];
  };

  const lockOf = ({ name, side }: StreamOf): number => murmur3(`${t("fences")}:${name}:${side}`) | 0;

  return sqlOutbox({
    query,
    table: t,
    now: () => now,
    list: listOf,
    // An array is looked up in an index; a subquery may be joined with the whole table.
    among: (column, among) => `${column} = ANY (ARRAY (${among}))`,
    rowsOf: (columns, table, own) => `SELECT found.* FROM (${listOf("$3")}) AS listed CROSS JOIN LATERAL (
  SELECT ${columns} FROM ${t(table)} WHERE name = $1 AND side = $2 AND ${own} = listed.value LIMIT 1
) AS found`,
    hold: (how, table) =>
      ({
        share: ` FOR SHARE OF ${table}`,
        update: ` FOR UPDATE OF ${table}`,
        skip: ` FOR UPDATE OF ${table} SKIP LOCKED`,
      })[how],
    async prepare() {
      if (!migrate) return;
      for (const { statements } of outboxMigrations("postgresql", names)) {
        for (const statement of statements) await pool.query(statement, []);
      }
    },
    deleting: (first, then) => [`WITH first AS (${first}) ${then}`],
    outside: (work) => work(pool),
    // Transactions commit in another order than they begin in: below this one all have ended, whatever they are about.
    mark: "txid_snapshot_xmin(txid_current_snapshot())",
    latest: `coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence('${t("outbox")}', 'position') AS regclass)), 0)`,
    async snapshot(tx) {
      await query(tx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", []);
    },

    async lockBucket(tx, of, bucket) {
      await query(tx, "SELECT pg_advisory_xact_lock(CAST($1 AS integer), CAST($2 AS integer))", [lockOf(of), bucket]);
    },

    // Both locks are needed: the row's alone starves the process that changes it, since new writers go on sharing it; the advisory one
    // alone lets a REPEATABLE READ transaction go by what it saw before.
    async enter(tx, { name, side, bucket, id }) {
      const [row] = await query(
        tx,
        `WITH gate AS MATERIALIZED (
  SELECT 1 AS held FROM pg_advisory_xact_lock_shared(CAST($5 AS integer), CAST($3 AS integer))
)
SELECT f.bucket, f.authority, f.moving, f.follows, f.generation, f.epoch, i.digest, i.facts, i.token
FROM gate CROSS JOIN ${t("fences")} f
LEFT JOIN ${t("ids")} i ON i.name = $1 AND i.side = $2 AND i.op_id = $4
WHERE f.name = $1 AND f.side = $2 AND f.bucket = CAST($3 AS integer) FOR SHARE OF f`,
        [name, side, bucket, id, lockOf({ name, side })],
      );
      return { fence: fenceOf(row!), known: row!["digest"] === null ? undefined : knownOf(row!) };
    },

    // The id first, and the heads of its keys only then, so that two of one id never wait for each other.
    async enqueue(tx, { name, side, entry }) {
      const rows = await query(
        tx,
        `WITH noted AS (
  INSERT INTO ${t("ids")} (name, side, op_id, digest, facts, token, at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, ${now})
  ON CONFLICT (name, side, op_id) DO NOTHING RETURNING at_ms
), moved AS (
  INSERT INTO ${t("heads")} AS h (name, side, key, seq, bucket, touched)
  SELECT $1, $2, given.value, 1, CAST($7 AS bigint), txid_current()
  FROM noted, jsonb_array_elements_text(CAST(CAST($8 AS text) AS jsonb)) WITH ORDINALITY AS given(value, at)
  ORDER BY given.at
  ON CONFLICT (name, side, key) DO UPDATE SET seq = h.seq + 1, bucket = excluded.bucket, touched = excluded.touched
  RETURNING key, seq
)
INSERT INTO ${t("outbox")} (name, side, op_id, token, digest, keys, seqs, op, facts, schema, bucket, generation,
  attempts, waits, next_at, created_at, state)
SELECT $1, $2, $3, $6, $4, $8, (SELECT '[' || coalesce(string_agg(CAST(seq AS text), ',' ORDER BY key), '') || ']' FROM moved),
  $9, $5, CAST($10 AS bigint), CAST($7 AS bigint), CAST($11 AS bigint), 0, 0, at_ms, at_ms, 'due'
FROM noted RETURNING op_id`,
        [
          ...[name, side, entry.id, entry.digest, entry.facts, entry.token, entry.bucket],
          ...[JSON.stringify(entry.keys), entry.op, entry.schema, entry.generation],
        ],
      );
      return rows.length === 1;
    },

    async advance(tx, { name, side, row, follower, keys }) {
      const [counted] = await query(
        tx,
        `WITH noted AS (
  INSERT INTO ${t("ids")} AS i (name, side, op_id, digest, facts, token, at_ms)
  VALUES ($1, $3, $4, $5, $6, $7, ${now})
  ON CONFLICT (name, side, op_id) DO UPDATE SET
    digest = excluded.digest, facts = excluded.facts, token = excluded.token, at_ms = excluded.at_ms
  WHERE i.token <> excluded.token RETURNING 1
), moved AS (
  INSERT INTO ${t("applied")} AS a (name, side, key, seq, generation)
  SELECT $1, $2, given.value->>0, CAST(given.value->>1 AS bigint), CAST($9 AS bigint)
  FROM jsonb_array_elements(CAST(CAST($8 AS text) AS jsonb)) WITH ORDINALITY AS given(value, at) ORDER BY given.at
  ON CONFLICT (name, side, key) DO UPDATE SET seq = excluded.seq, generation = excluded.generation
  WHERE a.seq = excluded.seq - 1 RETURNING 1
)
SELECT (SELECT count(*) FROM noted) AS noted, (SELECT count(*) FROM moved) AS moved`,
        [
          ...[name, side, follower, row.id, row.digest, row.facts, row.token],
          ...[JSON.stringify(keys.map((key) => [key, row.seqs[row.keys.indexOf(key)]])), row.generation],
        ],
      );
      return Number(counted!["noted"]) === 1 && Number(counted!["moved"]) === keys.length;
    },
  });
}
