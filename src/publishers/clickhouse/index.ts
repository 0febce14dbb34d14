import { checkOptions } from "../../model/check-options.ts";
import { systemClock, type Clock } from "../../model/clock.ts";
import { aClock, orElse, required, settle, where, withMethods, type OptionTable } from "../../model/option-table.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { Result } from "../../model/result.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import { inSlices, type Steps } from "../../records/in-slices.ts";
import { OwnRecords } from "../../records/own-records.ts";
import { presentSteps } from "../../records/present.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../../records/privacy-options.ts";
import {
  clickhouseEventRow,
  clickhouseResultRows,
  clickhouseTallyRow,
  type ClickhouseRow,
} from "../../sql/clickhouse.ts";
import type { MinuteRecord } from "../../sql/minutes.ts";
import { InsertQueue } from "./insert-queue.ts";

export type { PrivacyOptions } from "../../records/privacy-options.ts";
export type { RedactOptions } from "../../records/redaction.ts";

/** The part of a client of `@clickhouse/client` that is used. */
export interface ClickhouseInserter {
  insert(request: {
    table: string;
    values: readonly object[];
    format: "JSONEachRow";
    clickhouse_settings: Record<string, string | number>;
  }): PromiseLike<unknown>;
}

/** What `clickhousePublisher` takes: a client, and the names of the tables. */
export interface ClickhousePublisherOptions extends PrivacyOptions {
  /** A client of `@clickhouse/client`, or what inserts as it does. */
  readonly client: ClickhouseInserter;
  /** What the names of the tables start with; `sidelane_` by default. Lower-case letters, digits and underscores. */
  readonly prefix?: string;
  /** How many rows wait at most while the server is slow or down; 50 000 by default. */
  readonly maxRows?: number;
  /** When rows are written, and tried again; the system's by default. */
  readonly clock?: Clock;
}

/** The options of `clickhousePublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const clickhouseTable: OptionTable<ClickhousePublisherOptions, "prefix" | "maxRows" | "values"> = {
  client: required(withMethods("a client", "insert")),
  prefix: orElse(
    where(
      "1 to 40 lower-case letters, digits or underscores",
      (got) => typeof got === "string" && /^[a-z_][a-z0-9_]{0,39}$/.test(got),
    ),
    "sidelane_",
  ),
  maxRows: orElse(
    where("a whole number of at least 1 000", (got) => Number.isInteger(got) && (got as number) >= 1_000),
    50_000,
  ),
  clock: aClock,
  ...privacyTable,
};

/**
 * Writes results, exact counts and events to ClickHouse, into the tables that `migrations("clickhouse")` of `sidelane/publishers/sql` makes: up
 * to 5 000 rows at once, or those of a second. An insert that fails is tried again as it was, under the same
 * `insert_deduplication_token`, after 1 s and at most a minute, so that it counts once; a row that the server refuses is
 * found by halves and lost alone, and a fault says so. While `maxRows` wait no more are taken: the
 * laboratory keeps and counts them as with any publisher that fails. `flush()` and `close()` insert what waits.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://clickhouse.com/docs/guides/developer/deduplicating-inserts-on-retries
 * @example clickhousePublisher({ client: createClient({ url: 'http://localhost:8123' }) })
 */
export function clickhousePublisher(options: ClickhousePublisherOptions): Publisher {
  const { client, prefix, maxRows, clock, ...privacy } = settle(
    checkOptions("clickhousePublisher"),
    clickhouseTable,
    options,
  );
  const presentation = presentationOf(privacy, "clickhousePublisher");
  const queue = new InsertQueue(
    ({ table, rows, token }) =>
      client.insert({
        ...{ table: prefix + table, values: rows, format: "JSONEachRow" },
        clickhouse_settings: {
          insert_deduplication_token: token,
          insert_deduplicate: 1,
          async_insert: 0,
          // A column that was added to a table has its default; what a table has no column for is left out.
          input_format_skip_unknown_fields: 1,
        },
      }),
    clock ?? systemClock,
    maxRows,
  );

  function* stored(result: Result): Steps<ClickhouseRow[]> {
    return clickhouseResultRows(yield* presentSteps(result, presentation));
  }
  const write = async (results: readonly Result[]): Promise<void> => {
    const rows = (await inSlices(results, stored)).flat();
    if (rows.length === 0) return;
    writeTallies([]);
    queue.add("results", rows);
  };

  const records = new OwnRecords();
  let starts = 0;
  function writeTallies(tallies: readonly TallyRecord[]): void {
    const news = records.news();
    // Of a start and of tallies, nothing else comes.
    const lines = [...news, ...(records.tallies(tallies) as MinuteRecord[])];
    if (lines.length === 0) return;
    queue.add(
      "tallies",
      lines.map((line, index) => clickhouseTallyRow(line, starts + index)),
    );
    starts += news.length;
    records.told(news);
  }

  return {
    name: "clickhouse",
    idempotent: true,
    attach(host) {
      queue.onFault = (error) => host.onFault({ operation: "publish", error });
      records.attach(host);
    },
    publish: (result) => write([result]),
    publishBatch: write,
    publishTally: (tally) => writeTallies([tally]),
    publishTallyBatch: writeTallies,
    publishEvent(event) {
      writeTallies([]);
      queue.add("events", [clickhouseEventRow(records.event(event))]);
    },
    flush: () => queue.flush(),
    async close() {
      try {
        await queue.flush();
      } catch (error) {
        throw new Error(`ClickHouse did not take ${queue.rows} rows that waited for it`, { cause: error });
      } finally {
        queue.stop();
      }
    },
  };
}
