import { SidelaneError } from "../../model/errors.ts";
import { mergedWindows } from "../../stats/merge-windows.ts";
import type { ProcessReport, Report, ReportedUnits } from "./store.ts";

/** Merges tables of all calls, and those of what the candidate answered. */
export function mergedUnits(units: readonly ReportedUnits[]): readonly ReportedUnits[] {
  const served = units.filter((each) => each.served === true);
  const all = units.filter((each) => each.served !== true);
  return [...mergedWindows(all), ...mergedWindows(served).map((each) => ({ ...each, served: true as const }))];
}

export function oldFence(experiment: string): SidelaneError {
  return new SidelaneError(
    "invalid-state",
    `collect(${JSON.stringify(experiment)}): expected the present judge's fence, got an older one. Another process judges by now`,
  );
}

/** What a store keeps of a report beside its tables. @param at when it came, by the store's clock */
export function rowOf(
  { process, epoch, evidenceEpoch, version, leaves, candidates }: Report,
  at: number,
): ProcessReport {
  return {
    ...{ process, epoch, evidenceEpoch, at, candidates },
    ...(version !== undefined && { version }),
    ...(leaves === true && { leaves }),
  };
}
