import type { EvidenceData, GateData, UnitSums, WindowUnits } from "../model/evidence-data.ts";
import { FleetUnits, type Merged } from "../stats/fleet-units.ts";
import type { VerdictInput } from "../stats/verdict.ts";

// Tables of more windows than this are folded into sums, the oldest first.
const mostWindows = 4_096;

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
  #windows = 0;

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
    for (const window of added.windows) {
      if (!known.windows.has(window.window)) this.#windows += 1;
      known.windows.set(window.window, window);
    }
    if (this.#windows > mostWindows) this.#forgetOldest();
  }

  /** What a verdict at a moment is made of. @param now in milliseconds since 1970 */
  input(candidate: string, now: number): Omit<VerdictInput, "risk"> {
    const all = [...this.#processes.values()];
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
    const all = [...this.#processes.values()].flatMap((each) => {
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
    const all = [...this.#processes.values()];
    const [first] = all;
    const gates = [...first!.gates].map(([name, { max, by }]) => ({
      ...{ name, max, ...(by !== undefined && { by }) },
      penalty: () => undefined,
    }));
    const fleet = new FleetUnits(gates, first!.latest.windowMs || 60_000, Number.MAX_VALUE);
    return fleet.merge(
      all.map(({ unkeyed, windows }) => ({ unkeyed, windows: [...windows.values()] })),
      now,
    );
  }

  /** Its units are lost where they would have to merge with those of other processes: fewer are known than there were. */
  #forgetOldest(): void {
    let oldest: OfProcess | undefined;
    let least = Infinity;
    for (const each of this.#processes.values()) {
      const [window = Infinity] = each.windows.keys();
      if (window < least) [oldest, least] = [each, window];
    }
    if (oldest?.windows.delete(least) === true) this.#windows -= 1;
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
