import { BitTable } from "./bit-table.ts";
import { GateEvidence } from "./gate-evidence.ts";
import type { Gate } from "./gates.ts";
import { distinctKeys } from "./units.ts";
import type { FoldedUnits, MergeableUnits, UnitSums, WindowUnits } from "./window-units.ts";

/** How many windows are kept as tables, the present one beside them. */
export const keptWindows = 4;
// Reports of a window that has ended may still be under way.
const graceMs = 15_000;

/** The units of all processes. */
export interface Merged extends UnitSums {
  /** Good units of windows that have not ended, by gate. */
  readonly open: Readonly<Record<string, number>>;
}

/** One window of all processes. */
interface MergedWindow extends UnitSums {
  readonly window: number;
  /** How many distinct keys it had. */
  readonly distinct: number;
}

/**
 * Adds up the units of many processes: a key that several of them saw in one window is one unit, bad where it was bad in any. Tables
 * under unlike secrets or at unlike levels do not merge: of several such groups in a window, the one with the most units counts
 * alone, since none is chosen by how its keys fared. Windows older than the last few are folded into sums.
 */
export class FleetUnits {
  readonly #gates: readonly Gate[];
  readonly #windowMs: number;
  readonly #alarms: readonly GateEvidence[];
  // What each window was last merged from, and into.
  #lastMerged = new Map<string, { readonly tables: readonly WindowUnits[]; readonly into: MergedWindow }>();
  #folded: FoldedUnits | undefined = undefined;
  #fedThrough = -Infinity;
  // The present window at the last merge, and the last one that all reports had come of by then; none where no window was left.
  #mergedAt: readonly number[] = [];
  #unkeyedFed: UnitSums | undefined = undefined;
  #alarmed: { readonly gate: string; readonly since: number } | undefined = undefined;

  /** @param falseAlarmEvery the mean number of units, and of windows, to a false alarm is at least this */
  constructor(gates: readonly Gate[], windowMs: number, falseAlarmEvery: number) {
    this.#gates = gates;
    this.#windowMs = windowMs;
    this.#alarms = gates.map(({ max }) => new GateEvidence(max, falseAlarmEvery));
  }

  /** What earlier windows of all processes came to; absent before there are any. */
  get folded(): FoldedUnits | undefined {
    return this.#folded;
  }

  /** The gate that alarms over all processes, and since when. */
  get alarmed(): { readonly gate: string; readonly since: number } | undefined {
    return this.#alarmed;
  }

  /** Whether a window has ended since the last merge, or the time is over in which reports of it may come. */
  isDue(now: number): boolean {
    const at = this.#windowsAt(now);
    return this.#mergedAt.some((window, index) => window !== at[index]);
  }

