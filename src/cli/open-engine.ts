import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installedPackage } from "../model/installed-package.ts";
import { SidelaneError } from "../model/errors.ts";
import { visible } from "../model/visible-text.ts";
import { clickhouseEngine, type ClickhouseReader } from "../report/engines/clickhouse.ts";
import { duckdbEngine, hasDuckdb } from "../report/engines/duckdb.ts";
import type { EngineQuery, EvidenceEngine } from "../report/engines/engine.ts";
import { sqlEngine } from "../report/engines/sql.ts";
import type { ReportModel } from "../report/model.ts";
import { UsageError } from "./arguments.ts";
import type { Source } from "./sources.ts";

/** The engines that `--engine` names. */
export const engineNames = ["duckdb", "sqlite", "postgresql", "clickhouse"] as const;

type OpenEngine = (url: string | undefined, files: readonly string[]) => Promise<EvidenceEngine>;

const engines: Readonly<Record<(typeof engineNames)[number], OpenEngine>> = {
  duckdb: openDuckdb,
  sqlite: openSqlite,
  postgresql: openPostgresql,
  clickhouse: openClickhouse,
};

/** One report by an engine, which is closed then. */
export interface ChosenEngine {
  summary(query: EngineQuery): Promise<ReportModel>;
}

/**
 * The engine that was chosen; `undefined` where none was.
 *
 * @throws {UsageError} where it is none of those, its address is missing or is none, its driver is not installed, or it cannot be read
 */
export function openEngine(
  name: string | undefined,
  url: string | undefined,
  files: readonly string[],
): ChosenEngine | undefined {
  if (name === undefined) {
    if (url !== undefined) throw new UsageError("sidelane report: --url goes with --engine");
    return undefined;
  }
  if (!isEngine(name)) {
    throw new UsageError(`sidelane report: --engine takes ${engineNames.join(", ")}; got ${visible(name)}`);
  }
  if (name !== "duckdb" && files.length > 0)
    throw new UsageError(`sidelane report: --engine ${name} reads tables, and no files`);
  return {
    async summary(query) {
      try {
        const engine = await engines[name](url, files);
        try {
          return await engine.summary(query);
        } finally {
          await engine.close();
        }
      } catch (error) {
        if (error instanceof UsageError) throw error;
        if (error instanceof SidelaneError) throw new UsageError(`sidelane report: ${error.message}`);
        throw new UsageError(`sidelane report: ${name} cannot be read: ${messageOf(error, url)}`);
      }
    },
  };
}

function isEngine(name: string): name is (typeof engineNames)[number] {
  return (engineNames as readonly string[]).includes(name);
}

// What is read in a minute or so without an engine.
const largeBytes = 2_000_000_000;

/**
 * The engine for files that nobody chose one for: DuckDB where they are Parquet, or of more than 2 GB and it is installed.
 *
 * @returns `undefined` where they are read without one
 */
export async function engineFor(sources: readonly Source[]): Promise<"duckdb" | undefined> {
  if (sources.some(({ name }) => name.endsWith(".parquet"))) return "duckdb";
  const sizes = sources.map(({ size }) => size ?? -Infinity);
  return sizes.reduce((sum, size) => sum + size, 0) > largeBytes && (await hasDuckdb()) ? "duckdb" : undefined;
}

function openDuckdb(url: string | undefined, files: readonly string[]): Promise<EvidenceEngine> {
  if (url !== undefined) throw new UsageError("sidelane report: --engine duckdb reads files, and takes no --url");
  if (files.includes("-")) throw new UsageError("sidelane report: --engine duckdb reads files, and no standard input");
  return Promise.resolve(duckdbEngine({ files }));
}

interface PgPool {
  query(text: string, values: unknown[]): Promise<{ readonly rows: object[] }>;
  on(event: "error", listener: () => void): unknown;
  end(): Promise<void>;
}

