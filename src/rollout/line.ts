import { stages } from "./snapshot.ts";
import type { RolloutChange, RolloutState } from "./state.ts";

/**
 * Whether a state follows from a known one, or may: the last 50 states before it are named by its history, among them those that
 * were lost and are dealt with.
 */
export function follows(state: RolloutState, known: RolloutState): boolean {
  const { id, parent, history, epoch } = state;
  if (id === known.id || parent === known.id) return true;
  if (history.some((change) => [change.id, change.parent, change.lost].includes(known.id))) return true;
  // From before its history: a process that was away for so long cannot tell.
  const [oldest] = history;
  return oldest !== undefined && known.epoch < oldest.to.epoch && epoch - known.epoch > history.length;
}

/** Whether the candidate does less in one state than in another: a latch goes first, then who is served. */
export function isSafer(one: RolloutState, other: RolloutState): boolean {
  const isBack = one.mode === "rolled-back";
  if (isBack !== (other.mode === "rolled-back")) return isBack;
  const byStage = stages.indexOf(one.stage) - stages.indexOf(other.stage);
  return byStage < 0 || (byStage === 0 && one.share < other.share);
}

const leavesRunning: readonly RolloutChange["kind"][] = ["paused", "resumed", "compare-changed"];

/**
 * The epoch in which the evidence of a state's own began, and when: pausing, going on and comparing more or less leave what runs as
 * it is, and what was seen of it. Going on after an alarm does not, nor does clearing a rollback.
 */
export function evidenceOf(state: RolloutState): { readonly epoch: number; readonly since: number } {
  const { history } = state;
  let { epoch, changedAt: since } = state;
  for (let index = history.length - 1; index >= 0; index--) {
    const change = history[index]!;
    if (!leavesRunning.includes(change.kind) || endsEvidence(history, index)) break;
    epoch = history[index - 1]?.to.epoch ?? change.to.epoch - 1;
    since = history[index - 1]?.at ?? state.since;
  }
  return { epoch, since };
}

function endsEvidence(history: readonly RolloutChange[], index: number): boolean {
  if (history[index]!.kind !== "resumed") return false;
  const before = history.slice(0, index);
  const stop = before.findLast(
    ({ kind, pauses }) => kind === "paused" || kind === "rolled-back" || kind === "switched-off" || pauses === true,
  );
  return stop === undefined || stop.alarmed === true || stop.kind === "rolled-back" || stop.kind === "switched-off";
}

/** A state that was made by another clock, which was so much behind. */
export function later(state: RolloutState, byMs: number): RolloutState {
  const { since, changedAt, history } = state;
  return Object.freeze({
    ...state,
    ...{ since: since + byMs, changedAt: changedAt + byMs },
    history: Object.freeze(history.map((change) => ({ ...change, at: change.at + byMs }))),
  });
}
