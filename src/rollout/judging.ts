import type { Rollout } from "../model/rollout.ts";
import type { Verdict } from "../stats/verdict.ts";

/** A rollout that gathers evidence of its own, as a ramp does. */
interface JudgingRollout extends Rollout {
  /** A candidate's verdict on what the rollout stands at now. */
  verdict(candidate: string): Verdict;
}

/** Whether a rollout gathers evidence of its own; for others, their experiment gathers it. */
export function judges(rollout: Rollout | undefined): rollout is JudgingRollout {
  return rollout !== undefined && "verdict" in rollout && typeof rollout.verdict === "function";
}
