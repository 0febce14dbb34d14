import type { Verdict } from "../../stats/verdict.ts";
import { latchOf } from "../versions.ts";
import type { RolloutChange, RolloutState } from "../state.ts";

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
  const change =
    history.findLast((each) => each.kind === kind || (mode === "paused" && each.pauses === true)) ??
    latchOf(versions, candidateVersion);
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

const leavesRunning: readonly RolloutChange["kind"][] = ["paused", "resumed", "compare-changed"];

/** Whether nothing was done but to pause, to go on, or to compare more or less: what runs is the same, and so is what was seen of it. */
export function keepsEvidence(before: RolloutState, next: RolloutState): boolean {
  if (next.epoch === before.epoch || before.mode === "rolled-back") return false;
  const since = next.history.filter(({ to }) => to.epoch > before.epoch);
  // Evidence that alarmed would alarm again; resuming says that its cause is dealt with.
  const resumed = since.find(({ kind }) => kind === "resumed");
  const pause =
    resumed &&
    next.history.findLast(
      ({ kind, pauses, to }) => (kind === "paused" || pauses === true) && to.epoch < resumed.to.epoch,
    );
  if (pause?.alarmed === true) return false;
  return since.length === next.epoch - before.epoch && since.every(({ kind }) => leavesRunning.includes(kind));
}
