// What does a rollout cost a call: deciding, and recording a comparison?
import { createHash } from "node:crypto";
import type { Sample } from "../src/model/rollout.ts";
import { bucketing } from "../src/rollout/bucket.ts";
import { decide } from "../src/rollout/decide.ts";
import { snapshotOf } from "../src/rollout/snapshot.ts";
import { CandidateEvidence } from "../src/stats/candidate-evidence.ts";
import { LatencyHistogram } from "../src/stats/histogram.ts";
import { Tally } from "../src/stats/tally.ts";
import { rounds } from "./rounds.ts";

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

/** One step, and what it may cost. */
export interface Cost {
  readonly name: string;
  readonly ns: number;
  readonly spread: number;
  readonly budgetNs?: number;
}

/** Medians of interleaved rounds, in nanoseconds for one time. */
export async function measureRollout(count: number): Promise<Cost[]> {
  const costs: Cost[] = [];
  const contenders = Object.entries(questions).map(([name, { times, run }]) => ({
    name,
    // Each repeats by itself, so that all rounds take about as long.
    run: (share: number) => run(Math.round(times * share)),
  }));
  for (const { name, ns, spread } of await rounds(contenders, 1, count)) {
    const { times, budgetNs } = questions[name]!;
    costs.push({ name, ns: ns / times, spread, ...(budgetNs !== undefined && { budgetNs }) });
  }
  if (sink < 0) throw new Error("Nothing was measured");
  return costs;
}
