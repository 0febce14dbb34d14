import type { Sample } from "../../src/model/rollout.ts";

/** A matching comparison of two equally fast sides, unless told otherwise. */
export function sample(overrides: Partial<Sample> = {}): Sample {
  return {
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
      throw new Error("no gate here asks for the result");
    },
    ...overrides,
  };
}

/** Small, fast and seeded: the same numbers in every run. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    // Mulberry32 by Tommy Ettinger, public domain.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many trials until the first hit at this rate: lets a simulation skip the rest. */
export function geometric(random: () => number, rate: number): number {
  return 1 + Math.floor(Math.log(1 - random()) / Math.log1p(-rate));
}
