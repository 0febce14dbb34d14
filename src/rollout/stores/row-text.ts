import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import { readReport } from "../fleet/read-evidence.ts";
import { isTable, json, rowOf } from "./shared.ts";
import type { ProcessReport, Report, ReportedUnits } from "./store.ts";

// Each process sends one for each experiment every 10 s, and a judge reads those of all processes: numbers go without their names.
const ofGate = ["units", "bad", "calls", "badCalls"] as const;
const ofUnkeyed = ["units", "bad"] as const;

/** What a store keeps of a report beside its tables, as text. What is no report stays as it is, for the judge to tell of. */
export function rowText(report: Report): string {
  const row = rowOf(report, 0);
  const read = readReport(row);
  if (read === undefined) return JSON.stringify(row);
  const { process, epoch, evidenceEpoch, version, leaves, writes, candidates } = read;
  const totals = mapped(candidates, packed);
  const rare = leaves === undefined && writes === undefined ? [] : [{ leaves, writes }];
  return JSON.stringify([process, epoch, evidenceEpoch, version ?? null, totals, ...rare]);
}

/** A row as text: when it came, and what {@link rowText} made of the report. */
export function rowIn(text: string): ProcessReport {
  const space = text.indexOf(" ");
  const at = Number(text.slice(0, space));
  const row = json(text.slice(space + 1));
  if (!Array.isArray(row)) return { ...(row as ProcessReport), at };
  const [process, epoch, evidenceEpoch, version, totals, rare] = row as unknown[];
  return {
    ...{ process, epoch, evidenceEpoch, at, candidates: mapped(totals, unpacked) },
    ...(version !== null && { version }),
    ...(rare as object | undefined),
  } as ProcessReport;
}

/** Tables for text; what is none stays as it is. */
export function packedTables(units: readonly ReportedUnits[]): readonly unknown[] {
  return units.map((each) => {
    if (!isTable(each)) return each;
    const { window, level, fingerprint, seen, gates, served } = each;
    const ofGates = mapped(gates, (gate: ReportedUnits["gates"][string]) =>
      gate.seen === undefined ? gate.bad : [gate.bad, gate.seen],
    );
    return [window, level, fingerprint, seen, ofGates, ...(served === true ? [1] : [])];
  });
}

/** What {@link packedTables} were made of. */
export function unpackedTables(given: readonly unknown[]): readonly ReportedUnits[] {
  return given.map((each) => {
    if (!Array.isArray(each)) return each as ReportedUnits;
    const [window, level, fingerprint, seen, ofGates, served] = each as unknown[];
    const gates = mapped(ofGates, (gate: unknown) => {
      const [bad, judged] = Array.isArray(gate) ? (gate as unknown[]) : [gate];
      return { bad, ...(judged !== undefined && { seen: judged }) };
    });
    return { window, level, fingerprint, seen, gates, ...(served === 1 && { served: true }) } as ReportedUnits;
  });
}

/** The tables in a text of {@link packedTables}; none where it is no list. */
export function tablesIn(text: string): readonly ReportedUnits[] {
  const tables = json(text);
  return Array.isArray(tables) ? unpackedTables(tables) : [];
}

function packed({ comparisons, units, keys, gates, mergeable, served }: EvidenceTotals): readonly unknown[] {
  const unkeyed = mergeable && [mergeable.unkeyed.units, mapped(mergeable.unkeyed.gates, numbersOf(ofUnkeyed))];
  const ofServed = served && packed(served);
  return [comparisons, units, keys, mapped(gates, numbersOf(ofGate)), unkeyed ?? null, ...(ofServed ? [ofServed] : [])];
}

/** Of something else than totals: something that is none either. */
function unpacked(given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  const [comparisons, units, keys, gates, unkeyed, served] = given as unknown[];
  const [unkeyedUnits, unkeyedGates] = Array.isArray(unkeyed) ? (unkeyed as unknown[]) : [];
  return {
    ...{ comparisons, units, keys, gates: mapped(gates, namedBy(ofGate)) },
    ...(unkeyedUnits !== undefined && {
      mergeable: { unkeyed: { units: unkeyedUnits, gates: mapped(unkeyedGates, namedBy(ofUnkeyed)) }, windows: [] },
    }),
    ...(served !== undefined && { served: unpacked(served) }),
  };
}

function numbersOf<Name extends string>(
  names: readonly Name[],
): (of: Readonly<Record<Name, number>>) => readonly number[] {
  return (of) => names.map((name) => of[name]);
}

function namedBy(names: readonly string[]): (given: unknown) => unknown {
  return (given) =>
    Array.isArray(given) ? Object.fromEntries(names.map((name, index) => [name, given[index] as unknown])) : undefined;
}

/** `undefined` where it is no record. */
function mapped(of: unknown, map: (value: never) => unknown): unknown {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return undefined;
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(value as never)]));
}
