import type { RolloutState } from "../../src/rollout/state.ts";
import type { Report, RolloutStore } from "../../src/rollout/stores/store.ts";

/** The state that a store has of an experiment, as a process sees it that only looks. */
export async function stored(
  store: Pick<RolloutStore, "sync">,
  experiment = "price",
): Promise<RolloutState | undefined> {
  const asked: Report = {
    ...{
      experiment,
      process: "reader",
      epoch: 0,
      evidenceEpoch: 0,
      at: -Infinity,
      leaves: true,
      candidates: {},
      units: [],
    },
  };
  const answer = (await store.sync([asked])).states[experiment];
  if (answer?.failed !== undefined) throw answer.failed;
  return answer?.state ?? undefined;
}
