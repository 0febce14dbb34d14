import { compareValues } from "../compare/compare.ts";
import { compileRules } from "../compare/rules/rules.ts";
import type { Comparison } from "../model/comparison.ts";
import type { Comparer } from "./comparer.ts";
import { directions, type WritesServices } from "./services.ts";
import { bothRecords, type BothRecords } from "./standing.ts";

/** A difference that stands, or why that cannot be said; `undefined` where both records are the same. */
export type Confirmed = (Comparison & { readonly kind: "mismatch" }) | "inconclusive" | undefined;

const standsTimes = 3;
const mostLooks = 50;
const pauseMs = 20;

const asTheyAre = compileRules(undefined, "reconcile");

/**
 * Looks at a key until its records are equal, or differ three times while nothing on it is on its way. Of a key whose operations
 * are not numbered both records also have to be the same each time, until all that was on its way at first is followed; so they have to
 * of a control that is followed by its changes, for as long as these may be behind it.
 */
export async function confirmed(services: WritesServices, compare: Comparer, key: string): Promise<Confirmed> {
  const behindMs = services.sides.control.changes?.behindMs;
  let stood = 0;
  let first: { readonly both: BothRecords; readonly latest: readonly number[] } | undefined;
  for (let look = 1; look <= mostLooks; look++) {
    const latest = (await lagOf(services)).map((each) => each.latest);
    const both = await bothRecords(services, directions(services), key);
    const comparison = both === undefined ? undefined : compared(both, compare);
    if (comparison?.kind === "match" || comparison?.kind === "ignored") return undefined;
    if (both !== undefined && comparison?.kind === "mismatch") {
      const isCertain = both.isNumbered && behindMs === undefined;
      if (isCertain) stood += 1;
      else if (first !== undefined && isSame(first.both, both)) stood += 1;
      else {
        stood = 1;
        first = { both, latest };
      }
      if (stood >= standsTimes && (isCertain || (await areFollowed(services, first!.latest)))) return comparison;
    }
    await services.sleep(stood > 0 ? (behindMs ?? pauseMs) : pauseMs);
  }
  return "inconclusive";
}

/** `undefined` where a side cannot be read. */
export function compared(
  { control, candidate }: Pick<BothRecords, "control" | "candidate">,
  compare: Comparer,
): Comparison | undefined {
  if (control.kind !== "returned" || candidate.kind !== "returned") return undefined;
  return compare(control.value, candidate.value);
}

/** Whether neither record has changed. */
export function isSame(a: BothRecords, b: BothRecords): boolean {
  return ([a.control, a.candidate] as const).every((outcome, index) => {
    const other = index === 0 ? b.control : b.candidate;
    if (outcome.kind !== "returned" || other.kind !== "returned") return false;
    return compareValues(outcome.value, other.value, asTheyAre).kind === "match";
  });
}

/** Whether all that was taken down up to here is followed. */
async function areFollowed(services: WritesServices, upTo: readonly number[]): Promise<boolean> {
  const lag = await lagOf(services);
  return lag.every(({ rows, first }, index) => rows === 0 || first > upTo[index]!);
}

/** What waits to be followed, on both sides. */
export function lagOf(
  services: WritesServices,
): Promise<readonly { readonly rows: number; readonly first: number; readonly latest: number }[]> {
  return Promise.all(directions(services).map(({ from }) => from.once((tx) => from.store.count(tx, from.stream))));
}