async function openPostgresql(address: string | undefined): Promise<EvidenceEngine> {
  if (address === undefined || !/^postgres(?:ql)?:\/\//i.test(address) || !URL.canParse(address)) {
    throw new UsageError("sidelane report: --engine postgresql needs --url postgres://user@host/database");
  }
  const url = new URL(address);
  const prefix = url.searchParams.get("prefix") ?? undefined;
  url.searchParams.delete("prefix");
  const { Pool } = (await driver("postgresql", ["pg"])) as { Pool: new (options: object) => PgPool };
  const pool = new Pool({ connectionString: url.href, max: 1, connectionTimeoutMillis: 5_000 });
  pool.on("error", () => undefined);
  const engine = sqlEngine({
    dialect: "postgresql",
    query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
    ...(prefix !== undefined && { prefix }),
  });
  return { ...engine, close: () => pool.end() };
}

async function openClickhouse(address: string | undefined): Promise<EvidenceEngine> {
  if (address === undefined || !/^https?:\/\//i.test(address) || !URL.canParse(address)) {
    throw new UsageError("sidelane report: --engine clickhouse needs --url http://user:password@host:8123/database");
  }
  const url = new URL(address);
  const prefix = url.searchParams.get("prefix") ?? undefined;
  url.searchParams.delete("prefix");
  const { createClient } = (await driver("clickhouse", ["@clickhouse/client"])) as {
    createClient: (options: object) => ClickhouseReader & { close(): Promise<void> };
  };
  const client = createClient({ url: url.href, request_timeout: 600_000 });
  const engine = clickhouseEngine({ client, ...(prefix !== undefined && { prefix }) });
  return { ...engine, close: () => client.close() };
}

/** As `better-sqlite3`, `node:sqlite` and `node-sqlite3-wasm` have it. */
interface SqliteDatabase {
  prepare(sql: string): { all(...parameters: unknown[]): object[] };
  close(): void;
}
type SqliteClass = new (path: string, options: object) => SqliteDatabase;

async function openSqlite(address: string | undefined): Promise<EvidenceEngine> {
  if (address === undefined) throw new UsageError("sidelane report: --engine sqlite needs --url <file>");
  const [place = "", query = ""] = address.split("?");
  const path =
    /^file:\/\//i.test(place) ? fileURLToPath(place)
    : /^file:/i.test(place) ? place.slice(5)
    : place;
  if (!existsSync(path)) throw new UsageError(`sidelane report: there is no file ${visible(path)}`);
  const prefix = new URLSearchParams(query).get("prefix") ?? undefined;
  const { database, all } = await sqliteAt(path);
  const engine = sqlEngine({ dialect: "sqlite", query: all, ...(prefix !== undefined && { prefix }) });
  return {
    ...engine,
    async close() {
      await Promise.resolve();
      database.close();
    },
  };
}

async function sqliteAt(
  path: string,
): Promise<{ database: SqliteDatabase; all: (sql: string, parameters: string[]) => object[] }> {
  // What Node has itself since version 22.
  const own: unknown = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.("node:sqlite");
  if (own) {
    const database = new (own as { DatabaseSync: SqliteClass }).DatabaseSync(path, { readOnly: true });
    return { database, all: (sql, parameters) => database.prepare(sql).all(...parameters) };
  }
  const found = (await driver("sqlite", ["better-sqlite3", "node-sqlite3-wasm"])) as {
    readonly default?: SqliteClass;
    readonly Database?: SqliteClass;
  };
  if (found.Database !== undefined) {
    const database = new found.Database(path, { readOnly: true });
    return { database, all: (sql, parameters) => database.prepare(sql).all(parameters) };
  }
  const database = new found.default!(path, { readonly: true });
  return { database, all: (sql, parameters) => database.prepare(sql).all(...parameters) };
}

/** @throws {UsageError} where none of these packages is installed */
async function driver(engine: string, names: readonly string[]): Promise<unknown> {
  const found = await installedPackage(names);
  if (found !== undefined) return found;
  throw new UsageError(
    `sidelane report: --engine ${engine} needs the package ${names[0]}, which is not installed here; run npm install ${names[0]}`,
  );
}

/** What a driver says, without the password of the address. */
function messageOf(error: unknown, address: string = ""): string {
  const { message = String(error), code } = (error ?? {}) as { message?: string; code?: string };
  const [, password] = /:\/\/[^@/]*?:([^@/]*)@/.exec(address) ?? [];
  const text = message === "" ? (code ?? "unknown") : message;
  return password ? text.replaceAll(password, "…") : text;
}
