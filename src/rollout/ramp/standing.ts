import type { Verdict } from "../../stats/verdict.ts";
import { latchOf } from "../versions.ts";
import type { RolloutState } from "../state.ts";

/** A ramp that stands still says why, before what the evidence of this epoch says. */
export function withStanding(verdict: Verdict, state: RolloutState, version: string | undefined): Verdict {
  const { mode, stage, history, candidateVersion, versions = [] } = state;
  if (candidateVersion !== version) {
    const reason = `This process runs version ${version}, and version ${candidateVersion} is the present one: control answers here.`;
    return { ...verdict, reasons: [reason, ...verdict.reasons] };
  }
  if (mode === "running") return verdict;
  const kind =
    mode === "paused" ? "paused"
    : stage === "off" ? "switched-off"
    : "rolled-back";
  // A version that came back is latched by what was said of it then, whatever befell others since.
  const change =
    mode === "paused" ?
      history.findLast((each) => each.kind === "paused" || each.pauses === true)
    : (latchOf(versions, candidateVersion) ?? history.findLast((each) => each.kind === kind));
  if (change === undefined) return verdict;
  const standing = {
    paused: "Paused",
    "switched-off": "Switched off until a person clears it,",
    "rolled-back": "Rolled back until a person clears it,",
  }[kind];
  const reason =
    "pauses" in change ?
      "Paused, as this step is set to be, until a person resumes it."
    : `${standing} by ${change.by}, ${change.reason}`;
  return { ...verdict, standing: kind, reasons: [reason, ...verdict.reasons] };
}
