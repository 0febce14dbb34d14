import { systemClock, type Clock } from "../../model/clock.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import {
  aClock,
  aFunction,
  oneOf,
  orElse,
  required,
  settle,
  where,
  type OptionTable,
} from "../../model/option-table.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import type { Result } from "../../model/result.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../../records/privacy-options.ts";
import { inSlices, type Steps } from "../../records/in-slices.ts";
import { OwnRecords } from "../../records/own-records.ts";
import { presentSteps } from "../../records/present.ts";
import { clickhouseMigrations } from "../../sql/clickhouse.ts";
import type { DialectName, Migration } from "../../sql/dialect.ts";
import { dialects } from "../../sql/dialects.ts";
import { minuteRowOf, type MinuteRecord } from "../../sql/minutes.ts";
import { rowsOf, type Row } from "../../sql/result-row.ts";
import { eventRowOf, tallyRowsOf } from "../../sql/tally-rows.ts";
import { causesOf, sendInHalves } from "../in-halves.ts";
import { skipCounts } from "./skips.ts";

export type { PrivacyOptions } from "../../records/privacy-options.ts";
export type { RedactOptions } from "../../records/redaction.ts";
export type { DialectName, Migration } from "../../sql/dialect.ts";

/** What `sqlPublisher` takes: a way to run statements, the dialect, and the names of the tables. */
export interface SqlPublisherOptions extends PrivacyOptions {
  /**
   * Runs one statement with its parameters; called once a batch, and for skips at most once in 10 s.
   *
   * With `pg`: `(sql, parameters) => pool.query(sql, parameters)`; with `better-sqlite3` or `node:sqlite`:
   * `(sql, parameters) => db.prepare(sql).run(...parameters)`.
   */
  readonly execute: (sql: string, parameters: string[]) => unknown;
  /** The dialect of the statements. */
  readonly dialect: DialectName;
  /** What the names of the tables start with; `sidelane_` by default. Lower-case letters, digits and underscores. */
  readonly prefix?: string;
  /** For the times of skips; the system's by default. */
  readonly clock?: Clock;
}

const defaultPrefix = "sidelane_";

/** The options of `sqlPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const sqlTable: OptionTable<SqlPublisherOptions, "prefix" | "values"> = {
  execute: required(aFunction),
  dialect: required(oneOf(...Object.keys(dialects))),
  prefix: orElse(
    where(
      "1 to 40 lower-case letters, digits or underscores",
      (got) => typeof got === "string" && /^[a-z_][a-z0-9_]{0,39}$/.test(got),
    ),
    defaultPrefix,
  ),
  clock: aClock,
  ...privacyTable,
};

/** A publisher whose tables can be kept small. */
export interface SqlPublisher extends Publisher {
  /**
   * Removes results, minutes and events that are older. Totals stay: groups, tallies, skips, counts and verdicts know of what is gone.
   *
   * @param options.olderThanDays days of 24 hours before the clock's time, 0 or more
   * @throws {SidelaneError} `invalid-option`, and whatever `execute` throws (it rejects)
   */
  prune(options: { readonly olderThanDays: number }): Promise<void>;
}

const dayMs = 86_400_000;

/**
 * Writes results, exact counts and what happens to rollouts into eight tables, made by {@link migrations}:
 *
 * - `sidelane_results`: one row a candidate of a result, with kind, signature, outcomes, durations (`_ms`, milliseconds),
 *   `started_at_ms` (milliseconds since 1970), and `detail`, JSON: the line as `ndjsonPublisher` writes it, with this one candidate
 * - `sidelane_groups`: one row a kind of mismatch: how many, the first and the last, an example
 * - `sidelane_tallies`: one row an experiment, candidate and kind: how many, and the sums of both durations
 * - `sidelane_skips`: one row an experiment and reason: how many calls ran control alone, the first and the last
 * - `sidelane_counts`: one row a process and experiment, every 60 s and at the end: calls, started, skipped, served, fell back,
 *   kinds of mismatch, and stage and share as they stand; with the results that were dropped on their way
 * - `sidelane_verdicts`: one row a process, experiment and candidate: how many of each kind, and the verdict as it stands
 * - `sidelane_minutes`: one row a tally of a process: an experiment and candidate in one minute, version, stage and share, with counts by kind,
 *   calls and skips, and `record`, the whole line as `ndjsonPublisher` writes it: `summary` makes a report of them
 * - `sidelane_events`: one row for each thing that happened to a rollout, as a process told it: from and to, who asked, and why
 *
 * The counts outlive results that you delete. A result that is written twice counts once, so that a failed batch is tried
 * again. One statement a batch (of about 1 MB at most), all or nothing, with one parameter. Skips carry no id: they are added up in memory, written
 * every 10 s, at a flush and at the end, and count again when the database wrote them and answered with an error.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example sqlPublisher({ dialect: 'postgresql', execute: (sql, parameters) => pool.query(sql, parameters) })
 */
