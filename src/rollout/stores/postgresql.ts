import { checkOptions } from "../../model/check-options.ts";
import { aFunction, aString, orElse, required, settle, type OptionTable } from "../../model/option-table.ts";
import { readState } from "../read-state.ts";
import { eachAlone, isOfData } from "./postgresql-refusals.ts";
import { channelOf, named } from "./postgresql-tables.ts";
import { packedTables, rowIn, rowText, tablesIn } from "./row-text.ts";
import {
  escaped,
  isTable,
  json,
  mergedUnits,
  newsIn,
  newsOf,
  oldFence,
  ReadEvidenceTexts,
  unescaped,
} from "./shared.ts";
import type {
  Evidence,
  FleetVerdict,
  ProcessReport,
  Report,
  ReportedUnits,
  RolloutStore,
  Sync,
  SyncedState,
} from "./store.ts";
import { watching, type Listen } from "./watching.ts";

export { migrations } from "./postgresql-tables.ts";

/** Settings of {@link postgresqlStore}. */
export interface PostgresqlStoreOptions {
  /**
   * Runs one statement with its parameters, as `(text, values) => pool.query(text, values)` of `pg` and of pglite does, or
   * `(text, values) => sql.unsafe(text, values)` of `postgres`: resolves with the rows, or an object that has them as `rows`. To the primary.
   */
  readonly query: (text: string, values: unknown[]) => PromiseLike<unknown>;
  /**
   * Listens to a channel on a connection of its own, which is no pooler's: calls `onMessage` with each payload, and `onEnd` when the connection
   * has ended. Resolves with what stops it. Without it, states are looked at with every poll.
   */
  readonly listen?: Listen;
  /** The schema of the tables; `public` by default. */
  readonly schema?: string;
}

/** The options of `postgresqlStore`, with their defaults, as it checks them and as docs/options.md lists them. */
export const postgresqlStoreTable: OptionTable<PostgresqlStoreOptions, "schema"> = {
  query: required(aFunction),
  listen: aFunction,
  schema: orElse(aString, "public"),
};

/**
 * Keeps states and evidence in PostgreSQL 12 or later, in the tables of {@link migrations}. A state is replaced by one statement that
 * compares its id; a process's exchange is one statement. Reports are in unlogged tables: after a crash of the server they are gone, and
 * evidence is gathered anew. Its clock is the server's.
 *
 * @throws {SidelaneError} `invalid-option` when `query` or `listen` is no function
 */
