/**
 * `npm run bench:records [results]`: how long a report of so many results takes (1 000 000 by default; 3 900 000 are some 2 GB) beside
 * `JSON.parse` of the same lines alone, in turn and each in a process of its own, with the most memory that it took; and what it takes to read
 * and merge the unit tables of one line of counts.
 */
import { fork } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "../src/records/read-lines.ts";
import { summary } from "../src/report/index.ts";
import { BitTable, places } from "../src/stats/bit-table.ts";
import { mergedWindows } from "../src/stats/merge-windows.ts";
import { seededRandom } from "../src/testing/seeded-random.ts";
import { results, write } from "./lines.ts";

const rounds = 3;
const tablesAtOnce = 16;

async function parsedAlone(path: string): Promise<void> {
  for await (const lines of readLines(createReadStream(path, { highWaterMark: 1 << 18 }), "bench"))
    for (const line of lines) if (line !== undefined && line !== "") JSON.parse(line);
}

const ways: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  "JSON.parse alone": parsedAlone,
  "summary()": summary,
};

interface Taken {
  readonly seconds: number;
  readonly megabytes: number;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function takenBy(way: string, path: string): Promise<Taken> {
  const child = fork(import.meta.filename, ["--way", way, path]);
  const [taken] = (await once(child, "message")) as [Taken];
  return taken;
}

/** @returns microseconds of CPU a line of counts, whose window has one table of what was seen and one for each of two gates */
function mergeOf(keys: number): number {
  const random = seededRandom(keys);
  const tableOf = (places_: number): string => {
    const table = new BitTable();
    for (let key = 0; key < places_; key++) table.add(Math.floor(random() * places));
    return table.encode();
  };
  const windows = Array.from({ length: tablesAtOnce }, () => {
    const bad = tableOf(Math.ceil(keys / 1_000));
    const gates = { mismatch: { bad }, "candidate-error": { bad } };
    return { window: 1, level: 0, fingerprint: "of one secret", seen: tableOf(keys), gates };
  });
  const times = Array.from({ length: 200 }, () => {
    const before = cpuSeconds();
    mergedWindows(windows);
    return (1e6 * (cpuSeconds() - before)) / tablesAtOnce;
  });
  return times.sort((one, other) => one - other)[times.length / 2]!;
}

async function main(total: number): Promise<void> {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
  for (const keys of [100, 1_400, 5_000, 10_000, 13_000, 30_000, 200_000])
    console.log(`tables of ${keys} keys: ${mergeOf(keys).toFixed(0)} µs a line of counts`);
  const folder = mkdtempSync(join(tmpdir(), "sidelane-bench-records-"));
  try {
    const path = join(folder, "results.ndjson");
    await write(path, results(total));
    console.log(`${total} results, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
    for (let round = 0; round < rounds; round++) {
      for (const way of Object.keys(ways)) {
        const { seconds, megabytes } = await takenBy(way, path);
        console.log(`${way}: ${seconds.toFixed(1)} s of CPU, ${megabytes.toFixed(0)} MB`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first = "1000000", way = "", path = ""] = process.argv.slice(2);
if (first === "--way") {
  const before = cpuSeconds();
  await ways[way]!(path);
  process.send!({ seconds: cpuSeconds() - before, megabytes: process.resourceUsage().maxRSS / 1_000 });
} else await main(Number(first));
