import type { Verdict } from "../../stats/verdict.ts";
import type { RolloutState } from "../state.ts";

/** A ramp that stands still says why, before what the evidence of this epoch says. */
export function withStanding(verdict: Verdict, state: RolloutState, version: string | undefined): Verdict {
  const { mode, history, candidateVersion } = state;
  if (candidateVersion !== version) {
    const reason = `This process runs version ${version}, and version ${candidateVersion} is the present one: control answers here.`;
    return { ...verdict, reasons: [reason, ...verdict.reasons] };
  }
  if (mode === "running") return verdict;
  const kind = mode === "paused" ? "paused" : "rolled-back";
  const change = history.findLast((each) => each.kind === kind) ?? latchOf(state);
  if (change === undefined) return verdict;
  const standing = mode === "paused" ? "Paused" : "Rolled back until a person clears it,";
  return {
    ...verdict,
    standing: kind,
    reasons: [`${standing} by ${change.by}, ${change.reason}`, ...verdict.reasons],
  };
}

function latchOf({ candidateVersion, versions = [] }: RolloutState): { by: string; reason: string } | undefined {
  return versions.find(({ version }) => version === candidateVersion)?.latch;
}

/** Whether nothing was done but to pause and to go on: what runs is the same, and so is what was seen of it. */
export function keepsEvidence(before: RolloutState, next: RolloutState): boolean {
  if (next.epoch === before.epoch || before.mode === "rolled-back") return false;
  const since = next.history.filter(({ to }) => to.epoch > before.epoch);
  return (
    since.length === next.epoch - before.epoch && since.every(({ kind }) => kind === "paused" || kind === "resumed")
  );
}
