import { BitTable, writtenSlots } from "./bit-table.ts";
import type { WindowUnits } from "./window-units.ts";

/** Which window, and under what. */
type WindowHead = Pick<WindowUnits, "window" | "level" | "fingerprint">;

/** One window's tables. */
interface Tables {
  readonly seen: BitTable;
  readonly gates: Map<string, { readonly bad: BitTable; readonly seen: BitTable }>;
}

/** Which tables merge: those of one window under one secret and at one level. */
export function groupOf({ window, fingerprint, level }: WindowHead): string {
  return `${window} ${fingerprint} ${level}`;
}

/** Tables as one for each window, secret and level, in the order in which they first come: a place is set where it was in any. */
export function mergedWindows(windows: readonly WindowUnits[]): readonly WindowUnits[] {
  const groups = new Map<string, WindowUnits[]>();
  for (const each of windows) {
    const group = groupOf(each);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [each]);
    else known.push(each);
  }
  return [...groups.values()].map((group) => {
    if (group.length === 1) return group[0]!;
    const sum = noTables();
    const whole = wholeGates(group);
    for (const each of group) addTo(sum, each, whole);
    return written(group[0]!, sum, whole);
  });
}

/** The gates that judged all that was seen, in each of these windows. */
function wholeGates(windows: readonly WindowUnits[]): ReadonlySet<string> {
  const names = new Set(Object.keys(windows[0]!.gates));
  for (const name of names) {
    if (!windows.every(({ gates }) => gates[name] !== undefined && gates[name].seen === undefined)) names.delete(name);
  }
  return names;
}

/** A window that a process still adds to, as its tables are. */
export interface OpenWindow extends WindowHead {
  readonly seen: BitTable;
  readonly gates: ReadonlyMap<string, { readonly bad: BitTable; readonly seen: BitTable }>;
}

/** The new places of one window. */
interface News {
  readonly seen: readonly number[];
  readonly gates: readonly (readonly [string, { readonly bad: readonly number[]; readonly seen: readonly number[] }])[];
}

/** What the store has of one window, and what it was offered last. */
interface Sent extends Tables {
  /** The whole of a window that is over, once the store has it. */
  closed: WindowUnits | undefined;
  offered: { readonly news: News; readonly closed: WindowUnits | undefined } | undefined;
}

/** What of a process's tables its store does not have yet: a place is sent once, unless the store failed. */
export class UnsentUnits {
  #sent = new Map<string, Sent>();

  /** The new places of each window with new ones. @param closed windows that are over @param open those that are not */
  next(closed: readonly WindowUnits[], open: readonly OpenWindow[]): readonly WindowUnits[] {
    const sent = this.#sent;
    this.#sent = new Map();
    const known = (given: WindowHead): Sent => {
      const group = groupOf(given);
      const of = this.#sent.get(group) ?? sent.get(group) ?? { ...noTables(), closed: undefined, offered: undefined };
      this.#sent.set(group, of);
      return of;
    };
    const ofClosed = closed.flatMap((each) => {
      const of = known(each);
      if (of.closed === each) {
        of.offered = undefined;
        return [];
      }
      return offer(each, of, tablesOf(each), each);
    });
    return [...ofClosed, ...open.flatMap((each) => offer(each, known(each), each, undefined))];
  }

  /** The store has what was last offered. */
  arrived(): void {
    for (const of of this.#sent.values()) {
      if (of.offered === undefined) continue;
      const { news, closed } = of.offered;
      for (const slot of news.seen) of.seen.add(slot);
      for (const [name, { bad, seen }] of news.gates) {
        const gate = gateOf(of, name);
        for (const slot of bad) gate.bad.add(slot);
        for (const slot of seen) gate.seen.add(slot);
      }
      of.closed = closed ?? of.closed;
      of.offered = undefined;
    }
  }
}

/** What of a window's tables is new to the store. */
function offer(
  window: WindowHead,
  of: Sent,
  { seen, gates }: Pick<OpenWindow, "seen" | "gates">,
  closed: WindowUnits | undefined,
): readonly WindowUnits[] {
  // Lists of their own: more places are added while the store is asked.
  const news: News = {
    seen: newSlots(seen, of.seen),
    gates: [...gates].map(([name, now]) => {
      const gate = gateOf(of, name);
      return [name, { bad: newSlots(now.bad, gate.bad), seen: newSlots(now.seen, gate.seen) }];
    }),
  };
  of.offered = { news, closed };
  const isEmpty = news.seen.length === 0 && news.gates.every(([, { bad, seen: of }]) => bad.length + of.length === 0);
  if (isEmpty) return [];
  const { level, fingerprint } = window;
  const fresh = writtenSlots(news.seen);
  const named = news.gates.map(([name, gate]) => {
    const isAll = areSame(gate.seen, news.seen);
    return [name, { bad: writtenSlots(gate.bad), ...(!isAll && { seen: writtenSlots(gate.seen) }) }] as const;
  });
  return [{ window: window.window, level, fingerprint, seen: fresh, gates: Object.fromEntries(named) }];
}

function areSame(slots: readonly number[], others: readonly number[]): boolean {
  return slots.length === others.length && slots.every((slot, index) => slot === others[index]);
}

/** The places that were not sent; a table has all that were. */
function newSlots(now: BitTable, sent: BitTable): readonly number[] {
  return now.count === sent.count ? [] : now.slotsBeyond(sent);
}

function gateOf({ gates }: Tables, name: string): { readonly bad: BitTable; readonly seen: BitTable } {
  const gate = gates.get(name) ?? { bad: new BitTable(), seen: new BitTable() };
  gates.set(name, gate);
  return gate;
}

function noTables(): Tables {
  return { seen: new BitTable(), gates: new Map() };
}

/** The tables of one window. Gates that judged all that was seen share its table: none of them is added to. */
function tablesOf({ seen, gates }: WindowUnits): Pick<OpenWindow, "seen" | "gates"> {
  const read = (text: string): BitTable => BitTable.decode(text) ?? new BitTable();
  const whole = read(seen);
  const ofGates = Object.entries(gates).map(([name, given]) => {
    const judged = given.seen === undefined ? whole : read(given.seen);
    return [name, { bad: read(given.bad), seen: judged }] as const;
  });
  return { seen: whole, gates: new Map(ofGates) };
}

// What one window has seen: read once, whatever number of gates judged all of it.
const all = new BitTable();

/** @param whole gates whose own tables of what they judged are not needed */
function addTo(sum: Tables, { seen, gates }: WindowUnits, whole: ReadonlySet<string>): void {
  const ofGates = Object.entries(gates);
  const isAsked = ofGates.some(([name, given]) => given.seen === undefined && !whole.has(name));
  // What cannot be read is another process's mistake, and says nothing.
  if (isAsked) {
    all.clear();
    all.addText(seen);
    sum.seen.or(all);
  } else sum.seen.addText(seen);
  for (const [name, given] of ofGates) {
    const gate = gateOf(sum, name);
    gate.bad.addText(given.bad);
    if (given.seen !== undefined) gate.seen.addText(given.seen);
    else if (!whole.has(name)) gate.seen.or(all);
  }
}

function written(
  { window, level, fingerprint }: WindowHead,
  { seen, gates }: Tables,
  whole: ReadonlySet<string>,
): WindowUnits {
  const named = [...gates].map(([name, gate]) => {
    const isAll = whole.has(name) || gate.seen.isSame(seen);
    return [name, { bad: gate.bad.encode(), ...(!isAll && { seen: gate.seen.encode() }) }] as const;
  });
  return { window, level, fingerprint, seen: seen.encode(), gates: Object.fromEntries(named) };
}
