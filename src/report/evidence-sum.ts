import type { EvidenceData, GateData, UnitSums, WindowUnits } from "../model/evidence-data.ts";
import { FleetUnits, type Merged } from "../stats/fleet-units.ts";
import { mergedWindows } from "../stats/merge-windows.ts";
import type { VerdictInput } from "../stats/verdict.ts";

// Of more windows than this the oldest are forgotten: some three days of minutes.
const mostWindows = 4_096;
// Tables of one window that wait to be merged.
const mostTables = 16;

type Numbers = { comparisons: number; units: number };

interface OfProcess extends Numbers {
  since: number | undefined;
  latest: EvidenceData;
  firstAt: number;
  lastAt: number;
  unkeyed: UnitSums;
  readonly gates: Map<string, GateData>;
  readonly windows: Map<number, WindowUnits>;
}

/** One body of evidence over all processes, put together from what their records added. */
export class EvidenceSum {
  readonly #processes = new Map<string, OfProcess>();
  /** By when gathering began, of windows that their processes have ended: the tables of all of them. */
  readonly #ended = new Map<number | undefined, Map<number, WindowUnits[]>>();
  #forgotten = -Infinity;

  get isEmpty(): boolean {
    return this.#processes.size === 0;
  }

  /** Adds what one process's record says was added. @param since when gathering began; another one begins anew */
  add(process: string, added: EvidenceData, since: number | undefined): void {
    let known = this.#processes.get(process);
    if (known !== undefined && since !== known.since) {
      if (since !== undefined && known.since !== undefined && since < known.since) return;
      known = undefined;
    }
    if (known === undefined) {
      const { comparisons, units, unkeyed, firstAt = NaN, lastAt = NaN } = added;
      known = {
        ...{ since, latest: added, comparisons, units, unkeyed, firstAt, lastAt },
        gates: new Map(Object.entries(added.gates)),
        windows: new Map(),
      };
      this.#processes.set(process, known);
    } else {
      known.comparisons += added.comparisons;
      known.units += added.units;
      known.unkeyed = plus(known.unkeyed, added.unkeyed);
      known.firstAt = least(known.firstAt, added.firstAt);
      known.lastAt = most(known.lastAt, added.lastAt);
      if (added.window === undefined || !(added.window < (known.latest.window ?? -Infinity))) known.latest = added;
      for (const [name, gate] of Object.entries(added.gates))
        known.gates.set(name, gatePlus(known.gates.get(name), gate));
    }
    for (const each of added.windows) known.windows.set(each.window, each);
    this.#endWindows(known, added.window);
  }

