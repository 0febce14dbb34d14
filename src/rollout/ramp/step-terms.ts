import { nextOf, type RolloutState } from "../state.ts";
import type { RolloutRequest } from "../transition.ts";
import type { RampSettings } from "./ramp-options.ts";

/** How long a step lasts at least, in milliseconds. */
export function minimumTimeOf({ stepTerms, minimumTimeMs }: RampSettings, { stage, share }: RolloutState): number {
  const own = stage === "ramp" ? stepTerms.get(share)?.minimumTimeMs : undefined;
  return own ?? minimumTimeMs;
}

/** Whether the step to which `advance` leads is one that pauses. */
export function pausingAt(
  { stepTerms }: RampSettings,
  state: RolloutState,
  kind: RolloutRequest["kind"],
): { pauses?: true } {
  const to = kind === "advance" ? nextOf(state) : undefined;
  return to?.stage === "ramp" && stepTerms.get(to.share)?.pause === true ? { pauses: true } : {};
}
