import { grouped, howMany, instant, percent, span } from "./figures.ts";
import type { WritesBehind, WritesHolder, WritesReconciled, WritesStanding } from "./writes-standing.ts";

/** One thing that is to be said of parallel writes. */
export interface WritesFact {
  readonly name: string;
  readonly fact: string;
}

/** How parallel writes stand, as people read it: who holds which bucket, what waits on either way, and the last reconciliation. */
export function writesFacts(writes: WritesStanding, now: number): readonly WritesFact[] {
  const { at, stage, share, lag, holders, lastReconciliation } = writes;
  const wished = stage === "ramp" ? `ramp at ${percent(share)}` : stage;
  return [
    { name: "buckets", fact: `${heldBy(holders)}; the stage is ${wished}` },
    { name: "control → candidate", fact: behindOf(lag.control) },
    { name: "candidate → control", fact: behindOf(lag.candidate) },
    { name: "reconciled", fact: reconciledOf(lastReconciliation, now) },
    { name: "read", fact: `${instant(at)} UTC, ${agoOf(at, now)}` },
  ];
}

/** Such as `candidate 0-15, moving 16, control 17-63`. */
function heldBy(holders: WritesStanding["holders"]): string {
  const spans = new Map<WritesHolder, string[]>();
  let first = 0;
  for (const [holder, count] of holders) {
    const last = first + count - 1;
    spans.set(holder, [...(spans.get(holder) ?? []), last > first ? `${first}-${last}` : `${first}`]);
    first += count;
  }
  const [only] = [...spans.keys()];
  if (spans.size === 1) return `all ${first} ${only === "moving" || only === "unknown" ? only : `${only}'s`}`;
  return [...spans].map(([holder, each]) => `${holder} ${each.join(", ")}`).join("; ");
}

function behindOf(behind: WritesBehind | undefined): string {
  if (behind === undefined) return "UNKNOWN: that side's database could not be read";
  const { rows, oldestMs, dead, blocked, skipped } = behind;
  const waits =
    rows === 0 ? "nothing waits" : `${howMany(rows, "operation")} waiting, the oldest for ${span(oldestMs)}`;
  return [
    waits,
    ...(dead > 0 ? [`${grouped(dead)} DEAD`] : []),
    ...(blocked > 0 ? [`${howMany(blocked, "record")} BLOCKED`] : []),
    ...(skipped > 0 ? [`${grouped(skipped)} skipped since the last reconciliation`] : []),
  ].join(", ");
}

function reconciledOf(last: WritesReconciled | undefined, now: number): string {
  if (last === undefined) return "never: no bucket moves to the candidate";
  const { at, clean, keys, findings = 0, inconclusive = 0, invariants = 0 } = last;
  const looked = keys === undefined ? "" : ` of ${howMany(keys, "record")}`;
  const found = [
    `${howMany(findings, "finding")}${looked}`,
    ...(inconclusive > 0 ? [`${grouped(inconclusive)} inconclusive`] : []),
    ...(invariants > 0 ? [`${howMany(invariants, "invariant")} broken`] : []),
  ].join(", ");
  return `${clean ? "clean" : "NOT CLEAN"}, ${agoOf(at, now)}${keys === undefined ? "" : `: ${found}`}`;
}

function agoOf(at: number, now: number): string {
  return now > at ? `${span(now - at)} ago` : "now";
}
