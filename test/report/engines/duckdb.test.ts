import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ndjsonPublisher } from "../../../src/publishers/ndjson/index.ts";
import { duckdbEngine, exportParquet } from "../../../src/report/index.ts";
import { testEngine, type OpenedEngine } from "../../../src/testing/test-engine.ts";

const size = { experiments: 5, processes: 6, minutes: 5, calls: 12 };

/** Files that a publisher writes, which are read as `made` makes them. */
function openFiles(made: (path: string, folder: string) => Promise<readonly string[]> | readonly string[]) {
  return (): OpenedEngine => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-duckdb-test-"));
    const path = join(folder, "results.ndjson");
    writeFileSync(path, "");
    return {
      publisher: () => ndjsonPublisher({ path, perMinute: Infinity }),
      append: (text) => appendFileSync(path, text),
      engine: async () => duckdbEngine({ files: await made(path, folder) }),
      cleanUp: () => rmSync(folder, { recursive: true, force: true }),
    };
  };
}

testEngine(
  "DuckDB over NDJSON",
  openFiles((path) => [path]),
  { describe, it },
  { size },
);

testEngine(
  "DuckDB over gzip",
  openFiles((path) => {
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    return [`${path}.gz`];
  }),
  { describe, it },
  { size },
);

testEngine(
  "DuckDB over Parquet",
  openFiles(async (path, folder) => {
    const exported = join(folder, "parquet");
    await exportParquet(exported, { files: [path] });
    const files = readdirSync(exported, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".parquet"))
      .map((name) => join(exported, name));
    // Of nothing there is no file.
    return files.length === 0 ? [path] : files;
  }),
  { describe, it },
  { size },
);

describe("duckdbEngine", () => {
  it.each([
    [{ files: [] }, /expected `files` to be at least one path/],
    [{ files: ["a.parquet", "b.ndjson"] }, /expected `files` to be either all of Parquet, or none/],
    [{ files: ["a.ndjson"], memoryMb: 1 }, /expected `memoryMb`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => duckdbEngine(options)).toThrow(message);
  });
});
