import { createRequire } from "node:module";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickhouseInserter } from "../../src/publishers/clickhouse/index.ts";
import type { ClickhouseReader } from "../../src/report/index.ts";

/** A ClickHouse to test with, as a client of `@clickhouse/client` has it. */
export interface RealClickhouse extends ClickhouseInserter, ClickhouseReader {
  readonly about: string;
  run(statement: string): Promise<string>;
}

interface Chdb {
  readonly Session: new (folder: string) => { query(sql: string, format?: string): string };
}

type Run = (statement: string) => Promise<string>;

/** As `@clickhouse/client` has errors of the server: with their number. */
function coded(run: Run): Run {
  return async (statement) => {
    try {
      return await run(statement);
    } catch (error) {
      const [, code] = /Code: (\d+)\./.exec(String(error)) ?? [];
      throw code === undefined ? error : Object.assign(new Error(String(error)), { code });
    }
  };
}

/** Runs statements on the server of `CLICKHOUSE_URL`. */
function onServer(url: string): Run {
  return async (statement) => {
    const answer = await fetch(url, { method: "POST", body: statement });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  };
}

/** Runs statements in this process, where the package `chdb` is: in the folder `CHDB`, or here. */
function embedded(): Run | undefined {
  const places = [process.env["CHDB"], process.cwd()].filter((each) => each !== undefined);
  for (const place of places) {
    try {
      const { Session } = createRequire(join(place, "package.json"))("chdb") as Chdb;
      const session = new Session(mkdtempSync(join(tmpdir(), "sidelane-chdb-")));
      return (statement) => Promise.resolve().then(() => session.query(statement));
    } catch {
      continue;
    }
  }
  return undefined;
}

function opened(): RealClickhouse | undefined {
  const url = process.env["CLICKHOUSE_URL"];
  const plain = url === undefined ? embedded() : onServer(url);
  if (plain === undefined) return undefined;
  const run = coded(plain);
  return {
    about: url === undefined ? "chdb" : "CLICKHOUSE_URL",
    run,
    insert({ table, values, clickhouse_settings }) {
      const settings = Object.entries(clickhouse_settings).map(([name, value]) => `${name} = '${value}'`);
      const rows = values.map((value) => JSON.stringify(value)).join("\n");
      return run(`INSERT INTO ${table} SETTINGS ${settings.join(", ")} FORMAT JSONEachRow ${rows}`);
    },
    async query({ query }) {
      const text = await run(`${query} FORMAT JSONEachRow`);
      const rows = text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => ({ json: () => JSON.parse(line) as unknown }));
      return {
        async *stream() {
          yield await Promise.resolve(rows);
        },
      };
    },
  };
}

export const clickhouse: RealClickhouse | undefined = opened();

/** Why there is none, where there is none. */
export const withoutClickhouse =
  "neither CLICKHOUSE_URL nor the package chdb is there; npm run proof:clickhouse fetches it";
