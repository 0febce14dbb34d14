/**
 * `npm run bench:engines [results] [tallies]`: how long files, DuckDB over NDJSON and DuckDB over Parquet take for a report of so many
 * results (1 000 000 by default), beside `JSON.parse` of the same lines, and files for one of so many tallies (720 000 by default: one
 * experiment in 500 processes over a day). Each in a process of its own, with the most memory that it took.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { aResult } from "../src/testing/a-result.ts";
import { seededRandom } from "../src/testing/seeded-random.ts";
import { present } from "../src/records/present.ts";
import type { CandidateTally } from "../src/model/tally-record.ts";
import { duckdbEngine, exportParquet, summary } from "../src/report/index.ts";
import { LatencyHistogram } from "../src/stats/histogram.ts";

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5);

function processTally(process: string, n: number, minute: number): object {
  const to = startMs + (minute + 1) * minuteMs;
  return { v: 2, type: "tally", process, n, from: to - minuteMs, to, publishers: {}, faults: {} };
}

/** What one process tells of one minute with some 1 400 calls. */
function tallyOf(process: string, n: number, minute: number, random: () => number): CandidateTally {
  const histogram = (): ReturnType<LatencyHistogram["toJSON"]> => {
    const made = new LatencyHistogram();
    for (let call = 0; call < 200; call++) made.add(5 + 40 * random() ** 3);
    return made.toJSON();
  };
  const to = startMs + (minute + 1) * minuteMs;
  const counts = { match: 1_398, mismatch: 2, ignored: 0, inconclusive: 0, "timed-out": 0 };
  const unkeyed = { units: 1_400, gates: { mismatch: { units: 1_400, bad: 2 } } };
  return {
    ...({
      v: 2,
      type: "tally",
      process,
      n,
      from: to - minuteMs,
      to,
      experiment: "price",
      candidate: "candidate",
    } as const),
    ...{ epoch: 0, served: false, counts, candidateErrors: 0, controlErrors: 0, otherGroups: 0 },
    ...{ latency: { control: histogram(), candidate: histogram() }, groups: { "v2-fep9k2": 1, "v2-k1m0qs": 1 } },
    of: {
      calls: 1_500,
      started: 1_400,
      skips: { "sampled-out": 100 },
      answered: 0,
      fellBack: 0,
      newGroups: 0,
      faults: {},
      inFlight: 0,
      kept: 2,
    },
    evidence: {
      ...{
        comparisons: 1_400,
        units: 1_400,
        keys: 1_400,
        firstAt: to - minuteMs,
        lastAt: to,
        windowMs: 0,
        unkeyed,
        windows: [],
      },
      gates: { mismatch: { max: 0.001, units: 1_400, bad: 2, open: 0, calls: 1_400, badCalls: 2, failed: 0 } },
      terms: {},
    },
    ...{ verdict: "not-ready", mismatchUpperBound: 0.002, unitsMissing: 0 },
  };
}

async function write(path: string, lines: Iterable<object>): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: 1 << 20 });
  for (const line of lines) if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain");
  file.end();
  await once(file, "close");
}

/** Results of eight processes with all their counts: a match each, and one in a hundred a mismatch. */
function* results(total: number): Generator<object> {
  const random = seededRandom(1);
  const whole = { values: "hidden" } as never;
  const [match, mismatch] = [present(aResult({ kind: "match" }), whole), present(aResult({ kind: "mismatch" }), whole)];
  const tallies = new Map<string, number>();
  for (let index = 0; index < total; index++) {
    const process = `1h7k2m9s4q0${index % 8}`;
    const { control, candidates, ...rest } = index % 100 === 0 ? mismatch : match;
    const startedAt = startMs + Math.floor(index / 100);
    const timed = <Side extends { durationMs: number }>(side: Side): Side => {
      const durationMs = Math.round(1e6 * (5 + 40 * random() ** 3)) / 1e6;
      return { ...side, durationMs, syncMs: durationMs };
    };
    yield {
      ...{ ...rest, id: `${process}-${index.toString(36)}`, process, experiment: "price", startedAt },
      ...{ control: timed(control), candidates: candidates.map(timed) },
    };
    if (index % 6_000 >= 8) continue;
    const n = (tallies.get(process) ?? 0) + 1;
    tallies.set(process, n + 1);
    const minute = Math.floor(index / 6_000);
    yield tallyOf(process, n, minute, random);
    yield processTally(process, n + 1, minute);
  }
}

function* tallies(total: number): Generator<object> {
  const random = seededRandom(2);
  // Each minute of a process is one of a thousand that were made: making them is not what is measured.
  const made = Array.from({ length: 1_000 }, () => tallyOf("", 0, 0, random));
  const processes = 500;
  for (let index = 0; index < total; index++) {
    const minute = Math.floor(index / processes);
    const process = `1h7k2m9s4${String(index % processes).padStart(3, "0")}`;
    const { from, to } = processTally(process, 0, minute) as { from: number; to: number };
    yield { ...made[index % made.length]!, process, n: minute + 1, from, to };
  }
}

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
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", import.meta.filename, "--way", way, path],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
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
