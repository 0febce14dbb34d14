import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import { ndjsonPublisher } from "../../../src/publishers/ndjson/index.ts";
import { duckdbEngine, exportParquet, summary } from "../../../src/report/index.ts";
import { keptText } from "../../../src/testing/kept-text.ts";
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
    [{ files: ["a.ndjson"], memoryMb: Infinity }, /expected `memoryMb` to be a number from 64 to 1000000/],
    [{ files: ["a.ndjson", 5] }, /expected `files\[1\]` to be a non-empty string/],
    [{ files: ["a.ndjson"], temporaryFolder: 5 }, /expected `temporaryFolder`/],
    [{ files: ["a.ndjson"], memory: 100 }, /unknown option `memory`/],
    [undefined, /expected `options` to be an object/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => duckdbEngine(options as never)).toThrow(message);
  });

  it.each(["a[1].ndjson", "a*.ndjson", "a?.ndjson", "it's [*].ndjson"])(
    "reads the file %s, and none that a pattern of that name would match",
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), "sidelane-duckdb-test-"));
      const [path, other] = [join(folder, name), join(folder, "a1.ndjson")];
      const written: string[] = [];
      const lab = new Laboratory({ publishers: [ndjsonPublisher({ stream: keptText(written) })] });
      lab.experiment("price", { control: () => 1, candidate: () => 2 })();
      await lab.close();
      writeFileSync(path, written.join(""));
      writeFileSync(other, "torn\ntorn\n");
      const report = JSON.stringify(await duckdbEngine({ files: [path] }).summary());
      expect(report).toBe(JSON.stringify(await summary(path)));
      await exportParquet(join(folder, "[out]"), { files: [path] });
      const files = readdirSync(join(folder, "[out]"), { recursive: true, encoding: "utf8" })
        .filter((each) => each.endsWith(".parquet"))
        .map((each) => join(folder, "[out]", each));
      expect(JSON.stringify(await duckdbEngine({ files }).summary())).toBe(report);
      rmSync(folder, { recursive: true });
    },
  );

  const odd: readonly (readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>])[] = [
    ["ids that are no text", { id: 5 }, { process: 5 }],
    ["an experiment and a kind that are no text", { experiment: 5, id: "a" }, { experiment: { a: 1 } }],
    ["a kind that is no text", { kind: 5, id: "a" }, { candidate: 5 }],
    ["times that fit into no column", { startedAt: 1e300, id: "a" }, { from: -1e300, to: 1e300, process: "b" }],
    ["times beyond what a date holds", { startedAt: 8.64e15 + 1, id: "a" }, { to: 8.64e15 + 1, process: "b" }],
    ["the last moment of all", { startedAt: 8.64e15, id: "a" }, { to: 8.64e15, process: "b" }],
    ["names that no folder can have", { experiment: "x".repeat(300), id: "a" }, { experiment: "x".repeat(300), n: 9 }],
    ["names that are too long once they are written as a folder", { experiment: "ж".repeat(60), id: "a" }, { n: 9 }],
    ["names with NUL", { experiment: "a\0b", id: "a" }, { experiment: "a\0b", n: 9 }],
  ];
  it.each(odd)("reads %s as files are read, and from Parquet, too", async (_, inResult, inTally) => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-duckdb-test-"));
    const path = join(folder, "results.ndjson");
    const written: string[] = [];
    const lab = new Laboratory({ publishers: [ndjsonPublisher({ stream: keptText(written) })] });
    lab.experiment("price", { control: () => 1, candidate: () => 2 })();
    await lab.close();
    const records = written
      .join("")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const changed = records.map((each) =>
      each["type"] === "result" ? { ...each, ...inResult }
      : each["type"] === "tally" && "experiment" in each ? { ...each, ...inTally }
      : each,
    );
    writeFileSync(path, [...records, ...changed].map((each) => `${JSON.stringify(each)}\n`).join(""));
    const report = JSON.stringify(await summary(path));
    expect(JSON.stringify(await duckdbEngine({ files: [path] }).summary())).toBe(report);
    await exportParquet(join(folder, "out"), { files: [path] });
    const files = readdirSync(join(folder, "out"), { recursive: true, encoding: "utf8" })
      .filter((each) => each.endsWith(".parquet"))
      .map((each) => join(folder, "out", each));
    expect(JSON.stringify(await duckdbEngine({ files }).summary())).toBe(report);
    rmSync(folder, { recursive: true });
  });

  it("reads what files read of a line that ends within a character, of bytes that are none, and behind a byte order mark", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-duckdb-test-"));
    const path = join(folder, "results.ndjson");
    const written: string[] = [];
    const lab = new Laboratory({ publishers: [ndjsonPublisher({ stream: keptText(written), perMinute: Infinity })] });
    const price = lab.experiment("price", {
      control: (n: number) => ({ n }),
      candidate: (n: number) => ({ n: n % 3 }),
    });
    for (let n = 0; n < 10; n++) price(n);
    await lab.close();
    const lines = written.join("").split("\n").slice(0, -1);
    const cut = Buffer.from('{"v":2,"type":"result","id":"grö').subarray(0, -1);
    const bytes = lines.flatMap((line, at) => [
      ...(at % 3 === 1 ? [cut, Buffer.from("\t")] : []),
      ...(at % 3 === 2 ? [cut, Buffer.from("\n")] : []),
      Buffer.from(`${line}\n`),
    ]);
    writeFileSync(path, Buffer.concat([Buffer.from("\ufeff"), ...bytes]));
    const report = await summary(path);
    expect(report.lost).toMatchObject({
      torn: bytes.length - lines.length - lines.filter((_, at) => at % 3 > 0).length,
    });
    expect(report.experiments["price"]!.calls).toBe(10);
    expect(JSON.stringify(await duckdbEngine({ files: [path] }).summary())).toBe(JSON.stringify(report));
    const exported = join(folder, "parquet");
    await exportParquet(exported, { files: [path] });
    const files = readdirSync(exported, { recursive: true, encoding: "utf8" })
      .filter((each) => each.endsWith(".parquet"))
      .map((each) => join(exported, each));
    expect(JSON.stringify(await duckdbEngine({ files }).summary())).toBe(JSON.stringify(report));
    rmSync(folder, { recursive: true });
  });
});
