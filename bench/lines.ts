import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { aResult } from "../src/testing/a-result.ts";
import { seededRandom } from "../src/testing/seeded-random.ts";
import { present } from "../src/records/present.ts";
import type { CandidateTally } from "../src/model/tally-record.ts";
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

/** Writes a record a line. */
export async function write(path: string, lines: Iterable<object>): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: 1 << 20 });
  for (const line of lines) if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, "drain");
  file.end();
  await once(file, "close");
}

/** Results of eight processes with all their counts: a match each, and one in a hundred a mismatch. */
export function* results(total: number): Generator<object> {
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

/** Tallies of 500 processes, one a minute each: what each was told of some 1 400 calls. */
export function* tallies(total: number): Generator<object> {
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
