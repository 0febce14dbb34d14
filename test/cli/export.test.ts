import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineFor } from "../../src/cli/open-engine.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { writeCorpus } from "../../src/testing/engine-corpus.ts";
import { called } from "./called.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-export-"));
const path = join(folder, "results.ndjson");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(
  () => writeCorpus([() => ndjsonPublisher({ path })], { experiments: 2, processes: 3, minutes: 2, calls: 5 }),
  60_000,
);

const json = async (...args: string[]): Promise<string> => (await called(["report", "--json", ...args])).out;

describe("sidelane export --parquet", () => {
  it("writes Parquet, of which the report is the same, as it is of a packed file and by an engine", async () => {
    const expected = await json(path);
    const parquet = join(folder, "evidence");
    const { code, err } = await called(["export", "--parquet", parquet, path]);
    expect(code).toBe(0);
    expect(err).toContain(`wrote ${parquet}; read it by sidelane report '${parquet}/**/*.parquet'`);
    expect(await json(`${parquet}/**/*.parquet`)).toBe(expected);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    expect(await json(`${path}.gz`)).toBe(expected);
    expect(await json("--engine", "duckdb", `${path}.gz`)).toBe(expected);
    const again = await called(["export", "--parquet", parquet, path]);
    expect(again).toMatchObject({ code: 2, err: `sidelane export: the folder ${parquet} is not empty\n` });
  });

  it("leaves nothing where it fails halfway, and nothing that is read where it was killed", async () => {
    // So deep that the folders within it have no room in a path.
    const parts = Array.from({ length: 19 }, () => "d".repeat(200));
    const deep = join(folder, ...parts, "e".repeat(4_010 - join(folder, ...parts).length));
    mkdirSync(deep, { recursive: true });
    const failed = await called(["export", "--parquet", deep, path]);
    expect(failed.code).toBe(2);
    expect(readdirSync(deep)).toEqual([]);
    const killed = join(folder, "killed");
    mkdirSync(join(killed, ".unfinished", "records=other"), { recursive: true });
    writeFileSync(join(killed, ".unfinished", "records=other", "a.parquet"), "PAR1");
    expect((await called(["report", `${killed}/**/*.parquet`])).err).toContain("there is no file");
    expect((await called(["export", "--parquet", killed, path])).err).toContain("is not empty");
  });

  it.each([
    [["export", path], "say where to, by --parquet <folder>"],
    [["export", "--parquet", "x", "-"], "standard input is not taken"],
    [["report", "--engine", "duckdb", "-"], "no standard input"],
    [["report", "--engine", "duckdb", "--url", "x", path], "takes no --url"],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, err } = await called(args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("says in one sentence which package it needs", async () => {
    const here = process.cwd();
    const [, started] = process.argv;
    process.chdir(folder);
    process.argv[1] = join(folder, "sidelane");
    try {
      const sentence =
        "the engine duckdb needs the package @duckdb/node-api, which is not installed here; run npm install @duckdb/node-api\n";
      expect((await called(["report", "--engine", "duckdb", path])).err).toBe(`sidelane report: ${sentence}`);
      expect((await called(["export", "--parquet", join(folder, "new"), path])).err).toBe(
        `sidelane export: ${sentence}`,
      );
      const large = { name: "a.ndjson", size: 3e9, open: () => ({}) as never };
      expect(await engineFor([large])).toBeUndefined();
    } finally {
      process.chdir(here);
      process.argv[1] = started!;
    }
  });

  it("is chosen by itself for more than 2 GB, where it is installed, and for Parquet", async () => {
    const source = (name: string, size: number | undefined) => ({ name, size, open: () => ({}) as never });
    expect(await engineFor([source("a.ndjson", 1.5e9), source("b.ndjson", 1.5e9)])).toBe("duckdb");
    expect(await engineFor([source("a.ndjson", 1.5e9)])).toBeUndefined();
    expect(await engineFor([source("a.ndjson", 1.5e9), source("standard input", undefined)])).toBeUndefined();
    expect(await engineFor([source("a.parquet", 5)])).toBe("duckdb");
  });
});
