import { packedTables, unpackedTables } from "./row-text.ts";
import { isTable, json, mergedUnits } from "./shared.ts";
import type { ReportedUnits } from "./store.ts";

/** The first rows of tables in the list of an experiment, merged: a judge does not read them again. */
export interface MergedRows {
  readonly epoch: number;
  /** The last window that is left out, as the store has it. */
  readonly through: string;
  /** How many rows those are, after how many folds. */
  readonly count: number;
  readonly folds: string;
  readonly tables: readonly VersionTables[];
  /** Those of the rows that are of a later epoch, as they came: its judge reads them. */
  readonly later: readonly string[];
  /** How many characters the last fold wrote, and how many there are in rows since. */
  readonly folded: number;
  readonly unfolded: number;
}

interface VersionTables {
  readonly version: string;
  readonly units: readonly ReportedUnits[];
}

/** One row of tables as text. */
export function tablesText({ epoch, version, units }: VersionTables & { readonly epoch: number }): string {
  return JSON.stringify([epoch, version, packedTables(units)]);
}

/** Tables by version, with those of further rows. */
export function mergedOf(
  before: MergedRows | undefined,
  rows: readonly string[],
  epoch: number,
  through: string,
): Pick<MergedRows, "tables" | "later"> {
  if (before && rows.length === 0 && before.through === through) return before;
  const after = through === "" ? -Infinity : Number(through);
  const byVersion = new Map((before?.tables ?? []).map(({ version, units }) => [version, [...units]]));
  const later = [...(before?.later ?? [])];
  for (const text of rows) {
    const row = json(text);
    const [of, version, packed] = Array.isArray(row) ? (row as unknown[]) : [];
    if (Number.isSafeInteger(of) && (of as number) > epoch) later.push(text);
    if (of !== epoch || typeof version !== "string" || !Array.isArray(packed)) continue;
    byVersion.set(version, [...(byVersion.get(version) ?? []), ...unpackedTables(packed)]);
  }
  const tables = [...byVersion].map(([version, units]) => ({
    version,
    units: mergedUnits(units.filter((each) => !isTable(each) || each.window > after)),
  }));
  return { tables, later };
}
