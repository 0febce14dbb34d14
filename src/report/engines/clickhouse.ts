import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { parseLine } from "../../records/parse-line.ts";
import type { PresentedResult } from "../../records/record.ts";
import { modelOf, type EvidenceEngine, type Readings } from "./engine.ts";

/** The part of a client of `@clickhouse/client` that is used. */
export interface ClickhouseReader {
  query(request: {
    query: string;
    format: "JSONEachRow";
  }): PromiseLike<{ stream(): AsyncIterable<readonly { json(): unknown }[]> }>;
}

/** What `clickhouseEngine` takes: a client, and the prefix of the tables. */
export interface ClickhouseEngineOptions {
  readonly client: ClickhouseReader;
  /** As `clickhousePublisher` has it; `sidelane_` by default. */
  readonly prefix?: string;
}

type Row = Readonly<Record<string, string>>;

/**
 * Reports from the tables that `clickhousePublisher` writes. Results are looked at by the server; counts, and few results, come here.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example const model = await clickhouseEngine({ client: createClient({ url: 'http://localhost:8123' }) }).summary()
 */
export function clickhouseEngine(options: ClickhouseEngineOptions): EvidenceEngine {
  const check: OptionCheck = checkOptions("clickhouseEngine");
  check.object("options", options);
  check.known(options, ["client", "prefix"]);
  const { client, prefix = "sidelane_" }: ClickhouseEngineOptions = options;
  if (typeof client?.query !== "function") check.fail("client", "a client with `query`", client);
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix)) {
    check.fail("prefix", "1 to 40 lower-case letters, digits or underscores", prefix);
  }
  async function* rows(query: string): AsyncGenerator<readonly Row[]> {
    const answer = await client.query({ query, format: "JSONEachRow" });
    for await (const page of answer.stream()) yield page.map((row) => row.json() as Row);
  }
  return { summary: (asked) => modelOf(readingsOf(prefix, rows), asked), close: () => Promise.resolve() };
}

function readingsOf(prefix: string, rows: (query: string) => AsyncIterable<readonly Row[]>): Readings {
  const told = (since: number): string =>
    `SELECT process, max(to_ms) AS told_ms FROM ${prefix}tallies WHERE type = 'tally' AND to_ms >= ${since} GROUP BY process`;
  async function* results(query: string): AsyncGenerator<readonly PresentedResult[]> {
    for await (const page of rows(query)) {
      yield page.flatMap(({ line }) => (parseLine(line!).record ?? []) as PresentedResult);
    }
  }
  return {
    async *others() {
      for (const query of [
        `SELECT record FROM ${prefix}tallies ORDER BY process, n, type`,
        `SELECT record FROM ${prefix}events ORDER BY at_ms`,
      ]) {
        for await (const page of rows(query)) yield page.map(({ record }) => record!);
      }
    },
    untold: (since) =>
      results(`SELECT line FROM ${prefix}results
WHERE line != '' AND started_at_ms >= ${since} AND process NOT IN (SELECT process FROM (${told(since)}))
ORDER BY process, length(id), id`),
    async span(since) {
      const query = `SELECT toString(min(started_at_ms)) AS first_ms, toString(max(started_at_ms)) AS last_ms, toString(count()) AS total
FROM ${prefix}results WHERE started_at_ms >= ${since}`;
      for await (const [row] of rows(query)) {
        if (row !== undefined && row["total"] !== "0") {
          return { from: Number(row["first_ms"]), to: Number(row["last_ms"]) };
        }
      }
      return undefined;
    },
    async uncounted(since) {
      const query = `SELECT process, toString(uniqExact(id)) AS results FROM ${prefix}results AS results
INNER JOIN (${told(since)}) AS told USING (process)
WHERE weight > 0 AND started_at_ms > told_ms AND started_at_ms >= ${since} GROUP BY process`;
      const late = new Map<string, number>();
      for await (const page of rows(query)) for (const row of page) late.set(row["process"]!, Number(row["results"]));
      return late;
    },
    examples: (since) =>
      results(`SELECT line FROM ${prefix}results WHERE line != '' AND id IN (
  SELECT id FROM (
    SELECT id, dense_rank() OVER (PARTITION BY experiment, candidate, signature ORDER BY started_at_ms, id) AS place
    FROM ${prefix}results WHERE kind = 'mismatch' AND signature != '' AND started_at_ms >= ${since}
  ) WHERE place <= 3
)
ORDER BY started_at_ms, id`),
  };
}
