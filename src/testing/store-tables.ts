import { initialState } from "../rollout/state.ts";
import type { RolloutStore } from "../rollout/stores/store.ts";
import { equal } from "./hold.ts";
import { experiment, placesIn, report, steps, table } from "./store-questions.ts";

const rounds = 4;
const reportsARound = 30;

/** Every place of all tables is in the evidence at the next look, whatever judges in turn have read and folded before. */
export async function keepsTables({ one, other }: { one: RolloutStore; other: RolloutStore }): Promise<void> {
  await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
  const judges = [
    { store: one, process: "a" },
    { store: other, process: "b" },
  ] as const;
  const places: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { store, process } = judges[round >> 1]!;
    const fence = (await store.claim(experiment, process, 60_000))!;
    for (let index = 0; index < reportsARound; index++) {
      const place = 7 * places.length;
      places.push(place);
      const from = index % 2 === 0 ? one : other;
      await from.sync([report({ process: index % 2 === 0 ? "a" : "b", units: [table(1, [place])] })]);
      // Two looks of one judge at once, the first of which nobody waits for, as after its deadline.
      if (index === 20) void Promise.resolve(store.collect(experiment, 1, fence)).catch(() => undefined);
      if (index % 10 === 0) await store.collect(experiment, 1, fence);
    }
    const { units } = await store.collect(experiment, 1, fence);
    const found = units.flatMap((each) => each.units);
    equal(placesIn(found, 1), places, `the places after ${places.length} reports`);
    if (round % 2 === 1) await store.claim(experiment, process, 0);
  }
}
