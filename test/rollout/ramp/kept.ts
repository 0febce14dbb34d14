import { ProcessRun } from "../../../src/rollout/fleet/process-run.ts";
import { RampKeeper } from "../../../src/rollout/ramp/ramp-keeper.ts";
import { checkRampOptions, type RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import { initialState, type RolloutChange } from "../../../src/rollout/state.ts";
import type { RolloutStore, SyncedState } from "../../../src/rollout/stores/store.ts";
import type { RolloutRequest } from "../../../src/rollout/transition.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { wayTo } from "../fleet/process.ts";
import { watchedDeadlines } from "../watched-deadlines.ts";

/** What is asked of a state, by the ramp itself where nobody else is named. */
export const asked = (kind: RolloutRequest["kind"], by = "ramp"): RolloutRequest => ({
  kind,
  at: 1,
  by,
  reason: "seen",
});

/** A keeper by itself, with what it told its ramp. */
interface Kept {
  readonly keeper: RampKeeper;
  readonly clock: FixedClock;
  /** Whether each deadline since keeps the process alive. */
  readonly alive: boolean[];
  readonly told: RolloutChange["kind"][];
  readonly faults: string[];
  readonly answers: SyncedState[];
  readonly renewed: (string | undefined)[];
}

/** A keeper by itself, which looks at its store where a test says so. */
export function kept(given: RolloutStore | undefined, more: RampOptions = {}): Kept {
  const clock = fixedClock();
  const { watched, alive } = watchedDeadlines(clock);
  const told: RolloutChange["kind"][] = [];
  const faults: string[] = [];
  const answers: SyncedState[] = [];
  const renewed: (string | undefined)[] = [];
  const options: RampOptions = { version: "v1", ...(given && { store: given }), ...more };
  const settings = { ...checkRampOptions(options), run: new ProcessRun(undefined) };
  const keeper = new RampKeeper(initialState([0.1, 0.5], 0, "shadow", "v1"), settings, {
    changed: (_, news) => void told.push(...news.map(({ kind }) => kind)),
    report: () => ({ candidates: {}, units: [] }),
    exchanged: (answer) => void answers.push(answer),
    grants: ({ stage, share }) => snapshotOf(stage, share),
    renewed: (why) => void renewed.push(why),
    onFault: (error) => void faults.push(String(error)),
  });
  keeper.setClock(watched);
  return { keeper, clock, alive, told, faults, answers, renewed };
}

/** One that follows its store by looking alone. */
export async function opened(store: RolloutStore): Promise<Kept> {
  const all = kept(wayTo(store).store);
  all.keeper.open("price");
  await all.keeper.loaded;
  await all.clock.advanceAsync(0);
  all.alive.length = 0;
  return all;
}
