import { BitTable } from "./bit-table.ts";
import type { WindowUnits } from "./window-units.ts";

/** One window's tables, read. */
interface ReadWindow {
  /** What it was read from, where that is one text. */
  readonly from?: WindowUnits;
  readonly seen: BitTable;
  readonly gates: Map<string, { readonly bad: BitTable; readonly seen: BitTable }>;
}

/** Which tables merge: those of one window under one secret and at one level. */
export function groupOf({ window, fingerprint, level }: WindowUnits): string {
  return `${window} ${fingerprint} ${level}`;
}

/** Tables as one for each window, secret and level, in the order in which they first come: a place is set where it was in any. */
export function mergedWindows(windows: readonly WindowUnits[]): readonly WindowUnits[] {
  const groups = new Map<string, WindowUnits[]>();
  for (const each of windows) {
    const group = groupOf(each);
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    if (group.length === 1) return group[0]!;
    const sum = emptyWindow();
    for (const each of group) addTo(sum, each);
    return written(group[0]!, sum);
  });
}

/** What of a process's tables its store does not have yet: a place is sent once, unless the store failed. */
export class UnsentUnits {
  #sent = new Map<string, ReadWindow>();
  #offered = new Map<string, ReadWindow>();

  /** The new places of each window with new ones. */
  next(windows: readonly WindowUnits[]): readonly WindowUnits[] {
    this.#offered = new Map();
    return windows.flatMap((each) => {
      const group = groupOf(each);
      const before = this.#sent.get(group) ?? emptyWindow();
      if (before.from !== undefined && isSame(before.from, each)) {
        this.#offered.set(group, before);
        return [];
      }
      const now: ReadWindow = { from: each, ...emptyWindow() };
      addTo(now, each);
      this.#offered.set(group, now);
      const rest: ReadWindow = { seen: now.seen.without(before.seen), gates: new Map() };
      let isEmpty = rest.seen.count === 0;
      for (const [name, { bad, seen }] of now.gates) {
        const known = before.gates.get(name);
        const more = {
          bad: known ? bad.without(known.bad) : bad,
          seen: known ? seen.without(known.seen) : seen,
        };
        isEmpty &&= more.bad.count === 0 && more.seen.count === 0;
        rest.gates.set(name, more);
      }
      return isEmpty ? [] : [written(each, rest)];
    });
  }

  /** The store has what was last offered. */
  arrived(): void {
    this.#sent = this.#offered;
  }
}

function isSame(one: WindowUnits, other: WindowUnits): boolean {
  const names = Object.keys(one.gates);
  return (
    one.seen === other.seen &&
    names.length === Object.keys(other.gates).length &&
    names.every(
      (name) => one.gates[name]!.bad === other.gates[name]?.bad && one.gates[name]!.seen === other.gates[name]?.seen,
    )
  );
}

function emptyWindow(): ReadWindow {
  return { seen: new BitTable(), gates: new Map() };
}

function addTo(sum: ReadWindow, { seen, gates }: WindowUnits): void {
  // What cannot be read is another process's mistake, and says nothing.
  const all = BitTable.decode(seen) ?? new BitTable();
  sum.seen.or(all);
  for (const [name, given] of Object.entries(gates)) {
    const gate = sum.gates.get(name) ?? { bad: new BitTable(), seen: new BitTable() };
    sum.gates.set(name, gate);
    gate.bad.or(BitTable.decode(given.bad) ?? new BitTable());
    gate.seen.or(given.seen === undefined ? all : (BitTable.decode(given.seen) ?? new BitTable()));
  }
}

function written({ window, level, fingerprint }: WindowUnits, { seen, gates }: ReadWindow): WindowUnits {
  const all = seen.encode();
  const named = [...gates].map(([name, gate]) => {
    const judged = gate.seen.encode();
    return [name, { bad: gate.bad.encode(), ...(judged !== all && { seen: judged }) }] as const;
  });
  return { window, level, fingerprint, seen: all, gates: Object.fromEntries(named) };
}
