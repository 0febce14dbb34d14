import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writtenSlots } from "../../src/stats/bit-table.ts";
import { FleetUnits, keptWindows } from "../../src/stats/fleet-units.ts";
import { gates as gatesOf, type Gate } from "../../src/stats/gates.ts";
import { distinctKeys } from "../../src/stats/units.ts";
import type { FoldedUnits, MergeableUnits, UnitSums, WindowUnits } from "../../src/stats/window-units.ts";
import { cases } from "../cases.ts";

const minute = 60_000;
const mismatches = gatesOf.mismatches(0.01);
const other: Gate = { ...mismatches, name: "other" };
const noUnits: UnitSums = { units: 0, gates: {} };

/** A process's tables of one window, as places. */
interface Places {
  readonly window: number;
  readonly level: number;
  readonly fingerprint: string;
  readonly seen: readonly number[];
  readonly gates: Readonly<Record<string, { readonly bad: readonly number[]; readonly seen?: readonly number[] }>>;
}

const rising = (places: readonly number[]): number[] => [...new Set(places)].sort((a, b) => a - b);
const inText = (places: readonly number[]): string => writtenSlots(rising(places));

function tablesOf({ seen, gates, ...head }: Places): WindowUnits {
  const written = Object.entries(gates).map(([name, of]) => [
    name,
    { bad: inText(of.bad), ...(of.seen && { seen: inText(of.seen) }) },
  ]);
  return { ...head, seen: inText(seen), gates: Object.fromEntries(written) as WindowUnits["gates"] };
}

const report = (windows: readonly Places[], more: Partial<MergeableUnits> = {}): MergeableUnits => ({
  unkeyed: noUnits,
  windows: windows.map(tablesOf),
  ...more,
});

type Sums = { units: number; gates: Record<string, { units: number; bad: number }> };
const add = (to: Sums, { units, gates }: UnitSums): void => {
  to.units += units;
  for (const [name, { units, bad }] of Object.entries(gates)) {
    const sum = (to.gates[name] ??= { units: 0, bad: 0 });
    sum.units += units;
    sum.bad += bad;
  }
};

function groupBy<Item>(items: readonly Item[], by: (item: Item) => string | number): Map<string | number, Item[]> {
  const groups = new Map<string | number, Item[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}

/** The same by sets, without anything that is kept but the fold. */
class ByHand {
  folded: FoldedUnits | undefined = undefined;

  merge(reports: readonly (readonly Places[])[], now: number): object {
    const windows = this.#windows(reports.flat());
    const rest = (fold: FoldedUnits | undefined): number =>
      windows.reduce(
        (all, { window, units }) => (fold && window <= fold.through ? all : all + units),
        fold?.units ?? 0,
      );
    const fold = rest(this.folded) > rest(undefined) ? this.folded : undefined;
    const sums: Sums = { units: 0, gates: {} };
    const kept: Sums = { units: 0, gates: {} };
    const open: Record<string, number> = {};
    if (fold) for (const sum of [sums, kept]) add(sum, fold);
    let through = fold?.through;
    let distinct = 0;
    for (const each of windows) {
      if (fold && each.window <= fold.through) continue;
      if ((each.window + 1) * minute <= now) {
        add(sums, each);
        distinct = each.distinct;
        if (each.window < Math.floor(now / minute) - keptWindows) {
          add(kept, each);
          through = each.window;
        }
        continue;
      }
      sums.units += each.units;
      for (const [name, { units, bad }] of Object.entries(each.gates)) {
        add(sums, { units: 0, gates: { [name]: { units: bad, bad } } });
        open[name] = (open[name] ?? 0) + units - bad;
      }
    }
    if (through !== undefined) this.folded = { through, ...kept };
    return { ...sums, open, distinct };
  }

  #windows(tables: readonly Places[]) {
    const groups = groupBy(tables, ({ window, fingerprint, level }) => `${window} ${fingerprint} ${level}`);
    const merged = [...groups.values()].map((group) => {
      const seen = new Set(group.flatMap(({ seen }) => seen));
      const gates: Sums["gates"] = {};
      for (const name of ["mismatch", "other"]) {
        const given = group.filter(({ gates }) => gates[name] !== undefined);
        if (given.length === 0) continue;
        const bad = new Set(given.flatMap(({ gates }) => gates[name]!.bad));
        const units = new Set([...given.flatMap(({ gates, seen }) => gates[name]!.seen ?? seen), ...bad]);
        gates[name] = { units: units.size, bad: bad.size };
      }
      const { window, level } = group[0]!;
      return { window, units: seen.size, gates, distinct: distinctKeys(seen.size, level) };
    });
    return [...groupBy(merged, ({ window }) => window).values()]
      .map((several) => several.reduce((most, each) => (each.units > most.units ? each : most)))
      .sort((a, b) => a.window - b.window);
  }
}

