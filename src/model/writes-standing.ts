import { isCount, isObject } from "./plain-data.ts";

/** The two systems of parallel writes. */
export type WritesSide = "control" | "candidate";

/** The side that is the authority of a bucket of partitions: nobody while it is `moving`, `unknown` where a database could not be read. */
export type WritesHolder = WritesSide | "moving" | "unknown";

/** What waits to be followed of the operations whose authority one side was. */
export interface WritesBehind {
  /** Operations that are not followed yet, dead ones included. */
  readonly rows: number;
  /** Age of the oldest of them, in milliseconds; 0 without any. */
  readonly oldestMs: number;
  /** Operations that failed for good: a person has to see to them. */
  readonly dead: number;
  /** Records that wait behind a dead operation. */
  readonly blocked: number;
  /** Operations that a person skipped since all records were last compared. */
  readonly skipped: number;
}

/** What the last reconciliation came to, in numbers. */
export interface WritesReconciled {
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
  /** Whether all was looked at, and nothing differs. */
  readonly clean: boolean;
  /** Records that were looked at, those that differ, and those that could not be told; absent where an older release kept it. */
  readonly keys?: number;
  readonly findings?: number;
  readonly inconclusive?: number;
  /** Invariants that differ, or could not be looked at. */
  readonly invariants?: number;
}

/** How parallel writes stood, read from both databases: counts alone, and nothing of what is written. */
export interface WritesStanding {
  /** When it was read, in milliseconds since 1970. */
  readonly at: number;
  /** The stage that is wished for. */
  readonly stage: "off" | "shadow" | "ramp" | "live" | "ramp-down" | "complete";
  /** The share of partitions whose authority the candidate is to be in stage `ramp`, from 0 to 1. */
  readonly share: number;
  /** By the side that was the authority of what waits; without a side whose database could not be read. */
  readonly lag: { readonly [Side in WritesSide]?: WritesBehind };
  /** Who holds each of the 64 buckets, in the order of their numbers: a holder, and how many in a row are its. */
  readonly holders: readonly (readonly [WritesHolder, number])[];
  /** Absent where all records were never compared. */
  readonly lastReconciliation?: WritesReconciled;
}

/** How many of the 64 buckets each is the holder of. */
export function bucketsHeld(runs: WritesStanding["holders"]): Readonly<Record<WritesHolder, number>> {
  const held = (by: WritesHolder): number =>
    runs.reduce((sum, [holder, count]) => (holder === by ? sum + count : sum), 0);
  return Object.fromEntries(holders.map((holder) => [holder, held(holder)])) as Record<WritesHolder, number>;
}

const stages: readonly unknown[] = ["off", "shadow", "ramp", "live", "ramp-down", "complete"];
const holders: readonly WritesHolder[] = ["control", "candidate", "moving", "unknown"];
const mostRuns = 64;

/**
 * Reads what another program may have written: of each field what it is said to hold, and nothing else.
 *
 * @returns `undefined` where something is missing, or is no count
 */
export function readWritesStanding(given: unknown): WritesStanding | undefined {
  if (!isObject(given) || !stages.includes(given["stage"])) return undefined;
  const { at, stage, share } = given;
  const lag = lagOf(given["lag"]);
  const runs = runsOf(given["holders"]);
  if (!isCount(at) || !isCount(share) || share > 1) return undefined;
  if (lag === undefined || runs === undefined) return undefined;
  const reconciled = reconciledOf(given["lastReconciliation"]);
  return {
    ...{ at, stage, share, lag, holders: runs },
    ...(reconciled && { lastReconciliation: reconciled }),
  } as WritesStanding;
}

function lagOf(given: unknown): WritesStanding["lag"] | undefined {
  if (!isObject(given)) return undefined;
  const sides = ["control", "candidate"].filter((side) => given[side] !== undefined);
  const lag = sides.map((side) => [side, countsOf(given[side], behind)] as const);
  return lag.some(([, counts]) => counts === undefined) ? undefined : Object.fromEntries(lag);
}

const behind = ["rows", "oldestMs", "dead", "blocked", "skipped"];

function countsOf(given: unknown, names: readonly unknown[]): Record<string, number> | undefined {
  if (!isObject(given)) return undefined;
  const counts = (names as readonly string[]).map((name) => [name, given[name]] as const);
  return counts.every(([, count]) => isCount(count)) ?
      (Object.fromEntries(counts) as Record<string, number>)
    : undefined;
}

function runsOf(given: unknown): WritesStanding["holders"] | undefined {
  if (!Array.isArray(given) || given.length > mostRuns) return undefined;
  const runs = given.map((run: unknown) => (Array.isArray(run) ? (run as readonly unknown[]).slice(0, 2) : []));
  const areRuns = runs.every(([holder, count]) => (holders as readonly unknown[]).includes(holder) && isCount(count));
  return areRuns ? (runs as unknown as WritesStanding["holders"]) : undefined;
}

function reconciledOf(given: unknown): WritesReconciled | undefined {
  if (!isObject(given) || !isCount(given["at"]) || typeof given["clean"] !== "boolean") return undefined;
  const counts = ["keys", "findings", "inconclusive", "invariants"].filter((name) => isCount(given[name]));
  return {
    ...{ at: given["at"], clean: given["clean"] },
    ...Object.fromEntries(counts.map((name) => [name, given[name]])),
  };
}