  #windowsAt(now: number): readonly number[] {
    return this.#windowMs > 0 ? [now, now - graceMs].map((at) => Math.floor(at / this.#windowMs)) : [0, 0];
  }

  /** Merges what processes reported last, this one among them. @param now wall time in milliseconds */
  merge(reports: readonly MergeableUnits[], now: number): Merged & { readonly distinct: number } {
    const windows = this.#windowsOf(reports);
    this.#mergedAt = windows.length > 0 ? this.#windowsAt(now) : [];
    const best = this.#bestFold(reports, windows);
    const unkeyed = sumOf(reports.map((report) => report.unkeyed));
    const isOver = ({ window }: MergedWindow): boolean => (window + 1) * this.#windowMs <= now;
    const after = windows.filter(({ window }) => window > (best?.through ?? -Infinity));
    const over = after.filter(isOver);
    const present = after.filter((each) => !isOver(each));
    this.#feed(over, unkeyed, now);
    this.#fold(best, over, now);
    // Of a window that has not ended only the bad ones are known.
    const bad = present.map(({ gates }) => ({
      units: 0,
      gates: mapValues(gates, (each) => ({ ...each, units: each.bad })),
    }));
    const open = mapValues(sumOf(present).gates, (each) => each.units - each.bad);
    const sums = sumOf([...(best ? [best] : []), ...over, ...bad, unkeyed]);
    const units = sums.units + present.reduce((all, each) => all + each.units, 0);
    return { ...sums, units, open, distinct: over.at(-1)?.distinct ?? 0 };
  }

  #windowsOf(reports: readonly MergeableUnits[]): readonly MergedWindow[] {
    const groups = new Map<number, Map<string, WindowUnits[]>>();
    for (const each of reports.flatMap(({ windows }) => windows)) {
      if (!Number.isSafeInteger(each.window)) continue;
      const ofWindow = groups.get(each.window) ?? new Map<string, WindowUnits[]>();
      groups.set(each.window, ofWindow);
      const group = `${each.fingerprint} ${each.level}`;
      ofWindow.set(group, [...(ofWindow.get(group) ?? []), each]);
    }
    const before = this.#lastMerged;
    this.#lastMerged = new Map();
    const mergedOf = (window: number, group: string, tables: readonly WindowUnits[]): MergedWindow => {
      const last = before.get(`${window} ${group}`);
      const merged = last && areSame(last.tables, tables) ? last : { tables, into: this.#merged(window, tables) };
      this.#lastMerged.set(`${window} ${group}`, merged);
      return merged.into;
    };
    return [...groups]
      .sort(([a], [b]) => a - b)
      .map(([window, ofWindow]) => {
        const merged = [...ofWindow].map(([group, tables]) => mergedOf(window, group, tables));
        return merged.reduce((most, each) => (each.units > most.units ? each : most));
      });
  }

  #merged(window: number, tables: readonly WindowUnits[]): MergedWindow {
    const seen = orOf(tables.map((each) => each.seen));
    const gates: Record<string, { units: number; bad: number }> = {};
    for (const { name } of this.#gates) {
      const given = tables.flatMap((table) => (table.gates[name] ? [{ all: table.seen, ...table.gates[name] }] : []));
      if (given.length === 0) continue;
      const bad = orOf(given.map((each) => each.bad));
      const isAll = given.length === tables.length && given.every((each) => each.seen === undefined);
      const units = isAll ? new BitTable() : orOf(given.map((each) => each.seen ?? each.all));
      if (isAll) units.or(seen);
      // A bad unit is one, whatever was lost on the way.
      units.or(bad);
      gates[name] = { units: units.count, bad: bad.count };
    }
    return { window, units: seen.count, gates, distinct: distinctKeys(seen.count, tables[0]!.level) };
  }

  /** Of the folds that processes know, the one that amounts to most with the windows after it. */
  #bestFold(reports: readonly MergeableUnits[], windows: readonly MergedWindow[]): FoldedUnits | undefined {
    const folds = reports.flatMap(({ folded }) => (folded && Number.isSafeInteger(folded.through) ? [folded] : []));
    if (this.#folded) folds.push(this.#folded);
    const worth = (fold: FoldedUnits | undefined): number =>
      windows.reduce(
        (all, { window, units }) => all + (window > (fold?.through ?? -Infinity) ? units : 0),
        fold?.units ?? 0,
      );
    let best: FoldedUnits | undefined = undefined;
    for (const fold of folds) if (worth(fold) > worth(best)) best = fold;
    return best;
  }

  #fold(best: FoldedUnits | undefined, over: readonly MergedWindow[], now: number): void {
    const last = Math.floor(now / this.#windowMs) - keptWindows;
    const old = over.filter(({ window }) => window < last);
    if (best === undefined && old.length === 0) return;
    const through = old.at(-1)?.window ?? best!.through;
    this.#folded = { through, ...sumOf([...(best ? [best] : []), ...old]) };
  }

  /** Feeds the alarms: each window once, when all reports of it may have come; what has no window, by what is new. */
  #feed(over: readonly MergedWindow[], unkeyed: UnitSums, now: number): void {
    for (const each of over) {
      if (each.window <= this.#fedThrough || (each.window + 1) * this.#windowMs + graceMs > now) continue;
      this.#fedThrough = each.window;
      this.#watch(each, each.window * this.#windowMs);
    }
    const before = this.#unkeyedFed;
    this.#unkeyedFed = unkeyed;
    this.#watch({ units: 0, gates: mapValues(unkeyed.gates, (each, name) => less(each, before?.gates[name])) }, now);
  }

  #watch({ gates }: UnitSums, at: number): void {
    this.#gates.forEach(({ name, by, dryRun }, index) => {
      const of = gates[name];
      if (of === undefined || by === "calls" || dryRun === true || !(of.units > 0)) return;
      const alarm = this.#alarms[index]!;
      if (alarm.addWindow(of.units, Math.min(of.bad, of.units), at)) {
        this.#alarmed ??= { gate: name, since: alarm.regressedSince! };
      }
    });
  }
}

/** What came since; nothing where there is less than before, as when a process's report is gone. */
function less(
  now: { readonly units: number; readonly bad: number },
  before: { readonly units: number; readonly bad: number } | undefined,
): { units: number; bad: number } {
  const units = now.units - (before?.units ?? 0);
  return units > 0 ? { units, bad: Math.max(0, now.bad - (before?.bad ?? 0)) } : { units: 0, bad: 0 };
}

/** Whether tables are the same ones in the same order. */
function areSame(some: readonly WindowUnits[], others: readonly WindowUnits[]): boolean {
  return some.length === others.length && some.every((table, index) => isSame(table, others[index]!));
}

function isSame(one: WindowUnits, other: WindowUnits): boolean {
  if (one === other) return true;
  const names = Object.keys(one.gates);
  return (
    one.seen === other.seen &&
    names.length === Object.keys(other.gates).length &&
    names.every((name) => {
      const [of, its] = [one.gates[name]!, other.gates[name]];
      return of.bad === its?.bad && of.seen === its.seen;
    })
  );
}

function orOf(encoded: readonly string[]): BitTable {
  const all = new BitTable();
  // What cannot be read is another process's mistake, and says nothing.
  for (const text of new Set(encoded)) all.addText(text);
  return all;
}

function sumOf(sums: readonly UnitSums[]): UnitSums {
  const gates: Record<string, { units: number; bad: number }> = {};
  for (const each of sums) {
    for (const [name, { units, bad }] of Object.entries(each.gates)) {
      const sum = (gates[name] ??= { units: 0, bad: 0 });
      sum.units += units;
      sum.bad += bad;
    }
  }
  return { units: sums.reduce((all, { units }) => all + units, 0), gates };
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
