import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import { installedPackage } from "../../model/installed-package.ts";
import { parseLine } from "../../records/parse-line.ts";
import type { PresentedResult } from "../../records/record.ts";
import type { Summary } from "../summary.ts";
import {
  exportedLines,
  exportStatement,
  furthestMs,
  parsedLines,
  quoted,
  rejectedLines,
  rejectedRows,
  rowGroupSize,
} from "./duckdb-statements.ts";
import { modelOf, type EvidenceEngine, type Readings } from "./engine.ts";

/** What `duckdbEngine` takes: files, and how much memory reading them may take. */
export interface DuckdbEngineOptions {
  /** Paths of NDJSON, plain or gzip (`.gz`), or of Parquet that `sidelane export` wrote (`.parquet`); not both at once. */
  readonly files: readonly string[];
  /** How much memory DuckDB takes, in MB; by default 192 to read, and 384 to export. What does not fit goes to `temporaryFolder`. */
  readonly memoryMb?: number;
  /** Where a folder is made for what does not fit, and removed at the end; the system's by default. */
  readonly temporaryFolder?: string;
}

interface Connection {
  run(sql: string): Promise<unknown>;
  stream(sql: string): Promise<{ yieldRowsJs(): AsyncIterable<readonly (readonly unknown[])[]> }>;
  closeSync(): void;
}
interface Instance {
  connect(): Promise<Connection>;
  closeSync(): void;
}
interface Duckdb {
  readonly DuckDBInstance: { create(path: string, settings: Record<string, string>): Promise<Instance> };
}

const packageName = "@duckdb/node-api";

/** DuckDB, where it is installed. */
async function duckdb(): Promise<Duckdb | undefined> {
  return (await installedPackage([packageName])) as Duckdb | undefined;
}

/** Whether the package of DuckDB is installed here. */
export async function hasDuckdb(): Promise<boolean> {
  return (await duckdb()) !== undefined;
}

interface Opened {
  readonly connection: Connection;
  close(): void;
}

