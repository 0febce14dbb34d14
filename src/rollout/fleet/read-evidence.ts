import { isCount, isObject } from "../../model/plain-data.ts";
import { readWritesStanding } from "../../model/writes-standing.ts";
import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import type { FoldedUnits, UnitSums } from "../../stats/window-units.ts";
import type { FleetVerdict, ProcessReport } from "../stores/store.ts";

// A ramp has a handful of gates, and their names are a few words.
const mostGates = 100;
const mostName = 1_000;

/**
 * Reads what one process reported: a row that another program wrote, or an older release.
 *
 * @returns `undefined` where something in it is no number, is less than nothing, or is too much
 */
export function readReport(given: unknown): ProcessReport | undefined {
  if (!isObject(given)) return undefined;
  const { process, epoch, evidenceEpoch, version, at, leaves, candidates } = given;
  if (typeof process !== "string" || process === "" || process.length > mostName) return undefined;
  if (![epoch, evidenceEpoch, at].every((each) => isCount(each))) return undefined;
  if (version !== undefined && typeof version !== "string") return undefined;
  const totals = isObject(candidates) ? readTotals(candidates) : undefined;
  if (totals === undefined) return undefined;
  const writes = readWritesStanding(given["writes"]);
  return {
    process,
    epoch: epoch as number,
    evidenceEpoch: evidenceEpoch as number,
    at: at as number,
    ...(version !== undefined && { version }),
    ...(leaves === true && { leaves }),
    ...(writes && { writes }),
    candidates: totals,
  };
}

/** Reads totals by the candidates' names; `undefined` where one is none. */
export function readTotals(given: Record<string, unknown>): Record<string, EvidenceTotals> | undefined {
  const all = Object.entries(given);
  if (all.length > mostGates) return undefined;
  const read = all.map(([name, each]) => [name, totalsOf(each)] as const);
  if (read.some(([name, each]) => each === undefined || name.length > mostName)) return undefined;
  return Object.fromEntries(read) as Record<string, EvidenceTotals>;
}

/** Reads what was folded of units; `undefined` where it is none. */
export function readFolded(given: unknown): FoldedUnits | undefined {
  const sums = unkeyedOf(given);
  const { through } = isObject(given) ? given : {};
  return sums && Number.isSafeInteger(through) ? { through: through as number, ...sums } : undefined;
}

/** Whether that is what a judge found, as far as others act on it. */
export function isFleetVerdict(given: unknown): given is FleetVerdict {
  if (!isObject(given) || !isObject(given["verdict"]) || !isObject(given["distinct"])) return false;
  const { at, evidenceEpoch, verdict, distinct } = given;
  const isCounted = [at, evidenceEpoch, distinct["all"], distinct["served"]].every((each) => isCount(each));
  const { kind, gates, reasons } = verdict;
  const areReasons = Array.isArray(reasons) && reasons.every((each) => typeof each === "string");
  return isCounted && typeof kind === "string" && areReasons && Array.isArray(gates) && gates.every(isObject);
}

function totalsOf(given: unknown, isServed = false): EvidenceTotals | undefined {
  if (!isObject(given)) return undefined;
  const { comparisons, units, keys, gates, mergeable, served } = given;
  if (![comparisons, units, keys].every((each) => isCount(each))) return undefined;
  const ofGates = gatesOf(gates, ["units", "bad", "calls", "badCalls"]);
  const unkeyed = isObject(mergeable) ? unkeyedOf(mergeable["unkeyed"]) : undefined;
  const ofServed = served === undefined || isServed ? undefined : totalsOf(served, true);
  if (ofGates === undefined || (mergeable !== undefined && unkeyed === undefined)) return undefined;
  if (served !== undefined && ofServed === undefined) return undefined;
  return {
    comparisons: comparisons as number,
    units: units as number,
    keys: keys as number,
    gates: ofGates,
    ...(unkeyed !== undefined && { mergeable: { unkeyed, windows: [] } }),
    ...(ofServed !== undefined && { served: ofServed }),
  };
}

function unkeyedOf(given: unknown): UnitSums | undefined {
  if (!isObject(given) || !isCount(given["units"])) return undefined;
  const gates = gatesOf(given["gates"], ["units", "bad"]);
  return gates && { units: given["units"], gates };
}

function gatesOf<Name extends string>(
  given: unknown,
  names: readonly Name[],
): Record<string, Record<Name, number>> | undefined {
  if (!isObject(given)) return undefined;
  const all = Object.entries(given);
  if (all.length > mostGates || all.some(([name]) => name.length > mostName)) return undefined;
  const read: [string, Record<Name, number>][] = [];
  for (const [gate, of] of all) {
    if (!isObject(of) || !names.every((name) => isCount(of[name]))) return undefined;
    read.push([gate, Object.fromEntries(names.map((name) => [name, of[name]])) as Record<Name, number>]);
  }
  return Object.fromEntries(read);
}

/** Adds up two processes' totals. */
export function sumOfTotals(
  one: Readonly<Record<string, EvidenceTotals>>,
  other: Readonly<Record<string, EvidenceTotals>>,
): Record<string, EvidenceTotals> {
  const sum: Record<string, EvidenceTotals> = { ...one };
  for (const [name, each] of Object.entries(other)) sum[name] = sum[name] ? added(sum[name], each) : each;
  return sum;
}

function added(one: EvidenceTotals, other: EvidenceTotals, sign: 1 | -1 = 1): EvidenceTotals {
  const unkeyed = [one, other].map(({ mergeable }) => mergeable?.unkeyed ?? { units: 0, gates: {} });
  const served = one.served && other.served ? added(one.served, other.served, sign) : (one.served ?? other.served);
  return {
    comparisons: sumOf(one.comparisons, other.comparisons, sign),
    units: sumOf(one.units, other.units, sign),
    // Who is a key of two processes cannot be told from counts.
    keys: Math.max(one.keys, other.keys),
    gates: addedGates(one.gates, other.gates, sign),
    mergeable: {
      unkeyed: {
        units: sumOf(unkeyed[0]!.units, unkeyed[1]!.units, sign),
        gates: addedGates(unkeyed[0]!.gates, unkeyed[1]!.gates, sign),
      },
      windows: [],
    },
    ...(served !== undefined && { served }),
  };
}

/** Takes one process's totals out of a sum that they are in. */
export function withoutTotals(
  sum: Readonly<Record<string, EvidenceTotals>>,
  part: Readonly<Record<string, EvidenceTotals>>,
): Record<string, EvidenceTotals> {
  const left: Record<string, EvidenceTotals> = { ...sum };
  for (const [name, each] of Object.entries(part)) if (left[name]) left[name] = added(left[name], each, -1);
  return left;
}

function addedGates<Numbers extends object>(
  one: Readonly<Record<string, Numbers>>,
  other: Readonly<Record<string, Numbers>>,
  sign: 1 | -1,
): Record<string, Numbers> {
  const sum: Record<string, Numbers> = { ...one };
  for (const [name, numbers] of Object.entries(other)) {
    const before = sum[name] as Record<string, number> | undefined;
    const added = Object.entries(numbers as Record<string, number>).map(([key, value]) => [
      key,
      sumOf(before?.[key] ?? 0, value, sign),
    ]);
    sum[name] = Object.fromEntries(added) as Numbers;
  }
  return sum;
}

function sumOf(one: number, other: number, sign: 1 | -1): number {
  return Math.max(0, one + sign * other);
}
