import { CandidateEvidence } from "../../../src/stats/candidate-evidence.ts";
import { defaultGates, gates, type SlowerOptions } from "../../../src/stats/gates.ts";
import { sample } from "../../stats/sample.ts";

/** Two sides' durations, pair after pair. */
export type Process = (pair: number) => readonly [controlMs: number, candidateMs: number];

/** Log-normal durations with a coefficient of variation of 0.5, of which each is like the last one by 0.5. */
function autocorrelated(random: () => number, meanMs: number): () => number {
  const sigma = Math.sqrt(Math.log1p(0.25));
  let state = 0;
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    state = 0.5 * state + Math.sqrt(0.75) * normal;
    return meanMs * Math.exp(sigma * state - (sigma * sigma) / 2);
  };
}

/** A candidate that takes `factor` times as long as control, both much alike from call to call. */
export function slowedBy(factor: number, random: () => number, meanMs = 20): Process {
  const control = autocorrelated(random, meanMs);
  const candidate = autocorrelated(random, meanMs * factor);
  return () => [control(), candidate()];
}

/** Processes in which the candidate is as fast as control, each in a way that fools a naive comparison. */
export function equallyFast(random: () => number): readonly (readonly [name: string, process: Process])[] {
  const control = autocorrelated(random, 20);
  const candidate = autocorrelated(random, 20);
  return [
    ["on a process that is much alike from call to call", () => [control(), candidate()]],
    ["whose first calls are ten times as slow", (pair) => [control(), pair < 30 ? 200 : candidate()]],
    ["which has a hiccup of 30 calls now and then", (pair) => [control(), pair % 5_000 < 30 ? 500 : candidate()]],
    // The side that is called first fills the cache for the other.
    ["that shares a cache with control", () => (random() < 0.5 ? [control(), 0.5] : [0.5, candidate()])],
    ["and takes less than a millisecond, as a multiple", () => [0.01 * control(), 0.03 * candidate()]],
  ];
}

export interface End {
  readonly kind: "ready" | "regressed" | "undecided";
  readonly pairs: number;
}

/** Timed pairs, one every 16 calls at 100 calls a second, until the gate alarms or is ready. */
export function timePairs(
  process: Process,
  most: number,
  until: "ready" | "regressed",
  options: SlowerOptions = {},
): End {
  const list = defaultGates.map((gate) => (gate.name === "slower-than" ? gates.slower(options) : gate));
  const evidence = new CandidateEvidence({ gates: list, unitWindowMs: 0 });
  for (let pair = 1; pair <= most; pair++) {
    const [controlMs, candidateMs] = process(pair);
    evidence.record(sample({ pair: { controlMs, candidateMs }, at: pair * 160 }));
    if (until === "regressed" && evidence.alarmed !== undefined) return { kind: "regressed", pairs: pair };
    if (until === "ready" && pair % 32 === 0) {
      const state = evidence.verdict("v2", {}).gates.find(({ name }) => name === "slower-than")!.state;
      if (state === "ready") return { kind: "ready", pairs: pair };
    }
  }
  return { kind: "undecided", pairs: most };
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