export function sqlPublisher(options: SqlPublisherOptions): SqlPublisher {
  const { execute, dialect, prefix, clock, ...privacy } = settle(checkOptions("sqlPublisher"), sqlTable, options);
  const presentation = presentationOf(privacy, "sqlPublisher");
  const insert = dialects[dialect].insert(prefix);
  const insertSkips = dialects[dialect].insertSkips(prefix);
  const insertCounts = dialects[dialect].insertCounts(prefix);
  const insertVerdicts = dialects[dialect].insertVerdicts(prefix);
  const insertMinutes = dialects[dialect].insertMinutes(prefix);
  const insertEvent = dialects[dialect].insertEvent(prefix);
  function* storedRowsOf(result: Result): Steps<Row[]> {
    return rowsOf(yield* presentSteps(result, presentation));
  }
  const write = async (results: readonly Result[]): Promise<void> => {
    if (results.length === 0) return;
    await writeMinutes([]);
    for (const rows of parted((await inSlices(results, storedRowsOf)).flat())) await insertRows(insert, rows);
  };
  let report: (error: unknown) => void = () => undefined;

  const insertRows = (statement: string, rows: readonly object[]): Promise<void> =>
    sendInHalves(rows, (some) => execute(statement, [JSON.stringify(some)]), isAboutData, report);

  const records = new OwnRecords();
  let starts = 0;

  /** Each record as a row, with what is new about the process before it. */
  async function writeMinutes(tallies: readonly TallyRecord[]): Promise<void> {
    const news = records.news();
    // Of a start and of tallies, nothing else comes.
    const lines = [...news, ...(records.tallies(tallies) as MinuteRecord[])];
    if (lines.length === 0) return;
    const rows = lines.map((line, index) => minuteRowOf(line, starts + index));
    await insertRows(insertMinutes, rows);
    starts += news.length;
    records.told(news);
  }

  const skips = skipCounts((rows) => execute(insertSkips, [rows]), clock);
  return {
    name: "sql",
    idempotent: true,
    attach(host) {
      report = (error) => host.onFault({ operation: "publish", error });
      records.attach(host);
      skips.start(report);
    },
    publish: (result) => write([result]),
    publishBatch: write,
    async publishTally(tally) {
      const { counts, verdicts } = tallyRowsOf(tally);
      if (counts.length > 0) await insertRows(insertCounts, counts);
      if (verdicts.length > 0) await insertRows(insertVerdicts, verdicts);
      await writeMinutes([tally]);
    },
    async publishEvent(event) {
      await writeMinutes([]);
      await execute(insertEvent, [JSON.stringify([eventRowOf(records.event(event))])]);
    },
    onSkip: (experiment, reason) => skips.add(experiment, reason),
    async prune(given) {
      const check: OptionCheck = checkOptions("prune");
      check.object("options", given);
      check.known(given, ["olderThanDays"]);
      check.number("olderThanDays", given.olderThanDays);
      const before = String(Math.floor((clock ?? systemClock).now() - given.olderThanDays * dayMs));
      for (const statement of dialects[dialect].prune(prefix)) await execute(statement, [before]);
    },
    flush: () => skips.write(),
    close() {
      skips.stop();
      return skips.write();
    },
  };
}

// Writing out more than that holds the event loop for longer than a request should wait.
const mostCharacters = 1_000_000;

/** In their order, in parts that take about 1 MB at most, or one row. */
function parted(rows: readonly Row[]): Row[][] {
  const parts: Row[][] = [];
  let room = 0;
  for (const row of rows) {
    if (parts.length === 0 || room < row.detail.length) {
      parts.push([]);
      room = mostCharacters;
    }
    parts[parts.length - 1]!.push(row);
    room -= row.detail.length;
  }
  return parts;
}

/**
 * Whether a statement failed by what it should store, and not by the state of the database or of the connection. Clients that
 * wrap a driver hand its error on as `cause`; `node:sqlite` has a number beside a code that is always the same.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html: data exceptions, constraints, limits
 * @see https://www.sqlite.org/rescode.html
 */
function isAboutData(error: unknown): boolean {
  for (const { code, errcode } of causesOf(error)) {
    if (/^(?:(?:22|23|54)[0-9A-Z]{3}|SQLITE_(?:TOOBIG|CONSTRAINT|MISMATCH)\w*)$/.test(String(code))) return true;
    if (code === "ERR_SQLITE_ERROR" && sqliteData.includes(Number(errcode) & 0xff)) return true;
  }
  return false;
}

// Too big, a constraint, a mismatch.
const sqliteData: readonly number[] = [18, 19, 20];

/**
 * The statements that make the tables of {@link sqlPublisher}, or those of `clickhousePublisher`, in versions. Running all of them again does nothing.
 *
 * @param prefix what the names of the tables start with; `sidelane_` by default
 * @throws {SidelaneError} `invalid-option`
 * @example
 * for (const { statements } of migrations('sqlite')) for (const statement of statements) db.exec(statement)
 */
export function migrations(dialect: DialectName | "clickhouse", prefix: string = defaultPrefix): readonly Migration[] {
  const check: OptionCheck = checkOptions("migrations");
  sqlTable.prefix.check(check, "prefix", prefix);
  if (dialect === "clickhouse") return clickhouseMigrations(prefix);
  sqlTable.dialect.check(check, "dialect", dialect);
  return dialects[dialect].migrations(prefix);
}

/** The prefix becomes part of statements: nothing but a plain name gets there. */
