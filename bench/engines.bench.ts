/**
 * `npm run bench:engines [results] [tallies]`: how long files, DuckDB over NDJSON and DuckDB over Parquet take for a report of so many
 * results (1 000 000 by default), beside `JSON.parse` of the same lines, and files for one of so many tallies (720 000 by default: one
 * experiment in 500 processes over a day). Each in a process of its own, with the most memory that it took.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { duckdbEngine, exportParquet, summary } from "../src/report/index.ts";
import { results, tallies, write } from "./lines.ts";

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".parquet"))
    .map((name) => join(folder, name));

const ways: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  async "JSON.parse"(path) {
    let lines = 0;
    for await (const line of createInterface({ input: createReadStream(path, { highWaterMark: 1 << 18 }) })) {
      if (JSON.parse(line) !== null) lines += 1;
    }
    return lines;
  },
  files: (path) => summary(path),
  "DuckDB over NDJSON": (path) => duckdbEngine({ files: [path] }).summary(),
  "export to Parquet": (path) => exportParquet(`${path}.parquet`, { files: [path] }),
  "DuckDB over Parquet": (path) => duckdbEngine({ files: filesIn(`${path}.parquet`) }).summary(),
};

function measured(way: string, path: string): void {
  const { stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, "--way", way, path], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  console.log(stdout.trim() || `${way}: ${stderr}`);
}

async function main([first = "1000000", second = "720000", ...rest]: readonly string[]): Promise<void> {
  if (first === "--way") {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await ways[second]!(rest[0]!);
    const seconds = (performance.now() - startedAt) / 1_000;
    const { user, system } = process.cpuUsage(before);
    const { maxRSS } = process.resourceUsage();
    console.log(
      `| ${second.padEnd(20)} | ${seconds.toFixed(1).padStart(6)} s | ${((user + system) / 1e6).toFixed(1).padStart(6)} s CPU | ${String(Math.round(maxRSS / 1_000)).padStart(5)} MB |`,
    );
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "sidelane-bench-engines-"));
  try {
    console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
    const path = join(folder, "results.ndjson");
    await write(path, results(Number(first)));
    console.log(`${first} results, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
    for (const way of Object.keys(ways)) measured(way, path);
    const bytes = filesIn(`${path}.parquet`).reduce((sum, file) => sum + statSync(file).size, 0);
    console.log(`Parquet: ${(bytes / 1e6).toFixed(1)} MB, 1/${(statSync(path).size / bytes).toFixed(1)}`);
    const counts = join(folder, "tallies.ndjson");
    await write(counts, tallies(Number(second)));
    console.log(`${second} tallies, ${(statSync(counts).size / 1e6).toFixed(0)} MB`);
    for (const way of Object.keys(ways)) measured(way, counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
