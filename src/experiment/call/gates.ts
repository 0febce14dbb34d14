import type { Skip } from "../record/counters.ts";
import type { Plan } from "../define/experiment-plan.ts";

/** Counts a call whose candidates do not run, and tells the publishers that count skips. */
export function skip({ host, name }: Plan, why: Skip): void {
  why.times += 1;
  host.onSkip?.(name, why.reason);
}