describe("the units of a fleet, by hand", () => {
  const places = fc.array(fc.nat(12), { maxLength: 8 });
  const judged = fc.record({ bad: places, seen: places }, { requiredKeys: ["bad"] });
  const table: fc.Arbitrary<Places> = fc.record({
    window: fc.nat(9),
    level: fc.constantFrom(0, 0, 0, 3),
    fingerprint: fc.constantFrom("one", "one", "two"),
    seen: places,
    gates: fc.dictionary(fc.constantFrom("mismatch", "other", "unknown"), judged),
  });
  const reports = fc.array(fc.array(table, { maxLength: 5 }), { minLength: 1, maxLength: 4 });

  it("are what sets say, merged once and again as reports come", () => {
    fc.assert(
      fc.property(
        fc.array(reports, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(5), { minLength: 3 }),
        (rounds, pauses) => {
          const [fleet, byHand] = [new FleetUnits([mismatches, other], minute, 1e12), new ByHand()];
          let now = 0;
          rounds.forEach((given, round) => {
            now += pauses[round]! * minute + 1_000;
            // As it was, and with one report less and one more: what is unchanged is not merged again.
            for (const each of [given, given, given.slice(1), [...given, ...given.slice(0, 1)]]) {
              const came = fleet.merge(
                each.map((windows) => report(windows)),
                now,
              );
              expect(came).toEqual(byHand.merge(each, now));
              expect(fleet.folded).toEqual(byHand.folded);
            }
          });
        },
      ),
      { numRuns: cases(400) },
    );
  });

  it("are merged anew where one table of a window changed, in whatever it is", () => {
    const base: Places = { window: 0, level: 0, fingerprint: "one", seen: [1, 2], gates: { mismatch: { bad: [] }, other: { bad: [], seen: [1] } } }; // prettier-ignore
    const changed: readonly Places[] = [
      { ...base, seen: [1, 2, 3] },
      { ...base, gates: { ...base.gates, mismatch: { bad: [2] } } },
      { ...base, gates: { ...base.gates, other: { bad: [], seen: [1, 2] } } },
      { ...base, gates: { mismatch: { bad: [] } } },
      { ...base, gates: { ...base.gates, another: { bad: [7] } } },
      { ...base, gates: { mismatch: { bad: [] }, another: { bad: [], seen: [1] } } },
    ];
    for (const each of changed) {
      const fleet = new FleetUnits([mismatches, other, { ...mismatches, name: "another" }], minute, 1e12);
      const fresh = (): FleetUnits =>
        new FleetUnits([mismatches, other, { ...mismatches, name: "another" }], minute, 1e12);
      expect(fleet.merge([report([base]), report([base])], minute)).toEqual(fleet.merge([report([base])], minute));
      const given = [report([base]), report([each])];
      expect(fleet.merge(given, minute)).toEqual(fresh().merge(given, minute));
      expect(fleet.merge([report([each])], minute)).toEqual(fresh().merge([report([each])], minute));
    }
  });

  it("are due when a window has ended, or reports of it can come no more, and never without windows", () => {
    const fleet = new FleetUnits([mismatches], minute, 1e12);
    expect(fleet.isDue(0)).toBe(false);
    fleet.merge([report([])], 0);
    expect(fleet.isDue(10 * minute)).toBe(false);
    fleet.merge([report([{ window: 0, level: 0, fingerprint: "one", seen: [1], gates: {} }])], 20_000);
    expect([20_000, 59_999, 60_000, 75_000].map((at) => fleet.isDue(at))).toEqual([false, false, true, true]);
    fleet.merge([report([{ window: 0, level: 0, fingerprint: "one", seen: [1], gates: {} }])], 61_000);
    expect([61_000, 74_999, 75_000].map((at) => fleet.isDue(at))).toEqual([false, false, true]);
    const unwindowed = new FleetUnits([mismatches], 0, 1e12);
    unwindowed.merge([report([{ window: 0, level: 0, fingerprint: "one", seen: [1], gates: {} }])], 1);
    expect(unwindowed.isDue(1e9)).toBe(false);
  });

  it("take over the fold that amounts to most with the windows after it", () => {
    const window = (number: number, ...seen: number[]): Places => ({ window: number, level: 0, fingerprint: "one", seen, gates: { mismatch: { bad: [] } } }); // prettier-ignore
    const fold = (through: number, units: number): FoldedUnits => ({ through, units, gates: { mismatch: { units, bad: 1 } } }); // prettier-ignore
    const merged = (...folds: FoldedUnits[]): number => {
      const windows = [window(4, 1, 2, 3), window(5, 1, 2), window(6, 1)];
      const reports = folds.map((folded) => report([], { folded }));
      return new FleetUnits([mismatches], minute, 1e12).merge([report(windows), ...reports], 7 * minute).units;
    };
    expect(merged()).toBe(6);
    expect(merged(fold(3, 10))).toBe(16);
    expect(merged(fold(4, 10))).toBe(13);
    expect(merged(fold(4, 10), fold(5, 30))).toBe(31);
    expect(merged(fold(5, 30), fold(4, 10))).toBe(31);
    expect(merged(fold(6, 6), fold(6, 5))).toBe(6);
    expect(merged(fold(5, 5))).toBe(6);
    expect(merged({ ...fold(5, 1e9), through: NaN })).toBe(6);
    expect(merged({ ...fold(5, 1e9), through: 0.5 })).toBe(6);
  });
});