export function postgresqlStore(options: PostgresqlStoreOptions): RolloutStore {
  const { query, listen, schema } = settle(checkOptions("postgresqlStore"), postgresqlStoreTable, options);
  const at = named(schema);
  const [rollouts, reports, units] = [at("sidelane_rollouts"), at("sidelane_reports"), at("sidelane_units")];
  const channel = channelOf(schema);

  async function rows(text: string, ...values: unknown[]): Promise<readonly Record<string, unknown>[]> {
    const answer = await query(text, values);
    const list: unknown = Array.isArray(answer) ? answer : (answer as { rows?: unknown } | null)?.rows;
    if (!Array.isArray(list))
      throw new TypeError("postgresqlStore: `query` must resolve with rows, or an object that has `rows`");
    return list as Record<string, unknown>[];
  }

  const lastRead = new Map<string, ReadEvidenceTexts>();

  async function exchange(given: readonly Report[]): Promise<Sync> {
    const asked = given.map((report) => ({
      ...{ experiment: escaped(report.experiment), process: escaped(report.process), epoch: report.evidenceEpoch },
      ...{
        version: escapedVersion(report.version),
        knows: report.knows ?? "",
        knows_verdict: report.knowsVerdict ?? -1,
      },
      report: rowText(report),
      units: report.units.length > 0 ? JSON.stringify(packedTables(report.units)) : undefined,
    }));
    // One statement: it has one moment, and all of it or none.
    const answer = await rows(
      `WITH given AS (
  SELECT DISTINCT ON (experiment, process) * FROM jsonb_to_recordset($1::text::jsonb) AS given (
    experiment text, process text, epoch bigint, version text, knows text, knows_verdict double precision, report text, units text
  ) ORDER BY experiment, process
), reported AS (
  INSERT INTO ${reports} (experiment, process, version, at, report)
  SELECT experiment, process, version, clock_timestamp(), report FROM given ORDER BY experiment, process
  ON CONFLICT (experiment, process) DO UPDATE SET version = excluded.version, at = excluded.at, report = excluded.report
), added AS (
  INSERT INTO ${units} (experiment, epoch, version, units)
  SELECT experiment, epoch, version, units FROM given WHERE units IS NOT NULL ORDER BY experiment, process
)
SELECT given.experiment, (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS now, kept.id,
  CASE WHEN kept.id IS DISTINCT FROM given.knows THEN kept.state END AS state,
  CASE WHEN kept.verdict_at IS DISTINCT FROM given.knows_verdict THEN kept.verdict END AS verdict,
  CASE WHEN kept.judge_until > clock_timestamp() THEN kept.judge END AS judge,
  CASE WHEN kept.version IS DISTINCT FROM given.version THEN (
    SELECT (extract(epoch FROM max(each.at)) * 1000)::double precision FROM ${reports} AS each
    WHERE each.experiment = given.experiment AND each.version IS NOT DISTINCT FROM kept.version
  ) END AS heard_at
FROM given LEFT JOIN ${rollouts} AS kept USING (experiment)`,
      JSON.stringify(asked),
    );
    const states: Record<string, SyncedState> = Object.create(null) as Record<string, SyncedState>;
    for (const row of answer) {
      const experiment = unescaped(String(row["experiment"]));
      states[experiment] = { ...states[experiment], ...answerOf(row, experiment) };
    }
    return { now: Number(answer[0]?.["now"]), states };
  }

  const store: RolloutStore = {
    async sync(given) {
      try {
        return await exchange(given);
      } catch (error) {
        if (given.length < 2 || !isOfData(error)) throw error;
        return eachAlone(given, exchange);
      }
    },
    async compareAndSet(experiment, expectedId, next) {
      const values = [
        escaped(experiment),
        next.id,
        JSON.stringify(next),
        escapedVersion(next.candidateVersion) ?? null,
      ];
      const news = newsOf(experiment, next);
      const write =
        expectedId === undefined ?
          `INSERT INTO ${rollouts} (experiment, id, state, version) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`
        : `UPDATE ${rollouts} SET id = $2, state = $3, version = $4, changed_at = clock_timestamp()
WHERE experiment = $1 AND id = $6 RETURNING 1`;
      const replaced = await rows(
        `WITH replaced AS (${write}) SELECT pg_notify('${channel}', $5) FROM replaced`,
        ...values,
        news,
        ...(expectedId === undefined ? [] : [expectedId]),
      );
      return replaced.length === 1;
    },
    async claim(experiment, process, ttlMs) {
      // The fence is a time, so that it grows over what was forgotten or lost as well.
      const [row] = await rows(
        `UPDATE ${rollouts} SET
  judge_fence = CASE WHEN judge = $2 AND judge_until > clock_timestamp() THEN judge_fence
    ELSE greatest(judge_fence + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) END,
  judge = $2, judge_until = clock_timestamp() + $3 * interval '1 millisecond'
WHERE experiment = $1 AND (judge IS NULL OR judge = $2 OR judge_until <= clock_timestamp()) RETURNING judge_fence`,
        ...[escaped(experiment), escaped(process), ttlMs],
      );
      return row && Number(row["judge_fence"]);
    },
    async collect(experiment, epoch, fence): Promise<Evidence> {
      const name = escaped(experiment);
      const [kept] = await rows(
        `SELECT kept, (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS now
FROM ${rollouts} WHERE experiment = $1 AND judge_fence = $2`,
        ...[name, fence],
      );
      if (kept === undefined) {
        lastRead.delete(experiment);
        throw oldFence(experiment);
      }
      const last = lastRead.get(experiment) ?? new ReadEvidenceTexts();
      lastRead.set(experiment, last);
      const [filed, tables] = await Promise.all([
        rows(
          `SELECT report, (extract(epoch FROM at) * 1000)::double precision AS at FROM ${reports} WHERE experiment = $1`,
          name,
        ),
        rows(`SELECT seq::text AS seq, epoch::text AS epoch, version, units FROM ${units} WHERE experiment = $1`, name),
      ]);
      const byVersion = new Map<string | undefined, ReportedUnits[]>();
      const readUnits = last.tables.all(
        tables.map(({ units: text }) => String(text)),
        tablesIn,
      ) as readonly (readonly ReportedUnits[])[];
      for (const [index, { epoch: of, version }] of tables.entries()) {
        if (Number(of) !== epoch) continue;
        const key = typeof version === "string" ? version : undefined;
        byVersion.set(key, [...(byVersion.get(key) ?? []), ...readUnits[index]!]);
      }
      const merged = [...byVersion].map(([version, of]) => ({ version, units: mergedUnits(of) }));
      // Folded: many rows into one for each version, by one statement and under the fence. Those of a later epoch are its judge's.
      const past = tables.filter(({ epoch: of }) => Number(of) <= epoch);
      if (past.length > merged.length) {
        const texts = merged.map(({ units: of }) => JSON.stringify(packedTables(of)));
        texts.forEach((text, index) => last.tables.know(text, merged[index]!.units));
        await rows(
          `WITH judge AS (SELECT 1 FROM ${rollouts} WHERE experiment = $1 AND judge_fence = $2 FOR SHARE), gone AS (
  DELETE FROM ${units} WHERE seq = ANY ($3::text[]::bigint[]) AND EXISTS (SELECT 1 FROM judge) RETURNING 1
)
INSERT INTO ${units} (experiment, epoch, version, units)
SELECT $1, $4, given.version, given.units FROM jsonb_to_recordset($5::text::jsonb) AS given (version text, units text)
WHERE EXISTS (SELECT 1 FROM gone)`,
          ...[name, fence, past.map(({ seq }) => String(seq)), epoch],
          JSON.stringify(merged.map(({ version }, index) => ({ version, units: texts[index] }))),
        );
      }
      return {
        now: Number(kept["now"]),
        reports: last.rows.all(
          filed.map((row) => `${Number(row["at"])} ${String(row["report"])}`),
          rowIn,
        ) as readonly ProcessReport[],
        units: merged.map(({ version, units: of }) => ({
          ...(version !== undefined && { version: unescaped(version) }),
          units: of,
        })),
        ...(typeof kept["kept"] === "string" && { kept: last.kept.all([kept["kept"]])[0] }),
      };
    },
    async conclude(experiment, fence, verdict, retired) {
      const name = escaped(experiment);
      const concluded = await rows(
        `WITH judged AS (
  UPDATE ${rollouts} SET verdict = $3, verdict_at = $4, kept = CASE WHEN $5::boolean THEN $6::text ELSE kept END
  WHERE experiment = $1 AND judge_fence = $2 RETURNING 1
), gone AS (
  DELETE FROM ${reports} WHERE experiment = $1 AND process = ANY ($7::text[]) AND EXISTS (SELECT 1 FROM judged)
)
SELECT 1 FROM judged`,
        ...[
          name,
          fence,
          JSON.stringify(verdict),
          verdict.at,
          retired !== undefined,
          JSON.stringify(retired?.kept ?? null),
        ],
        (retired?.processes ?? []).map(escaped),
      );
      if (concluded.length === 0) return false;
      if (retired?.through !== undefined) await forgetThrough(name, retired.through);
      return true;
    },
    async forget(experiment) {
      const name = escaped(experiment);
      lastRead.delete(experiment);
      for (const table of [rollouts, reports, units])
        await rows(`DELETE FROM ${table} WHERE experiment = $1 RETURNING 1`, name);
    },
  };

  /** Takes windows that are folded out of the tables. A row that is new meanwhile stays: the judge leaves its old windows out. */
  async function forgetThrough(name: string, through: number): Promise<void> {
    const tables = await rows(`SELECT seq::text AS seq, units FROM ${units} WHERE experiment = $1`, name);
    for (const { seq, units: text } of tables) {
      const all = tablesIn(String(text));
      const left = all.filter((each) => isTable(each) && each.window > through);
      if (all.length > 0 && left.length === all.length) continue;
      if (left.length === 0) await rows(`DELETE FROM ${units} WHERE seq = $1::text::bigint RETURNING 1`, seq);
      else
        await rows(
          `UPDATE ${units} SET units = $2 WHERE seq = $1::text::bigint RETURNING 1`,
          seq,
          JSON.stringify(packedTables(left)),
        );
    }
  }

  if (listen === undefined) return store;
  return { ...store, watch: (onChange) => watching(listen, channel, (payload) => onChange(...newsIn(payload))) };
}

function escapedVersion(version: string | undefined): string | undefined {
  return version === undefined ? undefined : escaped(version);
}

function answerOf(row: Record<string, unknown>, experiment: string): SyncedState {
  const { id, state, verdict, judge, heard_at: heardAt } = row;
  try {
    return {
      ...(id === null && { state: null }),
      ...(typeof state === "string" && {
        state: readState(json(state), `PostgreSQL, experiment ${JSON.stringify(experiment)}`),
      }),
      ...(typeof verdict === "string" && { verdict: (json(verdict) ?? {}) as FleetVerdict }),
      ...(typeof judge === "string" && { judge: unescaped(judge) }),
      ...(heardAt !== null && { presentHeardAt: Number(heardAt) }),
    };
  } catch (error) {
    // What cannot be read stops nobody else.
    return { failed: error };
  }
}
