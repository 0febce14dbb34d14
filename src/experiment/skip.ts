import type { SkipReason } from "./counters.ts";
import type { Plan } from "./plan.ts";

/** Counts a call whose candidates do not run, and tells the publishers that count skips. */
export function skip(plan: Plan, reason: SkipReason): void {
  plan.counters.skip(reason);
  plan.host.onSkip?.(plan.name, reason);
}
