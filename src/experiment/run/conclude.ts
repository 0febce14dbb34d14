import type { Sample } from "../../model/rollout.ts";
import type { Plan } from "../define/experiment-plan.ts";

/** Tells the rollout of a comparison. It may be somebody else's code: what it throws is a counted fault. */
export function recordIn(plan: Plan, sample: Sample): void {
  try {
    plan.rollout?.record?.(sample);
  } catch (error) {
    plan.host.fault("rollout", error, plan);
  }
}
