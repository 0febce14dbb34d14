import type { Cancel } from "../../model/clock.ts";
import type { RolloutHost, RolloutSnapshot } from "../../model/rollout.ts";

/**
 * Says from outside how far a rollout may go: a flag service, the environment, a database. Under a ramp, what runs is
 * the lesser of what the source allows and what the evidence grants.
 */
export interface RolloutSource {
  /** What is allowed now; its epoch is not looked at. Must only read a field. */
  current(): RolloutSnapshot;
  /** Calls `listener` after every change. */
  onChange(listener: () => void): Cancel;
  /**
   * Called when an experiment is defined with it: from here on it may use the host's clock and report faults.
   *
   * @returns to be called when the experiment is done with it
   */
  start?(host: Pick<RolloutHost, "clock" | "onFault">): Cancel;
}
