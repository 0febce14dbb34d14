import { cpus } from "node:os";

/** Something to be timed: does its work `times` over. */
export interface Contender {
  readonly name: string;
  run(times: number): unknown;
}

/** One contender's figures, over all rounds. */
export interface Timing {
  readonly name: string;
  /** Median nanoseconds for one time. */
  readonly ns: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
}

/** In milliseconds. */
const stopwatches: Readonly<Record<"clock" | "processor", () => number>> = {
  clock: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

/**
 * Times contenders in turn, round by round, so that a machine that slows down slows all of them: medians of the rounds.
 *
 * @param times how often a round repeats the work
 * @param by the clock, or the processor time of the whole process: what the collector and other threads took is part of it
 */
export async function rounds(
  contenders: readonly Contender[],
  times: number,
  count = 21,
  by: keyof typeof stopwatches = "clock",
): Promise<Timing[]> {
  const now = stopwatches[by];
  const taken = contenders.map((): number[] => []);
  for (let warmUp = 0; warmUp < 3; warmUp++) for (const contender of contenders) await contender.run(times);
  for (let round = 0; round < count; round++) {
    for (const [index, contender] of contenders.entries()) {
      const startedAt = now();
      await contender.run(times);
      taken[index]!.push(((now() - startedAt) * 1e6) / times);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return contenders.map(({ name }, index) => {
    const sorted = taken[index]!.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    return { name, ns: at(0.5), spread: (at(0.75) - at(0.25)) / 2 / at(0.5) };
  });
}

/** What the figures were measured on. */
export function machine(): string {
  const [cpu] = cpus();
  return `Node ${process.versions.node}, ${cpu?.model.trim() ?? "unknown processor"}, ${cpus().length} processors`;
}
