import { SidelaneError } from "../../model/errors.ts";
import { mergedWindows } from "../../stats/merge-windows.ts";
import type { ProcessReport, Report, ReportedUnits } from "./store.ts";

/** What stands for tables that are none, of which the judge tells. */
const unreadable: ReportedUnits = { window: -1, level: 0, fingerprint: "", seen: "unreadable", gates: {} };

/** Merges tables of all calls, and those of what the candidate answered. What is no table, since another program wrote it, is one `unreadable`. */
export function mergedUnits(given: readonly ReportedUnits[]): readonly ReportedUnits[] {
  const units = given.filter((each) => isTable(each) && each.seen !== unreadable.seen);
  const served = units.filter((each) => each.served === true);
  const all = units.filter((each) => each.served !== true);
  const tables = [...mergedWindows(all), ...mergedWindows(served).map((each) => ({ ...each, served: true as const }))];
  return units.length === given.length ? tables : [...tables, unreadable];
}

/** Whether something is a table of units, as far as can be told without reading its places. */
export function isTable(given: unknown): given is ReportedUnits {
  if (!isObject(given)) return false;
  const { window, level, fingerprint, seen, gates } = given;
  if (!Number.isSafeInteger(window) || !Number.isSafeInteger(level) || !isObject(gates)) return false;
  if (typeof fingerprint !== "string" || typeof seen !== "string") return false;
  return Object.values(gates).every(
    (gate) =>
      isObject(gate) && typeof gate["bad"] === "string" && ["string", "undefined"].includes(typeof gate["seen"]),
  );
}

function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === "object" && given !== null;
}

export function oldFence(experiment: string): SidelaneError {
  return new SidelaneError(
    "invalid-state",
    `collect(${JSON.stringify(experiment)}): expected the present judge's fence, got an older one. Another process judges by now`,
  );
}

/** What a store keeps of a report beside its tables. @param at when it came, by the store's clock */
export function rowOf(
  { process, epoch, evidenceEpoch, version, leaves, candidates, writes }: Report,
  at: number,
): ProcessReport {
  return {
    ...{ process, epoch, evidenceEpoch, at, candidates },
    ...(version !== undefined && { version }),
    ...(leaves === true && { leaves }),
    ...(writes !== undefined && { writes }),
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