/** @throws {SidelaneError} `invalid-state` where DuckDB is not installed */
async function open({ temporaryFolder }: DuckdbEngineOptions, memoryMb: number): Promise<Opened> {
  const found = await duckdb();
  if (found === undefined) {
    throw new SidelaneError(
      "invalid-state",
      `the engine duckdb needs the package ${packageName}, which is not installed here; run npm install ${packageName}`,
    );
  }
  const [{ mkdtempSync, rmSync }, { tmpdir }, { join }] = await Promise.all([
    import("node:fs"),
    import("node:os"),
    import("node:path"),
  ]);
  const folder = mkdtempSync(join(temporaryFolder ?? tmpdir(), "sidelane-duckdb-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const instance = await found.DuckDBInstance.create(join(folder, "read.db"), {
      memory_limit: `${memoryMb}MB`,
      threads: "2",
      temp_directory: join(folder, "spilled"),
      // Nothing is fetched: JSON and Parquet are built in.
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    return {
      connection,
      close() {
        connection.closeSync();
        instance.closeSync();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function areExported(files: readonly string[]): boolean {
  return files.every((file) => file.endsWith(".parquet"));
}

function checkFiles(place: string, options: DuckdbEngineOptions): void {
  const check: OptionCheck = checkOptions(place);
  check.object("options", options);
  check.known(options, ["files", "memoryMb", "temporaryFolder"]);
  const { files, memoryMb, temporaryFolder }: DuckdbEngineOptions = options;
  if (!Array.isArray(files) || files.length === 0) check.fail("files", "at least one path", files);
  files.forEach((file: unknown, index) => check.text(`files[${index}]`, file));
  if (temporaryFolder !== undefined) check.text("temporaryFolder", temporaryFolder);
  if (!areExported(files) && files.some((file: string) => file.endsWith(".parquet"))) {
    check.fail("files", "either all of Parquet, or none", files);
  }
  if (memoryMb !== undefined) check.number("memoryMb", memoryMb, { min: 64, max: 1_000_000 });
}

/**
 * Reports from files by DuckDB, in as much memory as it is allowed, whatever their size: results are looked at by columns, and only few
 * of them reach JavaScript. Needs the package `@duckdb/node-api`.
 *
 * @throws {SidelaneError} `invalid-option`; `summary` rejects with `invalid-state` where DuckDB is not installed
 * @example const model = await duckdbEngine({ files: ['results.ndjson'] }).summary()
 */
export function duckdbEngine(options: DuckdbEngineOptions): EvidenceEngine {
  checkFiles("duckdbEngine", options);
  return {
    async summary(query) {
      const opened = await open(options, options.memoryMb ?? 192);
      try {
        return await modelOf(await readingsOf(opened.connection, options.files), query);
      } finally {
        opened.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

/** In it is what an export has not finished: nothing in a folder of that name is a record yet. */
export const unfinishedFolder = ".unfinished";

/** Has a folder filled, all at once or not at all: in one within it first, which is left behind only where the process is killed. */
async function filled(folder: string, fill: (unfinished: string) => Promise<void>): Promise<void> {
  const [{ mkdirSync, readdirSync, renameSync, rmSync }, { join }] = await Promise.all([
    import("node:fs"),
    import("node:path"),
  ]);
  const unfinished = join(folder, unfinishedFolder);
  mkdirSync(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    for (const each of readdirSync(unfinished)) renameSync(join(unfinished, each), join(folder, each));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * Writes the records of NDJSON files to Parquet, in folders by experiment and day, of which {@link duckdbEngine} makes the same report.
 *
 * @param folder is made; where it is there, it has to be empty
 * @throws {SidelaneError} `invalid-option`, and `invalid-state` where DuckDB is not installed (it rejects)
 */
export async function exportParquet(folder: string, options: DuckdbEngineOptions): Promise<void> {
  checkFiles("exportParquet", options);
  if (areExported(options.files)) checkOptions("exportParquet").fail("files", "NDJSON", options.files);
  checkOptions("exportParquet").text("folder", folder);
  const opened = await open(options, options.memoryMb ?? 384);
  try {
    // Nothing is asked of the order of lines in these files, and keeping it would take memory.
    await opened.connection.run("SET preserve_insertion_order = false");
    // Each thread holds a part of every file that is written.
    await opened.connection.run("SET threads = 1");
    // As many as a row group has: more would wait in memory, for each folder and thread.
    await opened.connection.run(`SET partitioned_write_flush_threshold = ${rowGroupSize}`);
    await filled(folder, async (unfinished) => {
      await opened.connection.run(exportStatement(parsedLines(options.files), unfinished));
      await opened.connection.run(exportStatement(rejectedRows, unfinished));
    });
  } finally {
    opened.close();
  }
}

function inReach(ms: number): number {
  return Math.round(Math.min(Math.max(ms, -furthestMs), furthestMs));
}

async function readingsOf(connection: Connection, files: readonly string[]): Promise<Readings> {
  const isExported = areExported(files);
  const source = isExported ? exportedLines(files) : parsedLines(files);
  async function* rows(sql: string): AsyncGenerator<readonly (readonly unknown[])[]> {
    yield* (await connection.stream(sql)).yieldRowsJs();
  }
  // Parquet is asked for columns as they are needed. Of text one pass finds them, into a table: packing it would take longer than it saves.
  await connection.run(
    isExported ?
      `CREATE TEMP VIEW seen AS ${source}`
    : `SET force_compression = 'uncompressed'; CREATE TABLE seen AS SELECT * REPLACE (CASE WHEN id = '' THEN line END AS line) FROM (${source})`,
  );
  const inOrder = isExported ? "file_index, file_row_number" : "rowid";
  let examples: PresentedResult[] = [];

  async function tell(summary: Summary): Promise<void> {
    const told = summary
      .processesTold()
      .map((process) => `(${quoted(process)}, ${inReach(summary.toldUntil(process))}::BIGINT)`);
    await connection.run("CREATE OR REPLACE TEMP TABLE told (process VARCHAR, until_ms BIGINT)");
    for (let at = 0; at < told.length; at += 1_000) {
      await connection.run(`INSERT INTO told VALUES ${told.slice(at, at + 1_000).join(", ")}`);
    }
  }

  const number = async (sql: string): Promise<readonly unknown[]> => {
    for await (const [row] of rows(sql)) if (row !== undefined) return row;
    return [];
  };

  return {
    async *others() {
      for await (const page of rows(`SELECT line FROM seen WHERE id = '' ORDER BY ${inOrder}`)) {
        yield page.map(([line]) => String(line));
      }
      if (isExported) return;
      for await (const page of rows(rejectedLines)) yield page.map(([line]) => String(line));
    },
    async *untold(since, summary) {
      examples = [];
      await tell(summary);
      await connection.run(`CREATE OR REPLACE TEMP TABLE wanted AS
SELECT id, at_ms FROM seen WHERE id <> '' AND at_ms >= ${since} AND (process IS NULL OR process NOT IN (SELECT process FROM told))
UNION SELECT id, at_ms FROM (
  SELECT id, at_ms, dense_rank() OVER (PARTITION BY experiment, m.name, m.signature ORDER BY at_ms, id) AS place
  FROM (SELECT id, at_ms, experiment, unnest(mismatches) AS m FROM seen WHERE id <> '' AND at_ms >= ${since})
) WHERE place <= 3`);
      const [wanted] = await number("SELECT count(*) FROM wanted");
      if (Number(wanted) === 0) return;
      // By their time as well: Parquet knows of each part of a file from when it is.
      const found = rows(
        isExported ?
          "SELECT line FROM seen SEMI JOIN wanted USING (id, at_ms) ORDER BY process, length(id), id"
        : `SELECT line FROM (${source}) WHERE id IN (SELECT id FROM wanted)`,
      );
      for await (const page of found) {
        const results = page.flatMap(([line]) => (parseLine(String(line)).record ?? []) as PresentedResult);
        yield results.filter(({ process }) => process === undefined || !summary.hasTold(process));
        examples.push(...results.filter(({ process }) => process !== undefined && summary.hasTold(process)));
      }
    },
    async span(since) {
      const [from, to] = await number(`SELECT min(at_ms), max(at_ms) FROM seen WHERE at_ms >= ${since}`);
      return from === null || from === undefined ? undefined : { from: Number(from), to: Number(to) };
    },
    async uncounted(since) {
      const late = new Map<string, number>();
      const found = rows(`SELECT seen.process, count(DISTINCT id) FROM seen JOIN told USING (process)
WHERE weight > 0 AND at_ms > until_ms AND at_ms >= ${since} GROUP BY seen.process`);
      for await (const page of found) for (const [process, results] of page) late.set(String(process), Number(results));
      return late;
    },
    async *examples() {
      yield await Promise.resolve(examples);
    },
  };
}
