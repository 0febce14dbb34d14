import { alternativesFor, evidenceForReady, unitsToCertify, upperBound } from "./evidence.ts";

/** What a gate says of the next step. */
export type GateState = "ready" | "not-ready" | "insufficient" | "regressed";

/** Where one gate stands. */
export interface GateReading {
  readonly name: string;
  /** The tolerated rate. */
  readonly max: number;
  /** Units that the gate could judge, of windows that have ended; and the bad ones of the present window. */
  readonly units: number;
  /** How many of them were bad. */
  readonly bad: number;
  /** `bad / units`; 0 without units. */
  readonly rate: number;
  /** What the true rate does not exceed, at the verdict's confidence, however often one looks. */
  readonly upperBound: number;
  /**
   * What `units` and `bad` are, where it is not units: `calls`, and then `upperBound` is the rate itself; `blocks` of 32 timed pairs; or
   * answers from `outside` in this step, and then `upperBound` is the last one.
   */
  readonly by?: "units" | "calls" | "blocks" | "outside";
  /** Of a gate from outside: its last answer; absent where there is none. */
  readonly last?: number;
  /** What the gate's answer leaves out, or why it has none, as half a sentence. */
  readonly note?: string;
  readonly state: GateState;
  /** Whether the gate is only shown: the verdict does not go by it. */
  readonly dryRun?: true;
  /** How many further units, all good, would make it ready; 0 when it is. */
  readonly moreUnits: number;
  /** Wall time at which the alarmed regression began. */
  readonly regressedSince?: number;
  /** What the gate saw from then until it alarmed, and how much of it was bad. */
  readonly alarmedBy?: { readonly seen: number; readonly bad: number };
}

/** What a gate has seen. */
export interface GateEvidence {
  readonly name: string;
  readonly max: number;
  readonly by?: "units" | "calls" | "blocks" | "outside";
  /** Whether it may need many calls for its first answer; then `silence` says why it will have none. */
  readonly remembers?: boolean;
  readonly dryRun?: boolean;
  readonly silence?: string;
  readonly note?: string;
  /** Calls in which the gate failed to say anything. */
  readonly failed?: number;
  readonly units: number;
  readonly bad: number;
  /** Good units of the present window, which count when it has ended. */
  readonly open: number;
  readonly calls: number;
  readonly badCalls: number;
  readonly regressedSince?: number;
  readonly alarmedBy?: { readonly seen: number; readonly bad: number };
}

// More bad calls than so many times the tolerated rate are never ready, however few units they make.
const floodRatio = 10;
// From so many calls on, a share of them says something.
export const enoughToTell = 100;

/** What a gate counts. */
export function nounOf({ by }: Pick<GateReading, "by">): string {
  return (
    by === "calls" ? "call"
    : by === "blocks" ? "block of 32 pairs"
    : "unit"
  );
}

/** A gate that goes by calls compares the share itself: no test, and no alarm. */
function readCalls({ name, max, calls, badCalls, dryRun }: GateEvidence): GateReading {
  const rate = calls === 0 ? 0 : badCalls / calls;
  const ready = calls > 0 && rate <= max;
  const state =
    ready ? "ready"
    : calls >= enoughToTell ? "not-ready"
    : "insufficient";
  const moreUnits = ready ? 0 : Math.max(1, Math.ceil(badCalls / max) - calls);
  const facts = {
    name,
    max,
    by: "calls",
    units: calls,
    bad: badCalls,
    rate,
    upperBound: rate,
    state,
    moreUnits,
  } as const;
  return dryRun ? { ...facts, dryRun } : facts;
}

/** Where a gate stands. @param risk the chance of ever calling an unready candidate ready */
export function readGate(gate: GateEvidence, risk: number): GateReading {
  if (gate.by === "calls") return readCalls(gate);
  const { name, max, by, units, bad, open, calls, badCalls, regressedSince } = gate;
  const rate = units === 0 ? 0 : bad / units;
  // One customer that is always wrong is a single unit a window, and many calls.
  const flooded = badCalls > floodRatio * max * calls;
  const ready = !flooded && units > 0 && evidenceForReady(units, bad, max) >= Math.log(1 / risk);
  const state =
    regressedSince !== undefined ? "regressed"
    : ready ? "ready"
    : (flooded || rate >= max) && units >= unitsToCertify(0, max, risk) ? "not-ready"
    : "insufficient";
  return {
    name,
    max,
    units,
    bad,
    rate,
    upperBound: upperBound(units, bad, risk, alternativesFor(max)),
    state,
    moreUnits: ready ? 0 : Math.max(open > 0 && !flooded ? 0 : 1, unitsToCertify(bad, max, risk) - units - open),
    ...(by !== undefined && { by }),
    ...(gate.dryRun === true && { dryRun: true }),
    ...((gate.silence ?? gate.note) !== undefined && { note: (gate.silence ?? gate.note)! }),
    ...(regressedSince !== undefined && { regressedSince }),
    ...(gate.alarmedBy !== undefined && { alarmedBy: gate.alarmedBy }),
  };
}
