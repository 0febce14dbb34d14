import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import type { PresentedResult } from "../../records/record.ts";
import type { DialectName, ReadingStatements } from "../../sql/dialect.ts";
import { dialects } from "../../sql/dialects.ts";
import { resultOf } from "../../sql/result-row.ts";
import { modelOf, type EvidenceEngine, type Readings } from "./engine.ts";

/** What `sqlEngine` takes: a way to run statements, and the names of the tables. */
export interface SqlEngineOptions {
  /**
   * Runs one statement with its parameters, and returns its rows as objects by column.
   *
   * With `pg`: `async (sql, parameters) => (await pool.query(sql, parameters)).rows`; with `better-sqlite3` or `node:sqlite`:
   * `(sql, parameters) => db.prepare(sql).all(...parameters)`.
   */
  readonly query: (sql: string, parameters: string[]) => Rows | PromiseLike<Rows>;
  readonly dialect: DialectName;
  /** As `sqlPublisher` has it; `sidelane_` by default. */
  readonly prefix?: string;
}

type Rows = readonly object[];
type Row = Readonly<Record<string, string | null>>;

/**
 * Reports from the tables that `sqlPublisher` writes, in PostgreSQL or SQLite: enough to some 10⁸ results. Counts are read from
 * `minutes`, in pages of 500; of results only examples, and those of processes that told no counts.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example const model = await sqlEngine({ dialect: 'postgresql', query: async (...of) => (await pool.query(...of)).rows }).summary()
 */
export function sqlEngine(options: SqlEngineOptions): EvidenceEngine {
  const check: OptionCheck = checkOptions("sqlEngine");
  check.object("options", options);
  check.known(options, ["query", "dialect", "prefix"]);
  const { query, dialect, prefix = "sidelane_" }: SqlEngineOptions = options;
  if (typeof query !== "function") check.fail("query", "a function", query);
  if (!Object.hasOwn(dialects, dialect)) check.fail("dialect", `one of ${Object.keys(dialects).join(", ")}`, dialect);
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(prefix)) {
    check.fail("prefix", "1 to 40 lower-case letters, digits or underscores", prefix);
  }
  const statements = dialects[dialect].reading(prefix);
  const rows = async (sql: string, ...parameters: (string | number)[]): Promise<readonly Row[]> =>
    (await query(sql, parameters.map(String))) as readonly Row[];
  return { summary: (asked) => modelOf(readingsOf(statements, rows), asked), close: () => Promise.resolve() };
}

function readingsOf(
  statements: ReadingStatements,
  rows: (sql: string, ...parameters: (string | number)[]) => Promise<readonly Row[]>,
): Readings {
  return {
    async *others() {
      let behind: readonly (string | number)[] = ["", -1, ""];
      for (;;) {
        const page = await rows(statements.minutes, ...behind);
        yield page.map(({ record }) => record!);
        const last = page.at(-1);
        if (last === undefined) break;
        behind = [last["process"]!, last["number"]!, last["type"]!];
      }
      yield (await rows(statements.events)).map(({ record }) => record!);
    },
    async *untold(since) {
      yield resultsOf(await rows(statements.untold, since, since));
    },
    async span(since) {
      const [row] = await rows(statements.span, since);
      if (row === undefined || row["first_ms"] === null) return undefined;
      return { from: Number(row["first_ms"]), to: Number(row["last_ms"]) };
    },
    async uncounted(since) {
      const late = await rows(statements.uncounted, since, since);
      return new Map(late.map(({ process, results }) => [process!, Number(results)]));
    },
    async *examples(since) {
      yield resultsOf(await rows(statements.examples, since));
    },
  };
}

/** Rows of one result stand behind each other. */
function resultsOf(rows: readonly Row[]): PresentedResult[] {
  const details = new Map<string, string[]>();
  for (const row of rows) {
    const id = row["result_id"]!;
    const known = details.get(id);
    if (known === undefined) details.set(id, [row["detail"]!]);
    else known.push(row["detail"]!);
  }
  return [...details.values()].map(resultOf);
}
