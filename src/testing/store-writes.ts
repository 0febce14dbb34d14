import type { WritesStanding } from "../model/writes-standing.ts";
import { initialState } from "../rollout/state.ts";
import type { RolloutStore } from "../rollout/stores/store.ts";
import { equal } from "./hold.ts";
import { experiment, report, steps, synced, verdict } from "./store-questions.ts";

/** How parallel writes stand, at a time. */
export function standing(at: number): WritesStanding {
  const behind = { rows: 3, oldestMs: 40, dead: 1, blocked: 2, skipped: 0 };
  return {
    ...{ at, stage: "ramp", share: 0.5, lag: { control: behind } },
    holders: [
      ["candidate", 32],
      ["unknown", 32],
    ],
    lastReconciliation: { at: 1, clean: false, keys: 9, findings: 2 },
  };
}

/** What a process and the judge say of parallel writes comes back as it was said last. */
export async function keepsWrites({ one, other }: { one: RolloutStore; other: RolloutStore }): Promise<void> {
  await one.compareAndSet(experiment, undefined, initialState(steps, 0));
  await one.sync([report({ process: "a", writes: standing(1) })]);
  await one.sync([report({ process: "a", writes: standing(2) })]);
  await other.sync([report({ process: "b" })]);
  const fence = (await other.claim(experiment, "b", 60_000))!;
  const { reports } = await other.collect(experiment, 1, fence);
  const said = reports.filter(({ process }) => process !== "reader").flatMap(({ writes }) => writes ?? []);
  equal(said, [standing(2)], "what was said");
  await other.conclude(experiment, fence, { ...verdict(3), writes: standing(2) }, undefined);
  equal((await synced(one)).verdict?.writes, standing(2), "what the verdict says");
}