  /** A process tells a window anew as long as it changes: those before the last two are as they stay. */
  #endWindows({ windows, since }: OfProcess, present: number = -Infinity): void {
    const ended = this.#ended.get(since) ?? new Map<number, WindowUnits[]>();
    this.#ended.set(since, ended);
    for (const [window, units] of windows) {
      if (window >= present - 1) continue;
      windows.delete(window);
      if (window <= this.#forgotten) continue;
      const tables = ended.get(window) ?? [];
      tables.push(units);
      ended.set(window, tables.length < mostTables ? tables : [...mergedWindows(tables)]);
    }
    while (ended.size > mostWindows) {
      const oldest = Math.min(...ended.keys());
      ended.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, oldest);
    }
  }

  /** What is said of all is the same, whichever process came first. */
  #inOrder(): OfProcess[] {
    return [...this.#processes].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
  }

  /** What a verdict at a moment is made of. @param now in milliseconds since 1970 */
  input(candidate: string, now: number): Omit<VerdictInput, "risk"> {
    const all = this.#inOrder();
    const sum = (of: (each: OfProcess) => number): number => all.reduce((total, each) => total + of(each), 0);
    const firstAt = all.reduce((at, each) => least(at, each.firstAt), NaN);
    const lastAt = all.reduce((at, each) => most(at, each.lastAt), NaN);
    const merged = all.length > 1 ? this.#merge(now) : undefined;
    const units = merged?.units ?? sum((each) => each.units);
    const names = [...new Set(all.flatMap(({ gates }) => [...gates.keys()]))];
    return {
      candidate,
      now,
      comparisons: sum((each) => each.comparisons),
      units,
      ownUnits: units,
      spanMs: lastAt - firstAt,
      keys: all.reduce((keys, { latest }) => Math.max(keys, latest.keys), 0),
      openMs: all.reduce((rest, { latest }) => Math.max(rest, restOf(latest, now)), 0),
      gates: names.map((name) => this.#gate(name, now, merged)),
    };
  }

  #gate(name: string, now: number, merged: Merged | undefined): VerdictInput["gates"][number] {
    const all = this.#inOrder().flatMap((each) => {
      const gate = each.gates.get(name);
      return gate === undefined ? [] : [{ gate, isOpen: restOf(each.latest, now) > 0 }];
    });
    const sum = (of: (gate: GateData) => number): number => all.reduce((total, { gate }) => total + of(gate), 0);
    const { max, by, dryRun, remembers } = all.at(-1)!.gate;
    const alarmed = all.find(({ gate }) => gate.regressedSince !== undefined)?.gate;
    const silence = all.every(({ gate }) => gate.silence !== undefined) ? all[0]!.gate.silence : undefined;
    const note = all.every(({ gate }) => gate.note !== undefined) ? all[0]!.gate.note : undefined;
    const open = all.reduce((total, { gate, isOpen }) => total + (isOpen ? gate.open : 0), 0);
    return {
      name,
      max,
      ...(by !== undefined && { by }),
      dryRun: dryRun === true,
      failed: sum(({ failed }) => failed),
      remembers: remembers === true,
      ...(silence !== undefined && { silence }),
      ...(note !== undefined && { note }),
      calls: sum(({ calls }) => calls),
      badCalls: sum(({ badCalls }) => badCalls),
      ...(merged ?
        { ...(merged.gates[name] ?? { units: 0, bad: 0 }), open: merged.open[name] ?? 0 }
      : { units: sum(({ units }) => units) - open, bad: sum(({ bad }) => bad), open }),
      ...(alarmed && { regressedSince: alarmed.regressedSince! }),
      ...(alarmed?.alarmedBy && { alarmedBy: alarmed.alarmedBy }),
    };
  }

  /** A key that several processes saw in one window is one unit. */
  #merge(now: number): Merged {
    const all = this.#inOrder();
    const [first] = all;
    const gates = [...first!.gates].map(([name, { max, by }]) => ({
      ...{ name, max, ...(by !== undefined && { by }) },
      penalty: () => undefined,
    }));
    const fleet = new FleetUnits(gates, first!.latest.windowMs || 60_000, Number.MAX_VALUE);
    const reports = all.map(({ unkeyed, windows }) => ({ unkeyed, windows: [...windows.values()] }));
    // Of gathering that every process has begun anew nothing counts.
    const began = new Set(all.map(({ since }) => since));
    const ended = [...this.#ended]
      .filter(([since]) => began.has(since))
      .flatMap(([, windows]) => [...windows.values()].flatMap(mergedWindows));
    return fleet.merge([...reports, { unkeyed: { units: 0, gates: {} }, windows: ended }], now);
  }
}

/** How long the present window of a process still lasts. */
function restOf({ window, windowMs }: EvidenceData, now: number): number {
  return window === undefined ? 0 : Math.max(0, (window + 1) * windowMs - now);
}

function gatePlus(known: GateData | undefined, added: GateData): GateData {
  if (known === undefined) return added;
  return {
    ...added,
    units: known.units + added.units,
    bad: known.bad + added.bad,
    calls: known.calls + added.calls,
    badCalls: known.badCalls + added.badCalls,
    failed: known.failed + added.failed,
  };
}

function plus(one: UnitSums, other: UnitSums): UnitSums {
  const gates = { ...one.gates };
  for (const [name, { units, bad }] of Object.entries(other.gates)) {
    const known = gates[name];
    gates[name] = { units: (known?.units ?? 0) + units, bad: (known?.bad ?? 0) + bad };
  }
  return { units: one.units + other.units, gates };
}

function least(one: number, other: number = NaN): number {
  return Number.isNaN(one) || other < one ? other : one;
}

function most(one: number, other: number = NaN): number {
  return Number.isNaN(one) || other > one ? other : one;
}
