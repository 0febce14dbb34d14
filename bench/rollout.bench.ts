// What a rollout costs a call: deciding, and recording a comparison. Run: npx tsx bench/rollout.bench.ts
import { createHash } from "node:crypto";
import { cpus } from "node:os";
import type { Sample } from "../src/model/rollout.ts";
import { bucketing } from "../src/rollout/bucket.ts";
import { decide } from "../src/rollout/decide.ts";
import { snapshotOf } from "../src/rollout/snapshot.ts";
import { CandidateEvidence } from "../src/stats/candidate-evidence.ts";
import { LatencyHistogram } from "../src/stats/histogram.ts";
import { Tally } from "../src/stats/tally.ts";

const rounds = 15;
const keys = Array.from({ length: 4_096 }, (_, index) => `customer-${index * 7_919}`);
const sample: Sample = {
  experiment: "price",
  candidate: "candidate",
  kind: "match",
  controlMs: 10,
  candidateMs: 10,
  controlThrew: false,
  candidateThrew: false,
  key: undefined,
  at: 0,
  epoch: 1,
  result() {
    throw new Error("not asked for");
  },
};
const samples = keys.map((key, index): Sample => ({ ...sample, key, controlMs: 1 + index / 100, at: index * 50 }));
const unkeyed = samples.map((each): Sample => ({ ...each, key: undefined }));

const bucket = bucketing();
const ramp = snapshotOf("ramp", 0.25);
const shadow = snapshotOf("shadow");
const evidence = { keyed: new CandidateEvidence(), unkeyed: new CandidateEvidence() };
const tally = { keyed: new Tally(), unkeyed: new Tally() };
const histogram = new LatencyHistogram();
let sink = 0;

// Each question has a loop of its own: through a shared one, calls that differ would be measured as calls, not as work.
interface Question {
  readonly budgetNs?: number;
  readonly times: number;
  run(times: number): void;
}

const questions: Record<string, Question> = {
  "doing nothing": {
    times: 2e6,
    run(times) {
      for (let index = 0; index < times; index++) sink += index & 1;
    },
  },
  "decide without a key": {
    budgetNs: 20,
    times: 2e6,
    run(times) {
      for (let index = 0; index < times; index++) sink += decide(shadow, undefined).compare ? 1 : 0;
    },
  },
  "decide with a key": {
    budgetNs: 150,
    times: 5e5,
    run(times) {
      for (let index = 0; index < times; index++) {
        sink += decide(ramp, bucket("price", keys[index & 4_095]!)).serve === "control" ? 1 : 0;
      }
    },
  },
  "peer: the same from node:crypto's md5": {
    times: 5e4,
    run(times) {
      for (let index = 0; index < times; index++) {
        sink +=
          createHash("md5")
            .update(`price::${keys[index & 4_095]!}`)
            .digest()
            .readUInt32LE(0) & 1;
      }
    },
  },
  "add to a histogram": {
    budgetNs: 40,
    times: 1e6,
    run(times) {
      for (let index = 0; index < times; index++) histogram.add(samples[index & 4_095]!.controlMs);
    },
  },
  "record into tally, three gates, two histograms, with a key": {
    budgetNs: 400,
    times: 3e5,
    run(times) {
      for (let index = 0; index < times; index++) {
        const each = samples[index & 4_095]!;
        tally.keyed.record(each);
        evidence.keyed.record(each);
      }
    },
  },
  "the same, every call a unit": {
    budgetNs: 400,
    times: 3e5,
    run(times) {
      for (let index = 0; index < times; index++) {
        const each = unkeyed[index & 4_095]!;
        tally.unkeyed.record(each);
        evidence.unkeyed.record(each);
      }
    },
  },
};

console.log(`node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}`);
const measured = new Map<string, number[]>(Object.keys(questions).map((name) => [name, []]));
// Alternated, so that a busy moment of the machine hits every question.
for (let round = 0; round < rounds; round++) {
  for (const [name, { times, run }] of Object.entries(questions)) {
    const startedAt = performance.now();
    run(times);
    measured.get(name)!.push(((performance.now() - startedAt) * 1e6) / times);
  }
}
for (const [name, figures] of measured) {
  const sorted = figures.slice(3).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const least = sorted[0]!;
  const { budgetNs } = questions[name]!;
  // Other work on the machine only ever adds: the least says what the code costs.
  const verdict = budgetNs === undefined ? "" : ` of at most ${budgetNs}${least <= budgetNs ? "" : ": OVER"}`;
  console.log(`${name.padEnd(60)} least ${least.toFixed(1)} ns${verdict}, median ${median.toFixed(1)} ns`);
}
if (sink === 0.5) console.log("never");