describe("the alarm of a fleet", () => {
  const window = (number: number, bad: number, good = 0): Places => ({
    window: number,
    level: 0,
    fingerprint: "one",
    seen: Array.from({ length: bad + good }, (_, place) => place),
    gates: { mismatch: { bad: Array.from({ length: bad }, (_, place) => place) } },
  });
  const unkeyed = (units: number, bad: number): MergeableUnits => report([], { unkeyed: { units, gates: { mismatch: { units, bad } } } }); // prettier-ignore
  const alarmOf = (gate: Gate = mismatches): FleetUnits => new FleetUnits([gate], minute, 1e4);

  it("hears of a window once, 15 s after its end, and says since when", () => {
    const fleet = alarmOf();
    const [bad, worse] = [report([window(1, 2, 1)]), report([window(1, 2, 1), window(2, 9)])];
    fleet.merge([bad], 2 * minute + 14_999);
    for (let look = 0; look < 20; look++) fleet.merge([bad], 2 * minute + 15_000 + look);
    expect(fleet.alarmed).toBeUndefined();
    fleet.merge([worse], 3 * minute + 14_999);
    expect(fleet.alarmed).toBeUndefined();
    fleet.merge([worse], 3 * minute + 15_000);
    expect(fleet.alarmed).toEqual({ gate: "mismatch", since: minute });
    fleet.merge([report([window(9, 9)])], 20 * minute);
    expect(fleet.alarmed).toEqual({ gate: "mismatch", since: minute });
  });

  it("hears of calls without a key by what is new", () => {
    const fleet = alarmOf();
    for (let look = 0; look < 50; look++) fleet.merge([unkeyed(100, 2)], look);
    expect(fleet.alarmed).toBeUndefined();
    // A report that is gone takes nothing back, and its return brings nothing new but what is more.
    fleet.merge([], 60);
    fleet.merge([unkeyed(100, 2)], 61);
    expect(fleet.alarmed).toBeUndefined();
    fleet.merge([unkeyed(110, 12)], 62);
    expect(fleet.alarmed).toEqual({ gate: "mismatch", since: 62 });
  });

  it("is not set off by what is tolerated, however long it goes on", () => {
    const fleet = alarmOf();
    for (let look = 1; look <= 40; look++) fleet.merge([unkeyed(200 * look, look)], look);
    expect(fleet.alarmed).toBeUndefined();
  });

  it("takes no more for bad than there is, and nothing of none", () => {
    const fleet = alarmOf();
    fleet.merge([unkeyed(1, 50)], 1);
    fleet.merge([unkeyed(1, 90)], 2);
    expect(fleet.alarmed).toBeUndefined();
    fleet.merge([unkeyed(4, 93)], 3);
    expect(fleet.alarmed).toEqual({ gate: "mismatch", since: 1 });
  });

  it.each([
    ["goes by calls", { ...mismatches, by: "calls" } as const],
    ["is only tried", { ...mismatches, dryRun: true } as const],
  ])("says nothing of a gate that %s", (_, gate) => {
    const fleet = alarmOf(gate);
    fleet.merge([unkeyed(500, 500), report([window(1, 50)])], 9 * minute);
    expect(fleet.alarmed).toBeUndefined();
  });
});
