import type { RolloutEvent } from "../../src/model/rollout.ts";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { SimulatedClock } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { measured, noLoad, type Load } from "./measured-store.ts";
import { begin, experiments, rampOf, type Outcome, type Pace } from "./story.ts";

/** A fleet whose time is not the machine's. */
export interface Simulation {
  readonly processes: number;
  readonly keys: number;
  /** Calls of each experiment in each process and minute. */
  readonly callsPerMinute: number;
  readonly minutes: number;
  readonly pollMs: number;
  readonly seed: number;
}

/** What came of so many minutes. */
export interface Simulated {
  readonly minutes: number;
  readonly processes: number;
  readonly outcome: Outcome;
  readonly load: Load;
  /** What went wrong, by its message. */
  readonly faults: Readonly<Record<string, number>>;
  readonly calls: number;
}

const secondMs = 1_000;

/**
 * All processes in this one, on the memory store and a clock that waits for nobody.
 *
 * @param onHour told what came of it so far
 */
export async function simulated(
  { processes, keys, callsPerMinute, minutes, pollMs, seed }: Simulation,
  onHour?: (soFar: Simulated) => void,
): Promise<Simulated> {
  const pace: Pace = { trialMs: 1_800_000, goodMs: 720_000, stepMs: 600_000, everyMs: secondMs, pollMs };
  const clock = new SimulatedClock();
  const told: RolloutEvent[] = [];
  const load = noLoad();
  const store = measured(memoryStore(), load);
  const fleet = new Fleet({
    ...{ clock, processes, keys, experiments, seed },
    ramp: (experiment) => rampOf(experiment, pace),
    // A way to the store for each process, as clients are.
    storeOf: () => ({ ...store }),
    told: (event) => void told.push(event),
  });
  await clock.advance(0);
  await fleet.loaded();
  const ended: unknown[] = [];
  const outcome = begin(
    {
      ...{ clock, processes, told },
      set: (experiment, quality) => fleet.set(experiment, quality),
      ask: async (experiment, deed) => fleet.ask(experiment, deed),
      serving: (experiment) => fleet.serving(experiment),
    },
    pace,
    seededRandom(seed + 1),
    (error) => void ended.push(error),
  );
  let calls = 0;
  const soFar = (after: number): Simulated => ({
    ...{ minutes: after, processes, outcome: outcome(), load, calls },
    faults: Object.fromEntries(fleet.faults),
  });
  const perSecond = (processes * callsPerMinute) / 60;
  for (let second = 1; second <= 60 * minutes; second++) {
    const times = Math.floor(second * perSecond) - Math.floor((second - 1) * perSecond);
    fleet.call(times);
    calls += experiments.length * times;
    await clock.advance(secondMs);
    if (ended.length > 0) throw ended[0];
    if (second % 3_600 === 0) onHour?.(soFar(second / 60));
  }
  return soFar(minutes);
}
