import { systemClock } from "../model/clock.ts";
import type { ExperimentPlan } from "./define/experiment-plan.ts";

/** Whether a call of it has not ended, or its control runs once more. */
export function isBusy({ counters, noise }: ExperimentPlan): boolean {
  return counters.inFlight > 0 || (noise !== undefined && noise.pending > 0);
}

/**
 * Waits until a call of any of them ends, and keeps the process alive until then.
 *
 * @param over called at that moment, before the promise resolves
 */
export function somethingEnds(plans: readonly ExperimentPlan[], over: () => void): Promise<void> {
  return new Promise((resolve) => {
    const letGo = systemClock.after(Infinity, () => undefined, true);
    const wake = (): void => {
      letGo();
      over();
      for (const { counters } of plans) counters.whenEnded = undefined;
      resolve();
    };
    for (const { counters } of plans) counters.whenEnded = wake;
  });
}
