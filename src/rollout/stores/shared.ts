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

/** What a text is as JSON; `undefined` where it is none. */
export function json(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** A name without what databases have no text for, or take for something else: NUL, halves of characters, braces. */
export function escaped(name: string): string {
  return name.replace(
    /[\\\0{}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The name that was {@link escaped}. */
export function unescaped(name: string): string {
  return name.replace(/\\([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
