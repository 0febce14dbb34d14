import { capture } from "../../compare/copy/capture.ts";
import { compareValues } from "../../compare/compare.ts";
import { noRules } from "../../compare/rules/rules.ts";
import type { Plan } from "../define/experiment-plan.ts";
import { keepContext } from "../runtime/current-run.ts";
import type { Trial } from "./candidate-run.ts";

/**
 * Calls the candidates, one after the other. Each stamp ends one behavior and starts the next: the clock is the dearest
 * part of a call.
 *
 * @param now the stamp of this moment
 * @returns the stamp of the moment at which the last one returned
 */
export function startTrials(plan: Plan, trials: readonly Trial[], args: unknown[], now: number): number {
  for (const trial of trials) {
    now = isDrawn(plan, plan.checkArguments) ? startChecked(plan, trial, args) : trial.start(args, now);
  }
  return now;
}

/** Calls them in a later turn, in the caller's own context; `start` tells the stamp at which they have returned. */
export function startLater(plan: Plan, trials: readonly Trial[], start: (now: number) => number): void {
  const { deferred, clock } = plan.host;
  const inContext = keepContext();
  deferred.add({
    budget: plan.budget,
    start: () => {
      const startedAt = clock.monotonic();
      return inContext(() => start(startedAt)) - startedAt;
    },
    abandon: () => {
      for (const trial of trials) trial.abandon();
    },
  });
}

function isDrawn({ host }: Plan, share: number): boolean {
  return share > 0 && (share >= 1 || host.random() < share);
}

/** Looks whether the candidate's synchronous part changes its arguments; what it does later cannot be told from others' doing. */
function startChecked(plan: Plan, trial: Trial, args: unknown[]): number {
  const before = capture(args);
  // Copying is no behavior's time.
  const now = trial.start(args, plan.host.clock.monotonic());
  if (before.kind === "live") return now;
  trial.argumentsMutated = compareValues(before.value, args, noRules).kind === "mismatch";
  if (trial.argumentsMutated) plan.counters.argumentsMutated += 1;
  return now;
}
