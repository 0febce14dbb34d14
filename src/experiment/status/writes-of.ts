import { readWritesStanding, type WritesStanding } from "../../model/writes-standing.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";

/** How parallel writes stand that a plan compares the records of; `undefined` for any other plan, and where nobody has looked yet. */
export function writesOf(plan: ExperimentPlan): WritesStanding | undefined {
  if (plan.writes === undefined) return undefined;
  try {
    return readWritesStanding(plan.writes());
  } catch (error) {
    plan.services.fault("report", error, plan);
    return undefined;
  }
}
